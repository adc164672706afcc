// The events that the function is invoked with, known by their shape.
//
// What is none of them is refused, never guessed: an event that is taken for an empty batch is a batch lost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "change/block.h"

namespace sluice::lambda {

// A batch of one shard of a stream, as an event source mapping sends it. The positions of the block's records
// have as shard "STREAM/SHARD-ID".
struct KinesisBatch {
  std::string stream_arn;
  std::string shard_id;
  change::Block block;
};

// A message of a queue. `body` says what it is about: see on_failure.h.
struct QueueMessage {
  std::string message_id;
  std::string queue_arn;
  std::string body;
};
struct QueueBatch {
  std::vector<QueueMessage> messages;
};

// Objects that were made in a bucket: the bodies of on-failure messages.
struct NewObject {
  std::string bucket;
  std::string key;  // decoded
};
struct BucketNotice {
  std::vector<NewObject> objects;  // none: S3's test message
};

using Event = std::variant<KinesisBatch, QueueBatch, BucketNotice>;

// Errors: Malformed, saying what it looks like and what is taken. `text` may be changed, and nothing of the
// event points into it.
Result<Event> parse_event(std::string& text);

// "shop-cdc" of arn:aws:kinesis:REGION:ACCOUNT:stream/shop-cdc, also of a consumer's ARN; Malformed when it
// is no stream's.
Result<std::string> stream_name_of(std::string_view arn);
// The stream's own ARN, without the consumer that one of enhanced fan-out ends in.
std::string stream_arn_of(std::string_view arn);
// Decimal digits, up to 129. Kinesis never writes leading zeros, emulators do; they mean nothing, but the
// text is what a sender knows its record by, and is kept.
bool is_sequence(std::string_view text);
// A shard's id, short enough for position_shard().
bool is_shard_id(std::string_view text);
// Less than, equal to or greater than 0, as the numbers are.
int compare_sequences(std::string_view left, std::string_view right);
// How positions name a shard: at most 128 bytes.
std::string position_shard(std::string_view stream_name, std::string_view shard_id);

}  // namespace sluice::lambda
