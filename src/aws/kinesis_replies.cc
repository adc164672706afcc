#include "aws/kinesis_replies.h"

#include <simdjson.h>

#include <cmath>
#include <memory>

#include "base/base64.h"

namespace sluice::aws {
namespace {

namespace dom = simdjson::dom;

Error bad(const std::string& why) { return malformed("bad-reply", why); }
Error bad_member(const char* member) { return bad(std::string(member) + " is missing or of the wrong type"); }

Result<dom::object> object_of(dom::parser& parser, const std::string& body) {
  dom::element document;
  dom::object object;
  const simdjson::error_code failed = parser.parse(body).get(document);
  if (failed != simdjson::SUCCESS)
    return bad(std::string("it is not JSON (") + simdjson::error_message(failed) + ")");
  if (document.get(object) != simdjson::SUCCESS) return bad("it is no object");
  return object;
}

// A member that is absent or null gives nothing.
Result<std::string_view> text_of(const dom::object& object, const char* member) {
  dom::element value;
  if (object[member].get(value) != simdjson::SUCCESS || value.is_null()) return std::string_view();
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return bad_member(member);
  return text;
}

Result<std::string_view> required_text(const dom::object& object, const char* member) {
  const std::string_view text = TRY(text_of(object, member));
  if (text.empty()) return bad_member(member);
  return text;
}

Result<int64_t> number_of(const dom::object& object, const char* member, int64_t otherwise) {
  dom::element value;
  if (object[member].get(value) != simdjson::SUCCESS || value.is_null()) return otherwise;
  int64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS) return bad_member(member);
  return number;
}

Result<dom::array> array_of(const dom::object& object, const char* member) {
  dom::array array;
  if (object[member].get(array) != simdjson::SUCCESS) return bad_member(member);
  return array;
}

Result<dom::object> object_in(const dom::object& object, const char* member) {
  dom::object inside;
  if (object[member].get(inside) != simdjson::SUCCESS) return bad_member(member);
  return inside;
}

// An optional one: nothing when it is absent or null.
Result<std::optional<dom::object>> optional_object(const dom::object& object, const char* member) {
  dom::element value;
  if (object[member].get(value) != simdjson::SUCCESS || value.is_null()) return std::optional<dom::object>();
  dom::object inside;
  if (value.get(inside) != simdjson::SUCCESS) return bad_member(member);
  return std::optional<dom::object>(inside);
}

// Seconds with a fraction since 1970, as milliseconds.
Result<int64_t> time_of(const dom::object& object, const char* member) {
  dom::element value;
  if (object[member].get(value) != simdjson::SUCCESS || value.is_null()) return int64_t{0};
  double seconds = 0;
  if (value.get(seconds) != simdjson::SUCCESS || !(seconds >= 0 && seconds < 1e11)) return bad_member(member);
  return std::llround(seconds * 1000);
}

Result<KinesisRecord> record_of(const dom::object& object, Arena& arena) {
  KinesisRecord record;
  record.sequence = arena.copy(TRY(required_text(object, "SequenceNumber")));
  if (record.sequence.find_first_not_of("0123456789") != std::string_view::npos)
    return bad("SequenceNumber is no number");
  record.partition_key = arena.copy(TRY(text_of(object, "PartitionKey")));
  record.arrival_ms = TRY(time_of(object, "ApproximateArrivalTimestamp"));
  std::string_view data;
  if (object["Data"].get(data) != simdjson::SUCCESS) return bad_member("Data");
  char* room = arena.allocate(base64_room(data));
  const auto length = base64_decode_into(data, room);
  if (!length) return bad("Data is not base64");
  record.data = {room, *length};
  return record;
}

Result<Shard> shard_of(const dom::object& object) {
  Shard shard;
  shard.shard_id = TRY(required_text(object, "ShardId"));
  shard.parent_id = TRY(text_of(object, "ParentShardId"));
  shard.adjacent_parent_id = TRY(text_of(object, "AdjacentParentShardId"));
  const dom::object hashes = TRY(object_in(object, "HashKeyRange"));
  shard.start_hash = TRY(required_text(hashes, "StartingHashKey"));
  shard.end_hash = TRY(required_text(hashes, "EndingHashKey"));
  const auto sequences = TRY(optional_object(object, "SequenceNumberRange"));
  if (!sequences) return bad_member("SequenceNumberRange");
  shard.first_sequence = TRY(text_of(*sequences, "StartingSequenceNumber"));
  shard.last_sequence = TRY(text_of(*sequences, "EndingSequenceNumber"));
  return shard;
}

}  // namespace

Result<RecordsPage> parse_records_page(std::string& body, Arena& arena) {
  // A parser keeps its memory; one per thread serves page after page without asking for 30 MB each time.
  static thread_local dom::parser parser;
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  dom::element document;
  dom::object object;
  const simdjson::error_code failed = parser.parse(body.data(), body.size(), false).get(document);
  if (failed != simdjson::SUCCESS)
    return bad(std::string("it is not JSON (") + simdjson::error_message(failed) + ")");
  if (document.get(object) != simdjson::SUCCESS) return bad("it is no object");
  RecordsPage page;
  const dom::array records = TRY(array_of(object, "Records"));
  page.records.reserve(records.size());
  for (const dom::element element : records) {
    dom::object record;
    if (element.get(record) != simdjson::SUCCESS) return bad_member("Records");
    page.records.push_back(TRY(record_of(record, arena)));
  }
  page.next_iterator = TRY(text_of(object, "NextShardIterator"));
  page.millis_behind = TRY(number_of(object, "MillisBehindLatest", -1));
  dom::element children;
  if (object["ChildShards"].get(children) == simdjson::SUCCESS && !children.is_null()) {
    for (const dom::element element : TRY(array_of(object, "ChildShards"))) {
      dom::object child;
      if (element.get(child) != simdjson::SUCCESS) return bad_member("ChildShards");
      page.child_shards.emplace_back(TRY(required_text(child, "ShardId")));
    }
  }
  return page;
}

Result<StreamSummary> parse_stream_summary(const std::string& body) {
  dom::parser parser;
  const dom::object object = TRY(object_of(parser, body));
  const dom::object summary = TRY(object_in(object, "StreamDescriptionSummary"));
  StreamSummary stream;
  stream.name = TRY(required_text(summary, "StreamName"));
  stream.arn = TRY(text_of(summary, "StreamARN"));
  stream.status = TRY(required_text(summary, "StreamStatus"));
  stream.retention_hours = TRY(number_of(summary, "RetentionPeriodHours", 24));
  stream.open_shards = TRY(number_of(summary, "OpenShardCount", 0));
  stream.max_record_kib = TRY(number_of(summary, "MaxRecordSizeInKiB", 1024));
  stream.created_s = TRY(time_of(summary, "StreamCreationTimestamp")) / 1000;
  return stream;
}

Result<ShardsPage> parse_shards_page(const std::string& body) {
  dom::parser parser;
  const dom::object object = TRY(object_of(parser, body));
  ShardsPage page;
  for (const dom::element element : TRY(array_of(object, "Shards"))) {
    dom::object shard;
    if (element.get(shard) != simdjson::SUCCESS) return bad_member("Shards");
    page.shards.push_back(TRY(shard_of(shard)));
  }
  page.next_token = TRY(text_of(object, "NextToken"));
  return page;
}

Result<std::string> parse_iterator(const std::string& body) {
  dom::parser parser;
  const dom::object object = TRY(object_of(parser, body));
  return std::string(TRY(required_text(object, "ShardIterator")));
}

Result<PutOutcome> parse_put_outcome(const std::string& body, size_t records) {
  dom::parser parser;
  const dom::object object = TRY(object_of(parser, body));
  const dom::array items = TRY(array_of(object, "Records"));
  if (items.size() != records) return bad("it does not say what became of each record");
  PutOutcome outcome;
  for (const dom::element element : items) {
    dom::object object_of_item;
    if (element.get(object_of_item) != simdjson::SUCCESS) return bad_member("Records");
    PutOutcome::Item item;
    item.error_code = TRY(text_of(object_of_item, "ErrorCode"));
    item.sequence = TRY(text_of(object_of_item, "SequenceNumber"));
    item.shard_id = TRY(text_of(object_of_item, "ShardId"));
    if (item.error_code.empty() && item.sequence.empty()) return bad_member("SequenceNumber");
    outcome.failed += item.error_code.empty() ? 0 : 1;
    outcome.items.push_back(std::move(item));
  }
  return outcome;
}

}  // namespace sluice::aws
