#include "source/stream_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "base/text.h"
#include "source/sequence_number.h"

namespace sluice::source {

using Kind = ShardPosition::Kind;
using What = ReadCall::What;

namespace {

constexpr int64_t kMs = 1'000'000;
// GetRecords gives at most 10 MiB of data.
constexpr size_t kReadBytes = size_t{10} << 20;
// How often the position of a shard without records is stored, so that an outage can be held against it.
constexpr int64_t kStoreIdleMs = 600'000;
// A hole in the hash keys is looked at again before it is told: a resharding may be under way.
constexpr int64_t kLookAtHoleMs = 3000;
constexpr size_t kMostShardIdBytes = 38;  // see ledger_shard()
// Iterators that are refused so many times in a row are not the server's mood.
constexpr int kMostRefusals = 5;
constexpr net::RetryPolicy kBackoff = {.first_delay_ms = 200, .max_delay_ms = 30'000};

bool has_reason(const Error& error, std::string_view reason) { return error.reason == reason; }

// The page as a block of the shard called `shard`. The arena goes along with what points into it.
change::Block block_of(const std::string& shard, RecordsReply& reply, size_t bytes) {
  change::Block block;
  block.shard = shard;
  block.arena = std::move(reply.arena);
  const std::string_view name = block.arena.copy(shard);
  block.records.reserve(reply.page.records.size());
  for (const aws::KinesisRecord& record : reply.page.records)
    block.records.push_back({{name, record.sequence}, record.data});
  block.source_bytes = bytes;
  return block;
}

}  // namespace

StreamReader::StreamReader(ReaderOptions options)
    : options_(std::move(options)),
      news_(options_.typed),
      backoff_(kBackoff),
      random_(std::random_device{}()) {}

// until_end asks nothing more of a shard that was read to its tip.
bool StreamReader::wants(const ShardCursor& cursor) const {
  return !cursor.finished() && !cursor.at_end() && !(options_.until_end && cursor.at_tip());
}

bool StreamReader::may_read() const {
  const size_t held = ready_bytes_ + reads_under_way_ * kReadBytes;
  return held == 0 || held + kReadBytes <= options_.ahead_bytes;
}

void StreamReader::look_soon(Now now, int64_t in_ms) {
  look_due_ = true;
  next_look_ns_ = std::min(next_look_ns_, now.steady_ns + in_ms * kMs);
}

std::optional<ReadCall> StreamReader::next_call(Now now) {
  if (failure_) return std::nullopt;
  if (!looking_ && now.steady_ns >= next_look_ns_) {
    looking_ = true;
    look_due_ = false;
    ReadCall call;
    call.asked = now;
    return call;
  }
  ShardCursor* first = nullptr;
  const bool may = may_read();
  for (auto& [id, cursor] : cursors_) {
    if (!wants(cursor) || cursor.in_flight() || cursor.pace().next_ns() > now.steady_ns) continue;
    if (first == nullptr || cursor.pace().next_ns() < first->pace().next_ns()) first = &cursor;
  }
  // An iterator that nobody may use yet would only grow old.
  if (first == nullptr || !may) return std::nullopt;
  ReadCall call = first->call(now);
  if (call.what == What::Records) ++reads_under_way_;
  return call;
}

int64_t StreamReader::due_ns() const {
  if (failure_) return INT64_MAX;
  int64_t due = looking_ ? INT64_MAX : next_look_ns_;
  if (!may_read()) return due;
  for (const auto& [id, cursor] : cursors_)
    if (wants(cursor) && !cursor.in_flight()) due = std::min(due, cursor.pace().next_ns());
  return due;
}

void StreamReader::take(const ReadCall& call, Reply reply, Now now) {
  if (call.what == What::Look) {
    take_look(std::move(std::get<Result<LookReply>>(reply)), call.asked.steady_ns, now);
    return;
  }
  ShardCursor& cursor = cursors_.at(call.shard_id);
  if (call.what == What::Iterator) {
    auto& iterator = std::get<Result<std::string>>(reply);
    if (iterator.ok()) {
      take_iterator(cursor, std::move(iterator), now);
    } else {
      take_shard_error(cursor, call, iterator.error(), now);
    }
    return;
  }
  --reads_under_way_;
  auto& records = std::get<Result<RecordsReply>>(reply);
  if (records.ok()) {
    take_records(cursor, call, std::move(records), now);
  } else {
    take_shard_error(cursor, call, records.error(), now);
  }
}

// Knows the stream by its ARN and the time when it was made, and finds in the ledger what was read of it.
Result<void> StreamReader::recognise(const aws::StreamSummary& summary) {
  news_.set_retention_hours(summary.retention_hours);
  std::string name = ledger_stream(summary.name, summary.arn, summary.created_s);
  if (map_ && name != ledger_stream_) {
    return unavailable(
        fmt::format("{} was deleted and made again while it was read. What was read is durable. Run again: "
                    "the next run reads "
                    "the new stream from its start.",
                    options_.typed));
  }
  if (map_) return {};
  ledger_stream_ = std::move(name);
  std::map<std::string, ShardPosition> saved;
  bool other = false;
  size_t ended = 0;
  for (const change::Checkpoint& checkpoint : options_.saved) {
    if (!checkpoint.shard.starts_with(ledger_stream_ + "/")) {
      other = other || checkpoint.shard.starts_with(ledger_stream_prefix(summary.name));
      continue;
    }
    ShardPosition position = TRY(ShardPosition::parse(checkpoint.position));
    if (position.finished()) ++ended;
    saved.emplace(checkpoint.shard.substr(ledger_stream_.size() + 1), std::move(position));
  }
  if (!saved.empty()) {
    news_.say(fmt::format("{} continues in {} {}{}.", options_.typed, saved.size() - ended,
                          saved.size() - ended == 1 ? "shard" : "shards",
                          ended == 0 ? std::string() : fmt::format("; {} were read to their end", ended)));
  } else if (other) {
    news_.say(
        fmt::format("{} is not the stream of that name that was read before: it was made again, or is in "
                    "another account or Region. All of it is read from its oldest record, as {}. What the "
                    "other one held unread is not in this store.",
                    options_.typed, ledger_stream_));
  }
  const bool first_run = saved.empty() && !other;
  map_.emplace(std::move(saved), options_.start, first_run);
  return {};
}

void StreamReader::take_look(Result<LookReply> reply, int64_t asked_ns, Now now) {
  looking_ = false;
  const auto again = [&](const Error& error) {
    ++look_failures_;
    look_due_ = true;
    next_look_ns_ = now.steady_ns + std::max(200 * kMs, backoff_ns(look_failures_, error.kind));
    news_.trouble({}, error, asked_ns, now.steady_ns);
  };
  if (!reply.ok()) {
    if (reply.error().kind == ErrorKind::Refused) {
      failure_ = reply.error();
      return;
    }
    again(reply.error());
    return;
  }
  const LookReply& look = reply.value();
  if (look.shards.empty()) {
    again(unavailable(fmt::format("the stream has no shards and is {}.", look.summary.status)));
    return;
  }
  const Result<void> recognised = recognise(look.summary);
  if (!recognised.ok()) {
    failure_ = recognised.error();
    return;
  }
  look_failures_ = 0;
  news_.fine({}, now.steady_ns);
  next_look_ns_ = now.steady_ns + (look_due_ ? 0 : options_.look_every_ms * kMs);
  looked_ = true;
  add(map_->take_list(look.shards), now);
  judge_ends(now);
  judge_missing(now);
  judge_holes(now);
}

void StreamReader::add(std::vector<ShardStart> starts, Now now) {
  for (ShardStart& start : starts) {
    if (start.shard_id.size() > kMostShardIdBytes) {
      failure_ = refused(fmt::format("{} has a shard whose name has {} bytes; this version keeps up to {}.",
                                     options_.typed, start.shard_id.size(), kMostShardIdBytes));
      return;
    }
    // What the user's choice of a start means for this shard must outlive this run.
    const bool chosen = !start.stored && start.from.kind != Kind::TrimHorizon;
    ShardCursor cursor(start.shard_id, ledger_shard(ledger_stream_, start.shard_id), std::move(start.from),
                       options_.pace, now);
    const auto placed = cursors_.emplace(start.shard_id, std::move(cursor)).first;
    if (chosen) push(placed->second, {}, now);
  }
}

// A shard whose last page named no further iterator is finished if it is closed.
void StreamReader::judge_ends(Now now) {
  for (auto& [id, cursor] : cursors_) {
    if (!cursor.at_end()) continue;
    if (map_->is_open(id)) {
      cursor.deny_end();
      cursor.pace().failed(now.steady_ns, backoff_ns(cursor.pace().failures() + 1, ErrorKind::Unavailable));
      continue;
    }
    cursor.confirm_end();
    push(cursor, {}, now);
  }
}

// A shard that the stream did not know when it was asked, and does not list: it is gone.
void StreamReader::judge_missing(Now now) {
  for (auto& [id, cursor] : cursors_) {
    if (!cursor.missing || cursor.finished() || cursor.in_flight()) continue;
    cursor.missing = false;
    if (map_->listed(id)) continue;
    news_.fine(id, now.steady_ns);
    news_.shard_is_gone(id, cursor.position().read_up_to_ms);
    cursor.lose();
    push(cursor, {}, now);
  }
}

void StreamReader::judge_holes(Now now) {
  const std::vector<HashRange> holes = map_->holes();
  looks_with_holes_ = holes.empty() ? 0 : looks_with_holes_ + 1;
  if (looks_with_holes_ == 1) look_soon(now, kLookAtHoleMs);
  if (looks_with_holes_ == 2) {
    news_.say(
        fmt::format("{}: its {} open shards do not cover {} of the hash keys. A resharding may be under way; "
                    "if this stays, records with these keys are not seen. Sluice goes on looking.",
                    options_.typed, map_->open_shards(), share_text(holes)));
  }
}

// The service goes on from its oldest record without a word when the place is older than that.
void StreamReader::note_expiry(ShardCursor& cursor, Now now) {
  const int64_t kept_from_ms = now.wall_ms - news_.retention_ms();
  const int64_t read_up_to_ms = cursor.position().read_up_to_ms;
  if (read_up_to_ms <= 0 || read_up_to_ms >= kept_from_ms || cursor.told_expired_ms == read_up_to_ms) return;
  cursor.told_expired_ms = read_up_to_ms;
  news_.may_have_expired(cursor.shard_id(), read_up_to_ms, kept_from_ms);
}

// Hands out the block with the shard's position as its checkpoint.
void StreamReader::push(ShardCursor& cursor, change::Block block, Now now) {
  block.shard = cursor.shard();
  block.checkpoint = cursor.position().text();
  cursor.saved_ms = now.wall_ms;
  ready_bytes_ += block.arena.reserved_bytes();
  ready_.push_back(std::move(block));
}

void StreamReader::take_iterator(ShardCursor& cursor, Result<std::string> reply, Now now) {
  cursor.took_iterator(std::move(reply).value(), now);
  note_expiry(cursor, now);
}

void StreamReader::take_records(ShardCursor& cursor, const ReadCall& call, Result<RecordsReply> reply,
                                Now now) {
  RecordsReply records = std::move(reply).value();
  size_t bytes = 0;
  for (const aws::KinesisRecord& record : records.page.records) {
    if (!is_sequence_number(record.sequence)) {
      failure_ =
          refused(fmt::format("{}: {} gave a record whose sequence number is none. Check the endpoint.",
                              options_.typed, cursor.shard_id()));
      return;
    }
    bytes += record.data.size() + record.partition_key.size();
  }
  bytes_read_ += bytes;
  cursor.took_page(records.page, bytes, aws::kMaxGetRecords, call, now);
  news_.fine(cursor.shard_id(), now.steady_ns);
  if (records.page.millis_behind >= 0) news_.behind(cursor.shard_id(), records.page.millis_behind);
  if (cursor.at_end()) {
    add(map_->take_children(records.page.child_shards), now);
    look_soon(now);
  }
  const bool idle_for_long = cursor.at_tip() && now.wall_ms - cursor.saved_ms >= kStoreIdleMs;
  if (!records.page.records.empty()) {
    push(cursor, block_of(cursor.shard(), records, bytes), now);
  } else if (idle_for_long) {
    push(cursor, {}, now);
  }
}

void StreamReader::take_shard_error(ShardCursor& cursor, const ReadCall& call, const Error& error, Now now) {
  cursor.failed();
  const bool for_iterator = call.what == What::Iterator;
  if (has_reason(error, "ExpiredIteratorException")) {
    cursor.forget_iterator();
    cursor.pace().called(now.steady_ns);
    return;
  }
  if (error.kind == ErrorKind::Throttled) {
    cursor.pace().throttled(now.steady_ns, chance());
    news_.trouble(cursor.shard_id(), error, call.asked.steady_ns, now.steady_ns);
    return;
  }
  cursor.pace().failed(now.steady_ns, backoff_ns(cursor.pace().failures() + 1, error.kind));
  if (error.kind != ErrorKind::Refused) {
    news_.trouble(cursor.shard_id(), error, call.asked.steady_ns, now.steady_ns);
    return;
  }
  if (has_reason(error, "ResourceNotFoundException")) {
    cursor.forget_iterator();
    cursor.missing = true;
    look_soon(now);
    return;
  }
  if (has_reason(error, "InvalidArgumentException") && cursor.pace().failures() < kMostRefusals) {
    if (!for_iterator) {
      cursor.forget_iterator();
      return;
    }
    if (cursor.position().kind == Kind::After) {
      news_.position_is_gone(cursor.shard_id(), cursor.position().read_up_to_ms);
      cursor.told_expired_ms = cursor.position().read_up_to_ms;
      cursor.start_over();
      return;
    }
  }
  failure_ = error;
}

std::optional<change::Block> StreamReader::take_block() {
  if (ready_.empty()) return std::nullopt;
  change::Block block = std::move(ready_.front());
  ready_.pop_front();
  ready_bytes_ -= block.arena.reserved_bytes();
  return block;
}

bool StreamReader::finished() const {
  if (!options_.until_end || !looked_ || looking_ || look_due_ || !ready_.empty()) return false;
  return std::none_of(cursors_.begin(), cursors_.end(),
                      [this](const auto& entry) { return wants(entry.second) || entry.second.in_flight(); });
}

Progress StreamReader::progress() const {
  Progress progress;
  progress.bytes_read = bytes_read_;
  progress.unread_since_ns = news_.trouble_since_ns();
  progress.expired_unread = news_.expired_unread();
  for (const auto& [id, cursor] : cursors_) progress.shards.push_back(cursor.progress());
  return progress;
}

}  // namespace sluice::source
