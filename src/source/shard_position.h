// ShardPosition: how far a shard of Kinesis has been read, and its text in the ledger.
//
// The text begins with the version of its form. A text of another version is refused, never guessed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::source {

struct ShardPosition {
  enum class Kind : uint8_t {
    TrimHorizon,  // from the oldest record that Kinesis still has
    Latest,       // from whatever comes next; never stored: it means something else a minute later
    At,           // from the first record that arrived at `start_ms` or later
    After,        // behind the record `sequence`
    End,          // closed and read to its end
    Skipped,      // closed before the first run, which began at `latest`: not to be read
    Lost,         // Kinesis dropped it before it was read to its end
  };
  Kind kind = Kind::TrimHorizon;
  std::string sequence;       // of After
  int64_t start_ms = 0;       // of At, milliseconds since 1970
  int64_t read_up_to_ms = 0;  // what had arrived by then was read; 0 when that is not known

  // Nothing of the shard will be read any more.
  bool finished() const { return kind == Kind::End || kind == Kind::Skipped || kind == Kind::Lost; }

  // 1:after:SEQUENCE:READ-UP-TO, 1:at:START:READ-UP-TO, 1:start:READ-UP-TO, 1:end, 1:skipped,
  // 1:lost:READ-UP-TO. Not for Latest.
  std::string text() const;
  // Errors: Refused when it is none of these.
  static Result<ShardPosition> parse(std::string_view text);
};

// A stream as the ledger names it: its name, and a fingerprint of its ARN and of when it was made, so that a
// stream that was deleted and made again, or one of the same name elsewhere, is another one:
// shop-cdc@3fa9c2d1. `name` is at most 128 bytes at AWS; of more than 80 only the first 80 are shown.
std::string ledger_stream(std::string_view name, std::string_view arn, int64_t created_s);
// What every such name of a stream called `name` begins with.
std::string ledger_stream_prefix(std::string_view name);

// shop-cdc@3fa9c2d1/shardId-000000000003: at most 128 bytes for shard ids of up to 38 (AWS's have 20).
std::string ledger_shard(std::string_view ledger_stream, std::string_view shard_id);

}  // namespace sluice::source
