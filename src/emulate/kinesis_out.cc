#include "emulate/kinesis_out.h"

#include <fmt/format.h>

#include <utility>

namespace sluice::emulate {
namespace {

constexpr uint64_t kKeyStream = 7;  // of Random: these draws move nobody else's

// The error for records that a call left out, by what the service says of them.
Error not_stored(const aws::StreamName& stream, const aws::PutOutcome& outcome) {
  std::string code;
  bool refused_for_good = false;
  for (const aws::PutOutcome::Item& item : outcome.items) {
    if (item.error_code.empty()) continue;
    const bool passes = item.error_code == "ProvisionedThroughputExceededException" ||
                        item.error_code == "InternalFailure" || item.error_code == "KMSThrottlingException";
    if (code.empty() || !passes) code = item.error_code;
    refused_for_good = refused_for_good || !passes;
  }
  const ErrorKind kind = refused_for_good            ? ErrorKind::Refused
                         : code == "InternalFailure" ? ErrorKind::Unavailable
                                                     : ErrorKind::Throttled;
  return {kind, code,
          fmt::format("cannot write to the stream {}: it did not take {} of {} records ({}).", stream.shown(),
                      outcome.failed, outcome.items.size(), code)};
}

}  // namespace

KinesisOut::KinesisOut(aws::Kinesis& kinesis, KinesisOutOptions options, const Clock& clock,
                       net::Sleeper& sleeper)
    : kinesis_(kinesis),
      options_(std::move(options)),
      clock_(clock),
      sleeper_(sleeper),
      random_(options_.seed, kKeyStream) {}

// As DSQL's: nothing to do with the row, so that every table is spread over all shards.
std::string KinesisOut::random_key() {
  const uint64_t high = random_.next();
  return fmt::format("{:016x}{:016x}", high, random_.next());
}

Result<void> KinesisOut::write(std::string_view record) {
  std::string key = random_key();
  const size_t bytes = key.size() + record.size();
  if (bytes > aws::kMaxPutBytes)
    return refused(
        fmt::format("cannot write to the stream {}: a record has {} bytes, and Kinesis takes 10 MiB. "
                    "Split oversized records earlier (--oversize-bytes).",
                    options_.stream.shown(), record.size()));
  if (waiting_.size() == aws::kMaxPutRecords || waiting_bytes_ + bytes > aws::kMaxPutBytes) TRY(put_all());
  waiting_.push_back({std::move(key), std::string(record)});
  waiting_bytes_ += bytes;
  return {};
}

Result<void> KinesisOut::flush() { return put_all(); }

Result<void> KinesisOut::put_all() {
  if (waiting_.empty()) return {};
  return net::retry(options_.retry, clock_, sleeper_, [this] { return put_once(); });
}

// Afterwards only what was not stored is waiting.
Result<void> KinesisOut::put_once() {
  std::vector<aws::OutgoingRecord> records;
  records.reserve(waiting_.size());
  for (const Waiting& one : waiting_) records.push_back({one.partition_key, one.data});
  ++counts_.calls;
  auto put = kinesis_.put_records(options_.stream, records);
  if (!put.ok()) {
    if (put.error().kind == ErrorKind::OutcomeUnknown) {
      counts_.in_doubt += static_cast<int64_t>(waiting_.size());
      if (options_.notice)
        options_.notice(
            fmt::format("whether {} records were stored is not known ({}); they are sent again and may "
                        "be in the stream twice",
                        waiting_.size(), put.error().message));
    }
    return std::move(put).error();
  }
  const aws::PutOutcome& outcome = put.value();
  std::vector<Waiting> left;
  waiting_bytes_ = 0;
  for (size_t i = 0; i < waiting_.size(); ++i) {
    if (outcome.items[i].error_code.empty()) continue;
    waiting_bytes_ += waiting_[i].partition_key.size() + waiting_[i].data.size();
    left.push_back(std::move(waiting_[i]));
  }
  counts_.stored += static_cast<int64_t>(waiting_.size() - left.size());
  counts_.sent_again += static_cast<int64_t>(left.size());
  waiting_ = std::move(left);
  if (waiting_.empty()) return {};
  return not_stored(options_.stream, outcome);
}

}  // namespace sluice::emulate
