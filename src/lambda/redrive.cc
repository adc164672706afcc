#include "lambda/redrive.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace sluice::lambda {
namespace {

// Records at or beyond which a page of a living shard without any means that there is nothing more to read.
constexpr int kEmptyPages = 50;
constexpr int64_t kPageRecords = 1'000;

aws::StreamName stream_of(const FailedRange& range) {
  aws::StreamName stream;
  stream.arn = range.stream_arn;
  return stream;
}

std::string expired_text(const FailedRange& range, const std::string& what) {
  return fmt::format(
      "LOST: {}. The range was {}. Only the source still has these rows: bring them in again with a backfill "
      "of the tables that changed between those times.",
      what, describe(range));
}

}  // namespace

// How far a range has come.
struct Redrive::Course {
  Redriven outcome;
  std::string first_read;  // the sequence number of the first record of the range that the stream gave
  std::string last_read;
  int64_t records = 0;
  bool reached_end = false;
  bool all_durable = true;
};

Result<std::string> KinesisReader::iterator_at(const FailedRange& range) {
  return kinesis_.iterator(stream_of(range), range.shard_id, aws::StartAt::AtSequence, range.first_sequence);
}

Result<aws::RecordsPage> KinesisReader::records(const FailedRange& range, const std::string& iterator,
                                                Arena& arena) {
  // What stands behind the range is not wanted, and after ten MiB a shard rests. Records of other batches may
  // stand within it; they come with the next pages.
  const int64_t limit = range.batch_size > 0 ? std::min(range.batch_size, kPageRecords) : kPageRecords;
  return kinesis_.get_records(stream_of(range), iterator, static_cast<int>(limit), arena);
}

net::RetryPolicy Redrive::policy(int64_t deadline_ns) const {
  const int64_t left_ms = std::max<int64_t>((deadline_ns - clock_.steady_ns()) / 1'000'000, 1);
  // A shard rests for five seconds after it gave 10 MiB.
  return {.deadline_ms = left_ms, .first_delay_ms = 200, .max_delay_ms = 5'000, .repeatable = true};
}

// Lands what of a page is within the range. Gives whether the range's end was reached.
bool Redrive::take(const FailedRange& range, const aws::RecordsPage& page, int64_t deadline_ns,
                   Course& course) {
  change::Block block;
  const std::string name = range.stream_arn.substr(range.stream_arn.rfind('/') + 1);
  block.shard = position_shard(name, range.shard_id);
  for (const aws::KinesisRecord& record : page.records) {
    if (compare_sequences(record.sequence, range.first_sequence) < 0) continue;
    const int to_end = compare_sequences(record.sequence, range.last_sequence);
    course.reached_end = course.reached_end || to_end >= 0;
    if (to_end > 0) break;
    if (course.first_read.empty()) course.first_read = record.sequence;
    course.last_read = record.sequence;
    block.records.push_back({{block.shard, record.sequence}, record.data});
    if (to_end == 0) break;
  }
  if (block.records.empty()) return course.reached_end;
  course.records += static_cast<int64_t>(block.records.size());
  const Consumed consumed = consumer_.consume(block, name, deadline_ns);
  course.outcome.account.add(consumed.account);
  if (!consumed.first_failed) return course.reached_end;
  course.all_durable = false;
  if (course.outcome.trouble.empty())
    course.outcome.trouble = fmt::format("{} of {} records read are not durable yet: {}",
                                         consumed.account.failed, block.records.size(), consumed.trouble);
  return course.reached_end;
}

Result<void> Redrive::read_all(const FailedRange& range, int64_t deadline_ns, Course& course) {
  const auto again = [&](auto&& attempt) {
    return net::retry(policy(deadline_ns), clock_, sleeper_, attempt);
  };
  std::string iterator = TRY(again([&] { return stream_.iterator_at(range); }));
  int empty_pages = 0;
  while (!iterator.empty()) {
    if (clock_.steady_ns() >= deadline_ns) return unavailable("the time was over before its end was read");
    Arena arena;
    Result<aws::RecordsPage> got = again([&] { return stream_.records(range, iterator, arena); });
    if (!got.ok() && got.error().reason == "ExpiredIteratorException") {
      iterator = TRY(again([&] { return stream_.iterator_at(range); }));
      continue;
    }
    const aws::RecordsPage page = TRY(std::move(got));
    if (take(range, page, deadline_ns, course)) return {};
    // A shard may give empty pages on the way; at its tip there is nothing more.
    empty_pages = page.records.empty() ? empty_pages + 1 : 0;
    if (empty_pages > 0 && (page.millis_behind == 0 || empty_pages >= kEmptyPages)) return {};
    iterator = page.next_iterator;
  }
  return {};
}

// The event itself, where the document has it, for a range that the stream has no more.
void Redrive::land_payload(const FailedRange& range, int64_t deadline_ns, Course& course) {
  std::string payload = range.payload;
  Result<Event> parsed = parse_event(payload);
  const auto* batch = parsed.ok() ? std::get_if<KinesisBatch>(&parsed.value()) : nullptr;
  if (batch == nullptr || batch->shard_id != range.shard_id ||
      batch->block.records.front().position.sequence != range.first_sequence ||
      batch->block.records.back().position.sequence != range.last_sequence)
    return;
  const std::string name = range.stream_arn.substr(range.stream_arn.rfind('/') + 1);
  const Consumed consumed = consumer_.consume(batch->block, name, deadline_ns);
  course.outcome.account = consumed.account;
  course.outcome.is_done = !consumed.first_failed;
  course.outcome.has_expired = false;
  course.outcome.trouble = consumed.trouble;
}

Redriven Redrive::land(const FailedRange& range, int64_t deadline_ns) {
  Course course;
  Redriven& outcome = course.outcome;
  const Result<void> read = read_all(range, deadline_ns, course);
  const bool is_gone = !read.ok() && read.error().kind == ErrorKind::Refused &&
                       (read.error().reason == "ResourceNotFoundException" ||
                        read.error().reason == "InvalidArgumentException");
  if (!read.ok() && !is_gone) {
    outcome.trouble = read.error().message;
    return std::move(outcome);
  }
  const bool has_start = course.first_read == range.first_sequence;
  const bool has_end = course.last_read == range.last_sequence;
  if (has_start && has_end && course.reached_end) {
    outcome.is_done = course.all_durable;
    return std::move(outcome);
  }
  outcome.has_expired = true;
  std::string what;
  if (course.records == 0) {
    what = is_gone ? "the stream has neither this shard nor these records any more"
                   : "every record of the range has expired from the stream";
  } else if (!has_start) {
    what = fmt::format(
        "the records from {} to before {} have expired from the stream; the {} from there on "
        "were read",
        range.first_sequence, course.first_read, with_thousands(course.records));
  } else {
    what = fmt::format("the records behind {} up to {} are not in the stream", course.last_read,
                       range.last_sequence);
  }
  if (range.batch_size > course.records && course.records > 0)
    what += fmt::format(" ({} of {} records are missing)", with_thousands(range.batch_size - course.records),
                        with_thousands(range.batch_size));
  outcome.trouble = expired_text(range, what);
  if (!range.payload.empty()) land_payload(range, deadline_ns, course);
  return std::move(outcome);
}

}  // namespace sluice::lambda
