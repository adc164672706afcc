// StreamReader: reads a Kinesis stream without doing anything itself: it says which call is due, takes what
// came of it, and gives blocks.
//
// All rules of reading are here and nothing that waits, so that a test with a clock turned by hand decides
// every order of events. source/kinesis.cc makes the calls. At most one call per shard is under way, so a
// shard's blocks come in its order; blocks of different shards come as they come.
// Threads: one at a time.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "aws/kinesis.h"
#include "change/block.h"
#include "net/retry.h"
#include "source/shard_cursor.h"
#include "source/shard_map.h"
#include "source/source.h"
#include "source/stream_news.h"

namespace sluice::source {

struct ReaderOptions {
  aws::StreamName stream;
  std::string typed;  // as the user wrote it, for messages: kinesis:shop-cdc
  StartPosition start;
  bool until_end = true;  // finished() once every shard was read to its tip
  // No read begins while the blocks that wait, and 10 MiB for every read under way, would be more than this;
  // one read may always be under way when nothing waits.
  size_t ahead_bytes = size_t{64} << 20;
  PaceLimits pace;
  int64_t look_every_ms = 60'000;  // for shards that nobody told of
  std::vector<change::Checkpoint> saved;
};

// What came of a ReadCall.
struct LookReply {
  aws::StreamSummary summary;
  std::vector<aws::Shard> shards;
};
struct RecordsReply {
  aws::RecordsPage page;
  Arena arena;  // holds what `page` points to
};
using Reply = std::variant<Result<LookReply>, Result<std::string>, Result<RecordsReply>>;

class StreamReader {
 public:
  explicit StreamReader(ReaderOptions options);

  // A call to make now; it is under way until take(). Nothing when none is due, see due_ns().
  std::optional<ReadCall> next_call(Now now);
  // When the next call is due, in steady nanoseconds, as far as that is a matter of time; INT64_MAX when only
  // a reply or take_block() changes anything.
  int64_t due_ns() const;
  // The reply to a call: of the alternative that belongs to it.
  void take(const ReadCall& call, Reply reply, Now now);

  // The next block, in the order in which they must become durable. May have no records, only a checkpoint.
  std::optional<change::Block> take_block();
  // Everything was read that until_end asks for, and taken.
  bool finished() const;
  // What ends the reading. Given out after the blocks that came before it. Refused: a person must do
  // something; Unavailable: the stream was made again, the next run reads the new one.
  const std::optional<Error>& failure() const { return failure_; }

  std::vector<std::string> take_notices() { return news_.take(); }
  Progress progress() const;

 private:
  void take_look(Result<LookReply> reply, int64_t asked_ns, Now now);
  void take_iterator(ShardCursor& cursor, Result<std::string> reply, Now now);
  void take_records(ShardCursor& cursor, const ReadCall& call, Result<RecordsReply> reply, Now now);
  void take_shard_error(ShardCursor& cursor, const ReadCall& call, const Error& error, Now now);
  Result<void> recognise(const aws::StreamSummary& summary);
  void add(std::vector<ShardStart> starts, Now now);
  void judge_ends(Now now);
  void judge_missing(Now now);
  void judge_holes(Now now);
  void note_expiry(ShardCursor& cursor, Now now);
  void push(ShardCursor& cursor, change::Block block, Now now);
  void look_soon(Now now, int64_t in_ms = 0);
  bool may_read() const;
  bool wants(const ShardCursor& cursor) const;
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  int64_t backoff_ns(int failures, ErrorKind kind) { return backoff_.delay_ms(failures, kind) * 1'000'000; }

  const ReaderOptions options_;
  StreamNews news_;
  net::Backoff backoff_;
  std::mt19937_64 random_;
  std::string ledger_stream_;  // empty until the first look
  std::optional<ShardMap> map_;
  std::map<std::string, ShardCursor> cursors_;  // by shard id
  std::deque<change::Block> ready_;
  size_t ready_bytes_ = 0;
  size_t reads_under_way_ = 0;
  bool looking_ = false;
  bool look_due_ = true;  // something happened that only a look explains; until_end waits for it
  bool looked_ = false;   // a list with shards came
  int64_t next_look_ns_ = 0;
  int look_failures_ = 0;
  int looks_with_holes_ = 0;
  uint64_t bytes_read_ = 0;
  std::optional<Error> failure_;
};

}  // namespace sluice::source
