// Redrive: reads exactly the range that an on-failure document points at from the stream, and lands it.
//
// The stream gives records of up to 10 MiB that no invocation can carry. What has expired there is told
// exactly, and the document is then not done with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "aws/kinesis.h"
#include "base/clock.h"
#include "base/result.h"
#include "lambda/consumer.h"
#include "lambda/on_failure.h"
#include "net/retry.h"

namespace sluice::lambda {

struct Redriven {
  Account account;  // of the records that were read
  // Every record of the range is durable: the message may go. Otherwise `trouble` says what is missing.
  bool is_done = false;
  // Part of the range is in the stream no more: again changes nothing.
  bool has_expired = false;
  std::string trouble;
};

// Reads one shard between two records. Where the stream's records come from: Kinesis, or a test's.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  virtual Result<std::string> iterator_at(const FailedRange& range) = 0;
  virtual Result<aws::RecordsPage> records(const FailedRange& range, const std::string& iterator,
                                           Arena& arena) = 0;
};

class KinesisReader final : public StreamReader {
 public:
  explicit KinesisReader(aws::Session& session) : kinesis_(session) {}
  Result<std::string> iterator_at(const FailedRange& range) override;
  Result<aws::RecordsPage> records(const FailedRange& range, const std::string& iterator,
                                   Arena& arena) override;

 private:
  aws::Kinesis kinesis_;
};

// Threads: one at a time. What it is given outlives it.
class Redrive {
 public:
  Redrive(StreamReader& stream, Consumer& consumer, const Clock& clock, net::Sleeper& sleeper)
      : stream_(stream), consumer_(consumer), clock_(clock), sleeper_(sleeper) {}

  // Never fails as a whole: what is not done is told in the outcome.
  Redriven land(const FailedRange& range, int64_t deadline_ns);

 private:
  struct Course;

  Result<void> read_all(const FailedRange& range, int64_t deadline_ns, Course& course);
  bool take(const FailedRange& range, const aws::RecordsPage& page, int64_t deadline_ns, Course& course);
  void land_payload(const FailedRange& range, int64_t deadline_ns, Course& course);
  net::RetryPolicy policy(int64_t deadline_ns) const;

  StreamReader& stream_;
  Consumer& consumer_;
  const Clock& clock_;
  net::Sleeper& sleeper_;
};

}  // namespace sluice::lambda
