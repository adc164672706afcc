// Multilang: one shard of a stream, as Amazon's KCL hands it to the child processes of its MultiLangDaemon.
//
// The daemon leases shards and reads them; it sends messages on standard input and waits for the answer to
// each on standard output. So there is never more than one message in hand: its records are handed out,
// and only when they are confirmed() are they checkpointed with the daemon and the message answered.
//
// The ledger decides, not the daemon's lease table: records at or before the ledger's position have landed
// and are passed over, counted, and never seen by the pipeline. So a kill between the two repeats nothing,
// and it does not matter when two workers deliver one shard at the same time, as they do while a lease moves:
// each writes only from the position that the ledger has, and whoever comes second looks again.
//
// Memory: the text of one message, at most `max_message_bytes`, some times that for its parser, and its
// records. Threads: one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/retry.h"
#include "source/multilang_message.h"
#include "source/shard_position.h"
#include "source/source.h"
#include "source/stream_news.h"

namespace sluice::source {

struct MultilangOptions {
  int input = 0;  // file descriptors; not closed
  int output = 1;
  // A message has at most the 10 MiB of one GetRecords reply, 13.4 MiB in base64, and around each of at most
  // 10,000 records some 400 bytes.
  size_t max_message_bytes = size_t{64} << 20;
  std::string typed = "kinesis";  // the stream as a person names it, for what take_notices() says
  const Clock& clock = system_clock();
  // How often a checkpoint that the daemon's lease table throttled is tried.
  int most_checkpoints = 6;
};

class Multilang final : public Source {
 public:
  // `sleeper` outlives it.
  Multilang(MultilangOptions options, net::Sleeper& sleeper)
      : options_(std::move(options)), sleeper_(sleeper), news_(options_.typed) {}

  // Waits for the first message. False when the daemon has gone before it. Errors: Refused.
  Result<bool> begin();
  // After begin().
  const std::string& shard_id() const { return shard_id_; }

  // What the ledger has of the stream that it calls `ledger_stream`, which keeps its records for so long.
  // Before the first next(), and again when somebody else has moved the shard: what is unconfirmed is then
  // handed out once more, as far as it has not landed. Kinesis passes over what has expired without a word,
  // so that a shard that was read up to a time before that is told and counted. Refused when the daemon
  // continues behind what the store has.
  Result<void> continue_from(const std::string& ledger_stream, int64_t retention_hours,
                             const std::vector<change::Checkpoint>& saved);

  // Errors: Refused (the daemon's words make no sense), Unavailable (it does not listen).
  Result<Pull> next() override;
  void confirmed(const std::vector<change::Checkpoint>& durable) override;
  std::vector<std::string> take_notices() override { return news_.take(); }
  Progress progress() const override;

  // Messages that were confirmed and answered.
  uint64_t answered() const { return answered_; }
  // Records that came although they had landed.
  uint64_t passed_over() const { return passed_over_; }

 private:
  enum class Line : uint8_t { Whole, Unfinished, End };
  using Action = MultilangMessage::Action;

  Result<Line> read_line(int wait_ms);
  Result<std::optional<change::Block>> look_into_message();
  std::optional<change::Block> block_of(const std::vector<MultilangRecord>& records, Arena arena);
  std::optional<change::Block> block_of_nothing();
  Result<void> answer();
  Result<void> checkpoint_records();
  Result<void> checkpoint_end();
  Result<std::string> checkpoint(std::string_view sequence, int64_t sub_sequence);
  Result<void> send(std::string_view text) const;

  const MultilangOptions options_;
  net::Sleeper& sleeper_;
  std::string read_;  // behind the last newline
  size_t scanned_ = 0;
  std::string line_;  // the message in hand; kept until it is answered

  std::string shard_id_;
  std::string started_at_;    // what the daemon continues behind, as `initialize` said it
  std::string ledger_shard_;  // the shard as the ledger names it
  ShardPosition position_;    // of the ledger
  bool continued_ = false;

  std::optional<Action> in_hand_;  // nothing between messages
  std::string action_;             // its name, for the answer
  bool handed_out_ = false;
  std::string awaited_;        // the position whose confirmation answers the message
  std::string last_sequence_;  // of the last record so far, for the checkpoint
  int64_t last_sub_sequence_ = 0;
  bool owes_checkpoint_ = false;

  StreamNews news_;
  int64_t behind_ms_ = -1;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
  uint64_t answered_ = 0;
  uint64_t passed_over_ = 0;
  uint64_t passed_over_told_ = 0;
};

}  // namespace sluice::source
