#include "source/multilang.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "source/sequence_number.h"

namespace sluice::source {

using Kind = ShardPosition::Kind;

namespace {

constexpr int kWaitMs = 100;  // of next()
constexpr size_t kReadBytes = size_t{64} << 10;
constexpr std::string_view kEnd = "1:end";
// How often the position of a shard without records is stored, so that an outage can be held against it.
constexpr int64_t kStoreIdleMs = 600'000;

// What another try may help against: the lease table is throttled or out of reach.
bool may_pass(std::string_view error) {
  return error == "ThrottlingException" || error == "KinesisClientLibDependencyException";
}

// Somebody else has the lease; leaseLost follows.
bool means_lease_lost(std::string_view error) { return error == "ShutdownException"; }

Error unexpected(std::string_view action, std::string_view instead_of) {
  return refused(
      fmt::format("the MultiLangDaemon sent {} where {} was due. Use an amazon-kinesis-client-multilang of "
                  "the version that versions.env names.",
                  action, instead_of));
}

}  // namespace

Result<Multilang::Line> Multilang::read_line(int wait_ms) {
  while (true) {
    const size_t newline = read_.find('\n', scanned_);
    if (std::min(newline, read_.size()) > options_.max_message_bytes) {
      return refused(
          fmt::format("a message of the MultiLangDaemon is longer than {} MiB. Set maxRecords in "
                      "its properties file to 10000 or less.",
                      options_.max_message_bytes >> 20));
    }
    if (newline != std::string::npos) {
      line_ = read_.substr(newline + 1);
      read_.resize(newline);
      line_.swap(read_);
      scanned_ = 0;
      return Line::Whole;
    }
    scanned_ = read_.size();
    pollfd waiting{options_.input, POLLIN, 0};
    if (::poll(&waiting, 1, wait_ms) <= 0) return Line::Unfinished;
    read_.resize(scanned_ + kReadBytes);
    const ssize_t got = ::read(options_.input, read_.data() + scanned_, kReadBytes);
    read_.resize(scanned_ + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return Line::End;
    if (got < 0 && errno != EINTR && errno != EAGAIN)
      return unavailable(fmt::format("cannot read standard input: {}.", std::strerror(errno)));
  }
}

Result<bool> Multilang::begin() {
  Line line = Line::Unfinished;
  while (line == Line::Unfinished) line = TRY(read_line(kWaitMs));
  if (line == Line::End) return false;
  Arena arena;
  MultilangMessage message = TRY(parse_multilang_message(line_, arena));
  if (message.action != Action::Initialize) return unexpected(message.name, "initialize");
  shard_id_ = std::move(message.shard_id);
  started_at_ = std::move(message.sequence);
  action_ = std::move(message.name);
  in_hand_ = Action::Initialize;
  return true;
}

Result<void> Multilang::continue_from(const std::string& ledger_stream, int64_t retention_hours,
                                      const std::vector<change::Checkpoint>& saved) {
  CHECK(!shard_id_.empty());
  ledger_shard_ = ledger_shard(ledger_stream, shard_id_);
  position_ = {};
  for (const change::Checkpoint& checkpoint : saved)
    if (checkpoint.shard == ledger_shard_) position_ = TRY(ShardPosition::parse(checkpoint.position));
  const bool is_first = !std::exchange(continued_, true);
  news_.set_retention_hours(retention_hours);
  const int64_t kept_from_ms = options_.clock.wall_ns() / 1'000'000 - news_.retention_ms();
  if (is_first && position_.read_up_to_ms > 0 && position_.read_up_to_ms < kept_from_ms)
    news_.may_have_expired(shard_id_, position_.read_up_to_ms, kept_from_ms);
  handed_out_ = false;
  if (!is_sequence_number(started_at_) || position_.kind == Kind::End) return {};
  if (position_.kind == Kind::After && compare_sequence_numbers(position_.sequence, started_at_) >= 0)
    return {};
  return refused(fmt::format(
      "the daemon's lease table says that {} was read up to {}, but this store has it only up to {}: what "
      "lies between would be missing. Name the store that the daemon wrote to before, or give the new one "
      "another applicationName in the daemon's properties, so that it reads from initialPositionInStream.",
      ledger_shard_, started_at_,
      position_.kind == Kind::After ? position_.sequence : "its beginning (nothing of it has landed)"));
}

Result<Pull> Multilang::next() {
  CHECK(!ledger_shard_.empty());
  if (in_hand_ && !handed_out_) {
    std::optional<change::Block> block = TRY(look_into_message());
    if (block) return Pull{std::move(block), Quiet::Later};
  }
  if (in_hand_ && !awaited_.empty()) return Pull{std::nullopt, Quiet::Unconfirmed};
  if (in_hand_) TRY(answer());
  const Line line = TRY(read_line(kWaitMs));
  if (line == Line::End) return Pull{std::nullopt, Quiet::End};
  if (line == Line::Unfinished) return Pull{std::nullopt, Quiet::Later};
  std::optional<change::Block> block = TRY(look_into_message());
  const Quiet quiet = awaited_.empty() ? Quiet::Later : Quiet::Unconfirmed;
  return Pull{std::move(block), quiet};
}

// Reads the message in `line_`, and gives what of it has to become durable before it is answered.
Result<std::optional<change::Block>> Multilang::look_into_message() {
  awaited_.clear();
  handed_out_ = true;
  if (in_hand_ == Action::Initialize) return std::optional<change::Block>();
  Arena arena;
  const bool is_new = !in_hand_;
  MultilangMessage message = TRY(parse_multilang_message(line_, arena));
  in_hand_ = message.action;
  action_ = message.name;
  if (message.action == Action::Shutdown) {
    if (message.reason == "TERMINATE") in_hand_ = Action::ShardEnded;
    if (message.reason == "ZOMBIE") in_hand_ = Action::LeaseLost;
    if (message.reason == "REQUESTED") in_hand_ = Action::ShutdownRequested;
    if (in_hand_ == Action::Shutdown) return unexpected("shutdown with a reason not known", "one of three");
  }
  if (in_hand_ == Action::Initialize || in_hand_ == Action::Checkpoint)
    return unexpected(action_, "something new");
  if (in_hand_ == Action::ShardEnded && position_.kind != Kind::End) {
    change::Block block;
    block.shard = ledger_shard_;
    block.checkpoint = kEnd;
    awaited_ = kEnd;
    return std::optional(std::move(block));
  }
  if (in_hand_ != Action::ProcessRecords) return std::optional<change::Block>();
  if (is_new) {
    behind_ms_ = message.behind_ms;
    records_ += message.records.size();
    if (behind_ms_ >= 0) news_.behind(shard_id_, behind_ms_);
    if (!message.records.empty()) {
      owes_checkpoint_ = true;
      last_sequence_ = message.records.back().sequence;
      last_sub_sequence_ = message.records.back().sub_sequence;
    }
  }
  return message.records.empty() ? block_of_nothing() : block_of(message.records, std::move(arena));
}

// The records behind the ledger's position; nothing when there are none.
std::optional<change::Block> Multilang::block_of(const std::vector<MultilangRecord>& records, Arena arena) {
  change::Block block;
  block.shard = ledger_shard_;
  block.arena = std::move(arena);
  const std::string_view shard = block.arena.copy(ledger_shard_);
  for (const MultilangRecord& record : records) {
    const bool landed =
        position_.kind == Kind::End ||
        (position_.kind == Kind::After && compare_sequence_numbers(record.sequence, position_.sequence) <= 0);
    if (landed) {
      ++passed_over_;
      continue;
    }
    // The records of one aggregate are told apart.
    const std::string_view sequence =
        record.sub_sequence == 0
            ? record.sequence
            : block.arena.copy(fmt::format("{}.{}", record.sequence, record.sub_sequence));
    block.records.push_back({{shard, sequence}, record.data});
    block.source_bytes += record.data.size();
  }
  if (block.records.empty()) return std::nullopt;
  bytes_ += block.source_bytes;
  const ShardPosition position{.kind = Kind::After,
                               .sequence = std::string(records.back().sequence),
                               .start_ms = 0,
                               .read_up_to_ms = records.back().arrival_ms};
  block.checkpoint = position.text();
  awaited_ = block.checkpoint;
  return block;
}

// Nothing has come, and the shard was read to its tip: now and then that is kept as well.
std::optional<change::Block> Multilang::block_of_nothing() {
  const int64_t now_ms = options_.clock.wall_ns() / 1'000'000;
  const bool is_due = now_ms - position_.read_up_to_ms >= kStoreIdleMs;
  if (position_.kind != Kind::After || behind_ms_ != 0 || !is_due) return std::nullopt;
  ShardPosition position = position_;
  position.read_up_to_ms = now_ms;
  change::Block block;
  block.shard = ledger_shard_;
  block.checkpoint = position.text();
  awaited_ = block.checkpoint;
  return block;
}

void Multilang::confirmed(const std::vector<change::Checkpoint>& durable) {
  for (const change::Checkpoint& checkpoint : durable) {
    if (checkpoint.shard != ledger_shard_) continue;
    const Result<ShardPosition> position = ShardPosition::parse(checkpoint.position);
    CHECK(position.ok());  // this source made it
    position_ = position.value();
    if (checkpoint.position == awaited_) awaited_.clear();
  }
}

// Everything of the message in hand is durable.
Result<void> Multilang::answer() {
  if (passed_over_ > passed_over_told_) {
    news_.say(fmt::format("{}: {} records came that had landed before and are passed over.", shard_id_,
                          passed_over_ - passed_over_told_));
    passed_over_told_ = passed_over_;
  }
  const bool may_checkpoint = in_hand_ == Action::ProcessRecords || in_hand_ == Action::ShutdownRequested;
  if (may_checkpoint && owes_checkpoint_) TRY(checkpoint_records());
  if (in_hand_ == Action::ShardEnded) TRY(checkpoint_end());
  TRY(send(status_line(action_)));
  in_hand_.reset();
  handed_out_ = false;
  ++answered_;
  return {};
}

// Without it the records come again to whoever has the shard next, and are passed over there.
Result<void> Multilang::checkpoint_records() {
  const std::string error = TRY(checkpoint(last_sequence_, last_sub_sequence_));
  owes_checkpoint_ = !error.empty();
  if (owes_checkpoint_ && !means_lease_lost(error))
    news_.say(
        fmt::format("{}: the daemon could not checkpoint ({}). What was read is durable; the "
                    "next checkpoint covers it.",
                    shard_id_, error));
  return {};
}

// Without it the children of the shard are never read, so that it is not passed over in silence.
Result<void> Multilang::checkpoint_end() {
  const std::string error = TRY(checkpoint({}, 0));
  if (error.empty() || means_lease_lost(error)) return {};
  return unavailable(fmt::format(
      "the end of shard {} could not be checkpointed ({}), and before that its children are not read. "
      "Everything read is durable; the daemon gives the shard to another process.",
      shard_id_, error));
}

// Gives the daemon's error, empty when it has none.
Result<std::string> Multilang::checkpoint(std::string_view sequence, int64_t sub_sequence) {
  net::Backoff backoff({.first_delay_ms = 500, .max_delay_ms = 8000});
  for (int tried = 1;; ++tried) {
    TRY(send(checkpoint_line(sequence, sub_sequence)));
    Line line = Line::Unfinished;
    while (line == Line::Unfinished) line = TRY(read_line(kWaitMs));
    if (line == Line::End) return unavailable("the MultiLangDaemon ended before it answered a checkpoint.");
    Arena arena;
    MultilangMessage reply = TRY(parse_multilang_message(line_, arena));
    if (reply.action != Action::Checkpoint) return unexpected(reply.name, "checkpoint");
    if (!may_pass(reply.error) || tried == options_.most_checkpoints) return std::move(reply.error);
    if (!sleeper_.sleep_ms(backoff.delay_ms(tried, ErrorKind::Throttled))) return std::move(reply.error);
  }
}

Result<void> Multilang::send(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t sent = ::write(options_.output, text.data(), text.size());
    if (sent > 0) text.remove_prefix(static_cast<size_t>(sent));
    if (sent < 0 && errno != EINTR) {
      return unavailable(
          fmt::format("the MultiLangDaemon does not listen any more: {}.", std::strerror(errno)));
    }
  }
  return {};
}

Progress Multilang::progress() const {
  Progress progress;
  progress.bytes_read = bytes_;
  progress.expired_unread = news_.expired_unread();
  progress.shards.push_back({.shard = ledger_shard_,
                             .position = position_.kind == Kind::Latest ? "" : position_.text(),
                             .behind_ms = behind_ms_,
                             .records = records_,
                             .bytes = bytes_,
                             .records_per_second = 0,
                             .finished = position_.finished()});
  return progress;
}

}  // namespace sluice::source
