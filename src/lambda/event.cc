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

Error broken() { return unknown("it is not whole JSON"); }

// What one member of Records says, as far as any of the services says it; unescaped.
struct RecordText {
  std::optional<std::string_view> source;
  std::optional<std::string_view> arn;
  std::optional<std::string_view> event_id;
  std::optional<std::string_view> message_id;
  std::optional<std::string_view> body;
  std::optional<std::string_view> bucket;
  std::optional<std::string_view> key;
  std::optional<std::string_view> sequence;
  std::optional<std::string_view> data;  // decoded, in the block's arena
};

// Reads every member by its name as AWS spells it, without escapes, once, in the order in which they stand
// and to the end: the on-demand parser may not be asked again for anything behind JSON that is broken, nor go
// back within it.
class RecordReader {
 public:
  explicit RecordReader(Arena& arena) : arena_(arena) {}

  Result<RecordText> read(ondemand::value from) {
    RecordText record;
    TRY(each_member(from, "a member of Records is no object",
                    [&](ondemand::raw_json_string name, ondemand::value value) {
                      if (name == "eventSource" || name == "EventSource") return take(value, record.source);
                      if (name == "eventSourceARN") return take(value, record.arn);
                      if (name == "eventID") return take(value, record.event_id);
                      if (name == "messageId") return take(value, record.message_id);
                      if (name == "body") return take(value, record.body);
                      if (name == "kinesis") return read_kinesis(value, record);
                      if (name == "s3") return read_s3(value, record);
                      return Result<void>();
                    }));
    return record;
  }

 private:
  // `take(name, value)` for every member; a value that it leaves alone is passed over.
  template <typename Take>
  static Result<void> each_member(ondemand::value& from, const char* trouble, const Take& take) {
    ondemand::object object;
    if (from.get_object().get(object) != simdjson::SUCCESS) return unknown(trouble);
    for (auto found : object) {
      ondemand::field field;
      if (std::move(found).get(field) != simdjson::SUCCESS) return broken();
      TRY(take(field.key(), field.value()));
    }
    return {};
  }

  static Result<void> take(ondemand::value& value, std::optional<std::string_view>& into) {
    std::string_view text;
    const simdjson::error_code got = value.get_string().get(text);
    if (got == simdjson::INCORRECT_TYPE) return unknown("a member of a record that should be a text is none");
    if (got != simdjson::SUCCESS) return broken();
    into = text;
    return {};
  }

  Result<void> read_kinesis(ondemand::value& from, RecordText& record) {
    return each_member(from, "a record's kinesis is no object",
                       [&](ondemand::raw_json_string name, ondemand::value value) -> Result<void> {
                         if (name == "sequenceNumber") return take(value, record.sequence);
                         if (name == "data") record.data = TRY(decode(value));
                         return {};
                       });
  }

  static Result<void> read_s3(ondemand::value& from, RecordText& record) {
    return each_member(
        from, "a record's s3 is no object", [&](ondemand::raw_json_string part, ondemand::value inside) {
          if (part == "bucket")
            return each_member(inside, "a record's s3.bucket is no object",
                               [&](ondemand::raw_json_string name, ondemand::value value) {
                                 return name == "name" ? take(value, record.bucket) : Result<void>();
                               });
          if (part == "object")
            return each_member(inside, "a record's s3.object is no object",
                               [&](ondemand::raw_json_string name, ondemand::value value) {
                                 return name == "key" ? take(value, record.key) : Result<void>();
                               });
          return Result<void>();
        });
  }

  // Decoded where it stands.
  Result<std::string_view> decode(ondemand::value& value) {
    const std::string_view text = TRY(base64_of(value, unescaped_));
    char* to = arena_.allocate(base64_room(text));
    const std::optional<size_t> bytes = base64_decode_into(text, to);
    if (!bytes) return unknown("a Kinesis record's data is not base64");
    std::memset(to + *bytes, 0, kReadableSlack);
    return std::string_view(to, *bytes);
  }

  Arena& arena_;
  std::string unescaped_;
};

class EventReader {
 public:
  Result<void> add(ondemand::value from) {
    const RecordText record = TRY(reader_.read(from));
    if (is_first_) source_ = record.source.value_or("");
    is_first_ = false;
    if (record.source.value_or("") != source_) return unknown("its records are of several services");
    if (source_ == "aws:kinesis") return add_kinesis(record);
    if (source_ == "aws:sqs") return add_message(record);
    if (source_ == "aws:s3") return add_object(record);
    return unknown(source_.empty() ? "its records do not say where they come from"
                                   : fmt::format("its records come from {}", source_));
  }

  Result<Event> finish() {
    if (is_first_) return unknown("Records is empty");
    if (source_ == "aws:sqs") return Event(std::move(queue_));
    if (source_ == "aws:s3") return Event(std::move(notice_));
    // The string moves with the batch, and a short one would take its bytes along.
    const std::string_view shard = batch_.block.arena.copy(batch_.block.shard);
    for (change::RawRecord& record : batch_.block.records) record.position.shard = shard;
    return Event(std::move(batch_));
  }

 private:
  Result<void> add_kinesis(const RecordText& record) {
    if (!record.sequence || !record.data) return unknown("a Kinesis record lacks sequenceNumber or data");
    if (!is_sequence(*record.sequence)) return unknown("a Kinesis record has no sequence number");
    TRY(take_place(record));
    batch_.block.source_bytes += record.data->size();
    batch_.block.records.push_back(
        {{batch_.block.shard, batch_.block.arena.copy(*record.sequence)}, *record.data});
    return {};
  }

  // A batch never mixes shards; one that does is not what this was written for.
  Result<void> take_place(const RecordText& record) {
    if (!record.arn || !record.event_id) return unknown("a record lacks eventSourceARN or eventID");
    const std::string_view shard_id = record.event_id->substr(0, record.event_id->find(':'));
    if (!batch_.shard_id.empty()) {
      if (shard_id == batch_.shard_id && *record.arn == arn_) return {};
      return unknown("its records are of several shards");
    }
    if (!is_shard_id(shard_id) || shard_id.size() == record.event_id->size())
      return unknown("eventID does not begin with a shard and a colon");
    arn_ = *record.arn;
    batch_.stream_arn = stream_arn_of(arn_);
    batch_.shard_id = shard_id;
    batch_.block.shard = position_shard(TRY(stream_name_of(arn_)), shard_id);
    return {};
  }

  Result<void> add_message(const RecordText& record) {
    if (!record.message_id || !record.arn || !record.body)
      return unknown("a record lacks messageId, eventSourceARN or body");
    queue_.messages.push_back(
        {std::string(*record.message_id), std::string(*record.arn), std::string(*record.body)});
    return {};
  }

  Result<void> add_object(const RecordText& record) {
    if (!record.bucket || !record.key) return unknown("a record lacks s3.bucket.name or s3.object.key");
    std::string key(*record.key);
    std::replace(key.begin(), key.end(), '+', ' ');
    notice_.objects.push_back({std::string(*record.bucket), net::percent_decode(key)});
    return {};
  }

  KinesisBatch batch_;
  QueueBatch queue_;
  BucketNotice notice_;
  RecordReader reader_{batch_.block.arena};
  bool is_first_ = true;
  std::string source_;
  std::string arn_;
};

}  // namespace

bool is_sequence(std::string_view text) {
  constexpr size_t kMostDigits = 129;
  return !text.empty() && text.size() <= kMostDigits &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_shard_id(std::string_view text) {
  // "shardId-" and twelve digits; longer, a position would not fit its column.
  constexpr size_t kMostBytes = 47;
  return !text.empty() && text.size() <= kMostBytes;
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
  EventReader reader;
  bool has_records = false;
  bool is_firehose = false;
  bool is_test = false;
  for (auto found : object) {
    ondemand::field field;
    if (std::move(found).get(field) != simdjson::SUCCESS) return broken();
    const ondemand::raw_json_string name = field.key();
    ondemand::array records;
    if (name == "Records") {
      if (has_records) return unknown("it has two lists Records");
      has_records = true;
      if (field.value().get_array().get(records) != simdjson::SUCCESS)
        return unknown("it has no list Records");
      for (auto item : records) {
        ondemand::value record;
        if (item.get(record) != simdjson::SUCCESS) return broken();
        TRY(reader.add(record));
      }
    } else if (name == "deliveryStreamArn") {
      is_firehose = true;
    } else if (name == "Event") {
      std::string_view event;
      const simdjson::error_code got = field.value().get_string().get(event);
      if (got != simdjson::SUCCESS) return unknown("its member Event is no text");
      is_test = event == "s3:TestEvent";
    }
  }
  if (is_firehose) return unknown("it asks for a Firehose transformation, which this version does not do");
  if (has_records) return reader.finish();
  if (is_test) return Event(BucketNotice());
  return unknown("it has no list Records");
}

}  // namespace sluice::lambda
