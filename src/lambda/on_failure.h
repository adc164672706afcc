// On-failure documents: what an event source mapping leaves behind when it gives a batch up.
//
// They point at the records and (in queues) never hold them: what they point at has to be read from the
// stream again before it expires there.
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "lambda/event.h"

namespace sluice::lambda {

// Records of one shard, both ends included.
struct FailedRange {
  std::string stream_arn;
  std::string shard_id;
  std::string first_sequence;
  std::string last_sequence;
  int64_t batch_size =
      0;  // records, as the mapping counts them; after a bisect it may be more than there are
  std::string first_arrival;  // as delivered: 2026-01-02T03:04:05.678Z; may be empty
  std::string last_arrival;
  std::string condition;  // RetryAttemptsExhausted, RecordAgeExceeded or something newer
  std::string payload;    // the whole event, only in documents of S3; may be empty
};

// What a queue's message is about: a range, or objects that hold such documents.
using FailureNote = std::variant<FailedRange, BucketNotice>;

// Takes the document itself, SNS's wrapping of it, and S3's notice. Unknown conditions and a missing
// responseContext are fine; what does not name a range exactly is Malformed.
Result<FailureNote> parse_failure_note(const std::string& text);

// For people: "3 records of shardId-000000000001 of shop-cdc, sequence numbers A to B, arrived ... to ...".
std::string describe(const FailedRange& range);

}  // namespace sluice::lambda
