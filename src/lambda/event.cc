#include "lambda/event.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "net/url.h"
#include "source/sequence_number.h"

namespace sluice::lambda {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kMaxStreamBytes = 80;

Error unknown(const std::string& why) {
  return malformed("unknown-event",
                   "the event is refused: " + why +
                       ". This function takes batches of a Kinesis event source mapping, messages of an SQS "
                       "queue that carry its on-failure documents, and notices of S3 objects that are such.");
}

// A member that must be a text; unescaped.
Result<std::string> text_of(ondemand::object& object, const char* member) {
  std::string_view text;
  if (object.find_field_unordered(member).get_string().get(text) != simdjson::SUCCESS)
    return unknown(fmt::format("a record lacks the text {}", member));
  return std::string(text);
}

// The inside of a JSON string as it stands in the event; base64 needs no escapes, but "\/" is legal.
Result<std::string_view> base64_of(ondemand::value value, std::string& unescaped) {
  ondemand::raw_json_string raw;
  if (value.get_raw_json_string().get(raw) != simdjson::SUCCESS) return unknown("a record's data is no text");
  const char* end = raw.raw();
  bool escaped = false;
  for (; *end != '"'; ++end) escaped = escaped || *end == '\\';
  const std::string_view inside(raw.raw(), static_cast<size_t>(end - raw.raw()));
  if (!escaped) return inside;
  unescaped.clear();
  for (size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\' && i + 1 < inside.size() && inside[i + 1] == '/') continue;
    unescaped += inside[i];
  }
  return std::string_view(unescaped);
}

class KinesisReader {
 public:
  Result<void> add(ondemand::object record) {
    ondemand::object inner;
    if (record.find_field_unordered("kinesis").get_object().get(inner) != simdjson::SUCCESS)
      return unknown("a Kinesis record lacks the object kinesis");
    // In any order of members: the sequence is kept, data is decoded where it stands.
    std::optional<std::string_view> sequence;
    std::optional<std::string_view> data;
    for (auto found : inner) {
      ondemand::field field;
      if (std::move(found).get(field) != simdjson::SUCCESS)
        return unknown("a Kinesis record is not whole JSON");
      if (field.key() == "sequenceNumber") {
        std::string_view text;
        if (field.value().get_string().get(text) != simdjson::SUCCESS || !is_sequence(text))
          return unknown("a Kinesis record has no sequence number");
        sequence = batch_.block.arena.copy(text);
      } else if (field.key() == "data") {
        data = TRY(decode(field.value()));
      }
    }
    if (!sequence || !data) return unknown("a Kinesis record lacks sequenceNumber or data");
    TRY(take_place(record));
    batch_.block.records.push_back({{batch_.block.shard, *sequence}, *data});
    return {};
  }

  KinesisBatch finish() {
    // The string moves with the batch, and a short one would take its bytes along.
    const std::string_view shard = batch_.block.arena.copy(batch_.block.shard);
    for (change::RawRecord& record : batch_.block.records) record.position.shard = shard;
    return std::move(batch_);
  }

 private:
  Result<std::string_view> decode(ondemand::value value) {
    const std::string_view text = TRY(base64_of(value, unescaped_));
    char* to = batch_.block.arena.allocate(base64_room(text));
    const std::optional<size_t> bytes = base64_decode_into(text, to);
    if (!bytes) return unknown("a Kinesis record's data is not base64");
    std::memset(to + *bytes, 0, kReadableSlack);
    batch_.block.source_bytes += *bytes;
    return std::string_view(to, *bytes);
  }

  // A batch never mixes shards; one that does is not what this was written for.
  Result<void> take_place(ondemand::object& record) {
    const std::string arn = TRY(text_of(record, "eventSourceARN"));
    const std::string id = TRY(text_of(record, "eventID"));
    const std::string shard_id = id.substr(0, id.find(':'));
    if (!batch_.shard_id.empty()) {
      if (shard_id == batch_.shard_id && arn == arn_) return {};
      return unknown("its records are of several shards");
    }
    if (shard_id.empty() || shard_id.size() == id.size())
      return unknown("eventID does not begin with a shard and a colon");
    arn_ = arn;
    batch_.stream_arn = stream_arn_of(arn);
    batch_.shard_id = shard_id;
    batch_.block.shard = position_shard(TRY(stream_name_of(arn)), shard_id);
    return {};
  }

  KinesisBatch batch_;
  std::string arn_;
  std::string unescaped_;
};

Result<QueueMessage> queue_message(ondemand::object record) {
  QueueMessage message;
  message.message_id = TRY(text_of(record, "messageId"));
  message.queue_arn = TRY(text_of(record, "eventSourceARN"));
  message.body = TRY(text_of(record, "body"));
  return message;
}

Result<NewObject> new_object(ondemand::object record) {
  ondemand::object s3;
  ondemand::object bucket;
  ondemand::object object;
  if (record.find_field_unordered("s3").get_object().get(s3) != simdjson::SUCCESS ||
      s3.find_field_unordered("bucket").get_object().get(bucket) != simdjson::SUCCESS)
    return unknown("a record of S3 lacks s3.bucket");
  NewObject made;
  made.bucket = TRY(text_of(bucket, "name"));
  if (s3.find_field_unordered("object").get_object().get(object) != simdjson::SUCCESS)
    return unknown("a record of S3 lacks s3.object");
  std::string key = TRY(text_of(object, "key"));
  for (char& letter : key)
    if (letter == '+') letter = ' ';
  made.key = net::percent_decode(key);
  return made;
}

// The source that a record names: eventSource of AWS's own, in any case of its first letter.
std::string source_of(ondemand::object& record) {
  std::string_view text;
  if (record.find_field_unordered("eventSource").get_string().get(text) == simdjson::SUCCESS)
    return std::string(text);
  if (record.find_field_unordered("EventSource").get_string().get(text) == simdjson::SUCCESS)
    return std::string(text);
  return {};
}

Result<Event> parse_records(ondemand::array records) {
  std::string source;
  KinesisReader kinesis;
  QueueBatch queue;
  BucketNotice notice;
  for (auto item : records) {
    ondemand::object record;
    if (item.get_object().get(record) != simdjson::SUCCESS)
      return unknown("a member of Records is no object");
    const std::string of = source_of(record);
    if (!source.empty() && of != source) return unknown("its records are of several services");
    source = of;
    if (of == "aws:kinesis") {
      TRY(kinesis.add(record));
    } else if (of == "aws:sqs") {
      queue.messages.push_back(TRY(queue_message(record)));
    } else if (of == "aws:s3") {
      notice.objects.push_back(TRY(new_object(record)));
    } else {
      return unknown(of.empty() ? "its records do not say where they come from"
                                : fmt::format("its records come from {}", of));
    }
  }
  if (source == "aws:kinesis") return Event(kinesis.finish());
  if (source == "aws:sqs") return Event(std::move(queue));
  if (source == "aws:s3") return Event(std::move(notice));
  return unknown("Records is empty");
}

}  // namespace

bool is_sequence(std::string_view text) {
  constexpr size_t kMostDigits = 129;
  return !text.empty() && text.size() <= kMostDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

int compare_sequences(std::string_view left, std::string_view right) {
  const auto bare = [](std::string_view text) {
    return text.substr(std::min(text.find_first_not_of('0'), text.size() - 1));
  };
  return source::compare_sequence_numbers(bare(left), bare(right));
}

std::string stream_arn_of(std::string_view arn) { return std::string(arn.substr(0, arn.find("/consumer/"))); }

Result<std::string> stream_name_of(std::string_view arn) {
  const std::string of_stream = stream_arn_of(arn);
  const size_t at = of_stream.find(":stream/");
  if (at == std::string::npos || at + 8 == of_stream.size() || !of_stream.starts_with("arn:"))
    return unknown("eventSourceARN is no stream's");
  return of_stream.substr(at + 8);
}

std::string position_shard(std::string_view stream_name, std::string_view shard_id) {
  return fmt::format("{}/{}", stream_name.substr(0, kMaxStreamBytes), shard_id);
}

Result<Event> parse_event(std::string& text) {
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  ondemand::parser parser;
  ondemand::document document;
  if (parser.iterate(text).get(document) != simdjson::SUCCESS) return unknown("it is not JSON");
  ondemand::object object;
  if (document.get_object().get(object) != simdjson::SUCCESS) return unknown("it is no JSON object");
  ondemand::array records;
  if (object.find_field_unordered("Records").get_array().get(records) == simdjson::SUCCESS)
    return parse_records(records);
  std::string_view name;
  if (object.find_field_unordered("deliveryStreamArn").get_string().get(name) == simdjson::SUCCESS)
    return unknown("it asks for a Firehose transformation, which this version does not do");
  if (object.find_field_unordered("Event").get_string().get(name) == simdjson::SUCCESS &&
      name == "s3:TestEvent")
    return Event(BucketNotice());
  return unknown("it has no list Records");
}

}  // namespace sluice::lambda
