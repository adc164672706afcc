#include "aws/kinesis_replies.h"

#include <memory>

#include "aws/json_reply.h"
#include "base/base64.h"

namespace sluice::aws {
namespace {

namespace dom = simdjson::dom;

Result<KinesisRecord> record_of(const dom::object& object, Arena& arena) {
  KinesisRecord record;
  record.sequence = arena.copy(TRY(required_text(object, "SequenceNumber")));
  if (record.sequence.find_first_not_of("0123456789") != std::string_view::npos)
    return bad_reply("SequenceNumber is no number");
  record.partition_key = arena.copy(TRY(text_of(object, "PartitionKey")));
  record.arrival_ms = TRY(time_of(object, "ApproximateArrivalTimestamp"));
  std::string_view data;
  if (object["Data"].get(data) != simdjson::SUCCESS) return bad_member("Data");
  char* room = arena.allocate(base64_room(data));
  const auto length = base64_decode_into(data, room);
  if (!length) return bad_reply("Data is not base64");
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
    return bad_reply(std::string("it is not JSON (") + simdjson::error_message(failed) + ")");
  if (document.get(object) != simdjson::SUCCESS) return bad_reply("it is no object");
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
  if (items.size() != records) return bad_reply("it does not say what became of each record");
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
