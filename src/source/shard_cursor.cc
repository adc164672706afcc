#include "source/shard_cursor.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "source/sequence_number.h"

namespace sluice::source {

using Kind = ShardPosition::Kind;

namespace {

constexpr int64_t kMostSkewMs = 300'000;
constexpr int64_t kMeasureEveryNs = 2'000'000'000;
// GetRecords gives up to 10 MiB; a page of more than this may have been cut there.
constexpr size_t kFullPageBytes = size_t{9} << 20;

}  // namespace

ShardCursor::ShardCursor(std::string shard_id, std::string shard, ShardPosition from,
                         const PaceLimits& limits, Now now)
    : shard_id_(std::move(shard_id)),
      shard_(std::move(shard)),
      position_(std::move(from)),
      pace_(limits),
      first_is_latest_(position_.kind == Kind::Latest),
      measured_ns_(now.steady_ns) {
  if (!first_is_latest_) return;
  position_.kind = Kind::At;
  position_.start_ms = std::max<int64_t>(0, now.wall_ms - kMostSkewMs);
  position_.read_up_to_ms = now.wall_ms;
}

ReadCall ShardCursor::call(Now now) {
  CHECK(!in_flight_ && !at_end_ && !finished());
  in_flight_ = true;
  ReadCall call;
  call.shard_id = shard_id_;
  call.asked = now;
  if (!iterator_.empty()) {
    call.what = ReadCall::What::Records;
    call.iterator = iterator_;
    return call;
  }
  call.what = ReadCall::What::Iterator;
  if (std::exchange(first_is_latest_, false)) {
    call.start = aws::StartAt::Latest;
  } else if (position_.kind == Kind::After) {
    call.start = aws::StartAt::AfterSequence;
    call.sequence = position_.sequence;
  } else if (position_.kind == Kind::At) {
    call.start = aws::StartAt::AtTime;
    call.start_ms = position_.start_ms;
  }
  return call;
}

void ShardCursor::took_iterator(std::string iterator, Now now) {
  in_flight_ = false;
  iterator_ = std::move(iterator);
  pace_.called(now.steady_ns);
}

void ShardCursor::took_page(const aws::RecordsPage& page, size_t bytes, size_t asked_for,
                            const ReadCall& call, Now now) {
  in_flight_ = false;
  missing = false;
  iterator_ = page.next_iterator;
  // Some servers say "0 ms behind" of a page that they cut.
  const bool cut = page.records.size() >= asked_for || bytes >= kFullPageBytes;
  at_tip_ = !cut && (page.millis_behind == 0 || (page.millis_behind < 0 && page.records.empty()));
  behind_ms_ = page.millis_behind;
  pace_.read(call.asked.steady_ns, bytes, at_tip_);
  if (!page.records.empty()) {
    const aws::KinesisRecord& last = page.records.back();
    // A server may give again what came before; what was read stays read.
    if (position_.kind != Kind::After || compare_sequence_numbers(last.sequence, position_.sequence) > 0) {
      position_.kind = Kind::After;
      position_.sequence = last.sequence;
    }
    if (page.millis_behind < 0) position_.read_up_to_ms = std::max(position_.read_up_to_ms, last.arrival_ms);
  }
  if (page.millis_behind >= 0)
    position_.read_up_to_ms = std::max(position_.read_up_to_ms, call.asked.wall_ms - page.millis_behind);
  at_end_ = page.next_iterator.empty();
  measure(page.records.size(), bytes, now);
}

void ShardCursor::measure(size_t records, size_t bytes, Now now) {
  records_ += records;
  bytes_ += bytes;
  const int64_t passed_ns = now.steady_ns - measured_ns_;
  if (passed_ns < kMeasureEveryNs) return;
  records_per_second_ =
      static_cast<double>(records_ - measured_records_) * 1e9 / static_cast<double>(passed_ns);
  measured_ns_ = now.steady_ns;
  measured_records_ = records_;
}

ShardProgress ShardCursor::progress() const {
  return {.shard = shard_,
          .position = position_.kind == Kind::Latest ? std::string() : position_.text(),
          .behind_ms = finished() ? 0 : behind_ms_,
          .records = records_,
          .bytes = bytes_,
          .records_per_second = finished() ? 0 : records_per_second_,
          .finished = finished()};
}

}  // namespace sluice::source
