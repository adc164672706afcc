// The Kinesis source: every record of every shard of a stream, open and closed, parents and children.
//
// Positions are kept per shard as stream@fingerprint/shard (see shard_position.h); a stream that was deleted
// and made again is another one and is read from its start. The rules of reading are in stream_reader.h.
//
// Memory: blocks that wait and reads under way hold at most `ahead_bytes` (64 MiB), or one page where that is
// more; each of the `readers` has beside it the text of one reply and its parser, up to 32 MiB. When the
// blocks are not fetched, reading stops there.
#pragma once

#include <memory>

#include "aws/kinesis.h"
#include "base/clock.h"
#include "source/source.h"
#include "source/stream_reader.h"

namespace sluice::source {

struct KinesisSourceOptions {
  ReaderOptions reader;
  // Threads that make the calls. A call takes 20 to 300 ms, so four make some fifty a second.
  int readers = 4;
  const Clock& clock = system_clock();
};

// Begins to read at once, on threads of its own, which end with the source; that may take as long as a call
// under way. `client` outlives it. Nothing is known of the stream yet: whatever stands against reading it
// comes from next(): Refused (no such stream, no right, a position that cannot be read), or Unavailable when
// the stream was replaced while it was read. Everything that may pass is tried again for ever, and told by
// take_notices().
std::unique_ptr<Source> open_kinesis(aws::Kinesis& client, KinesisSourceOptions options);

// One call, here and now. Waits for it.
Reply make_call(aws::Kinesis& client, const aws::StreamName& stream, const ReadCall& call);

}  // namespace sluice::source
