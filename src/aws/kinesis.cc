#include "aws/kinesis.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "aws/json_object.h"
#include "aws/kinesis_replies.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::aws {
namespace {

// Pages of 1,000 shards; a stream with more than this many pages does not exist, so a list that goes on is
// one that goes round.
constexpr int kMaxShardPages = 1000;

constexpr Operation read(std::string_view name) { return {"kinesis", name, Effect::Read}; }
constexpr Operation write(std::string_view name) { return {"kinesis", name, Effect::Write}; }

std::string target(const Operation& operation) { return "Kinesis_20131202." + std::string(operation.name); }

class Members : public JsonObject {
 public:
  JsonObject& stream(const StreamName& stream) {
    return stream.arn.empty() ? text("StreamName", stream.name) : text("StreamARN", stream.arn);
  }
};

template <typename T>
Result<T> checked(const Operation& operation, std::string_view what, Result<T> parsed) {
  if (parsed.ok()) return parsed;
  return unreadable_reply(operation, what, parsed.error().message);
}

std::string stream_text(std::string_view verb, const StreamName& stream) {
  return fmt::format("{} the stream {}", verb, stream.shown());
}

std::string_view type_name(StartAt start) {
  switch (start) {
    case StartAt::TrimHorizon:
      return "TRIM_HORIZON";
    case StartAt::Latest:
      return "LATEST";
    case StartAt::AtTime:
      return "AT_TIMESTAMP";
    case StartAt::AtSequence:
      return "AT_SEQUENCE_NUMBER";
    case StartAt::AfterSequence:
      return "AFTER_SEQUENCE_NUMBER";
  }
  return {};
}

}  // namespace

std::string_view StreamName::shown() const {
  if (!name.empty()) return name;
  const size_t slash = arn.rfind('/');
  return slash == std::string::npos ? std::string_view(arn) : std::string_view(arn).substr(slash + 1);
}

Result<StreamName> parse_stream_name(std::string_view text) {
  const auto is_name = [](std::string_view name) {
    return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '.' || c == '-';
    });
  };
  if (is_name(text)) return StreamName{std::string(text), {}};
  const size_t slash = text.find(":stream/");
  if (text.starts_with("arn:") && text.find(":kinesis:") != std::string_view::npos &&
      slash != std::string_view::npos && is_name(text.substr(slash + 8)))
    return StreamName{{}, std::string(text)};
  return refused(
      fmt::format("'{}' is no Kinesis stream: a name has up to 128 letters, digits, '_', '.' and '-'; "
                  "an ARN is like arn:aws:kinesis:REGION:ACCOUNT:stream/NAME.",
                  text));
}

Result<StreamSummary> Kinesis::describe(const StreamName& stream) {
  const Operation operation = read("DescribeStreamSummary");
  const std::string what = stream_text("look at", stream);
  const std::string body = TRY(session_.call_json(operation, what, target(operation),
                                                  Members().stream(stream).done(), timeouts_.read_ms));
  return checked(operation, what, parse_stream_summary(body));
}

Result<std::vector<Shard>> Kinesis::list_shards(const StreamName& stream) {
  const Operation operation = read("ListShards");
  const std::string what = stream_text("list the shards of", stream);
  std::vector<Shard> shards;
  std::string next_token;
  for (int page_number = 0; page_number < kMaxShardPages; ++page_number) {
    Members ask;
    // A token already says which stream; both together are refused.
    if (next_token.empty()) {
      ask.stream(stream);
    } else {
      ask.text("NextToken", next_token);
    }
    const std::string body =
        TRY(session_.call_json(operation, what, target(operation), ask.done(), timeouts_.read_ms));
    ShardsPage page = TRY(checked(operation, what, parse_shards_page(body)));
    std::move(page.shards.begin(), page.shards.end(), std::back_inserter(shards));
    next_token = std::move(page.next_token);
    if (next_token.empty()) return shards;
  }
  return unreadable_reply(operation, what, "the list does not end");
}

Result<std::string> Kinesis::iterator(const StreamName& stream, std::string_view shard_id, StartAt start,
                                      std::string_view sequence, int64_t time_ms) {
  const Operation operation = read("GetShardIterator");
  const std::string what = stream_text(fmt::format("find the place in {} of", shard_id), stream);
  Members ask;
  ask.stream(stream).text("ShardId", shard_id).text("ShardIteratorType", type_name(start));
  if (start == StartAt::AtSequence || start == StartAt::AfterSequence)
    ask.text("StartingSequenceNumber", sequence);
  if (start == StartAt::AtTime) ask.raw("Timestamp", fmt::format("{}.{:03}", time_ms / 1000, time_ms % 1000));
  const std::string body =
      TRY(session_.call_json(operation, what, target(operation), ask.done(), timeouts_.read_ms));
  return checked(operation, what, parse_iterator(body));
}

Result<RecordsPage> Kinesis::get_records(const StreamName& stream, std::string_view iterator, int limit,
                                         Arena& arena) {
  const Operation operation = read("GetRecords");
  const std::string what = stream_text("read", stream);
  Members ask;
  // Emulators know no StreamARN here, and the iterator says which stream; AWS wants the ARN only for rights
  // across accounts.
  if (!stream.arn.empty()) ask.text("StreamARN", stream.arn);
  ask.text("ShardIterator", iterator).raw("Limit", std::to_string(limit));
  std::string body =
      TRY(session_.call_json(operation, what, target(operation), ask.done(), timeouts_.read_ms));
  return checked(operation, what, parse_records_page(body, arena));
}

Result<PutOutcome> Kinesis::put_records(const StreamName& stream, std::span<const OutgoingRecord> records) {
  Operation operation = write("PutRecords");
  operation.carries_rows = true;
  const std::string what = stream_text("write to", stream);
  size_t bytes = 0;
  for (const OutgoingRecord& record : records) bytes += record.data.size() + record.partition_key.size();
  if (records.empty() || records.size() > kMaxPutRecords || bytes > kMaxPutBytes)
    return refused("cannot " + what + ": one call takes 1 to 500 records of 10 MiB together.");
  std::string list;
  list.reserve(bytes / 3 * 4 + records.size() * 128);
  for (const OutgoingRecord& record : records) {
    list += list.empty() ? "[" : ",";
    list += R"({"Data":")";
    list += base64_encode(record.data);
    list += R"(","PartitionKey":)";
    append_json_string(list, record.partition_key);
    list += '}';
  }
  list += ']';
  Members ask;
  ask.stream(stream).raw("Records", list);
  const std::string body =
      TRY(session_.call_json(operation, what, target(operation), ask.done(), timeouts_.write_ms));
  return checked(operation, what, parse_put_outcome(body, records.size()));
}

Result<void> Kinesis::create_stream(std::string_view name, int shards) {
  const Operation operation{"kinesis", "CreateStream", Effect::Create};
  Members ask;
  ask.text("StreamName", name);
  if (shards > 0) {
    ask.raw("ShardCount", std::to_string(shards));
  } else {
    ask.raw("StreamModeDetails", R"({"StreamMode":"ON_DEMAND"})");
  }
  TRY(session_.call_json(operation, fmt::format("create the stream {}", name), target(operation), ask.done(),
                         timeouts_.write_ms));
  return {};
}

Result<void> Kinesis::delete_stream(const StreamName& stream) {
  const Operation operation = write("DeleteStream");
  Members ask;
  ask.stream(stream).raw("EnforceConsumerDeletion", "true");
  TRY(session_.call_json(operation, stream_text("delete", stream), target(operation), ask.done(),
                         timeouts_.write_ms));
  return {};
}

Result<void> Kinesis::split_shard(const StreamName& stream, std::string_view shard_id,
                                  std::string_view new_start_hash) {
  const Operation operation = write("SplitShard");
  Members ask;
  ask.stream(stream).text("ShardToSplit", shard_id).text("NewStartingHashKey", new_start_hash);
  TRY(session_.call_json(operation, stream_text("split a shard of", stream), target(operation), ask.done(),
                         timeouts_.write_ms));
  return {};
}

Result<void> Kinesis::merge_shards(const StreamName& stream, std::string_view shard_id,
                                   std::string_view adjacent_id) {
  const Operation operation = write("MergeShards");
  Members ask;
  ask.stream(stream).text("ShardToMerge", shard_id).text("AdjacentShardToMerge", adjacent_id);
  TRY(session_.call_json(operation, stream_text("merge shards of", stream), target(operation), ask.done(),
                         timeouts_.write_ms));
  return {};
}

Result<void> Kinesis::update_max_record_size(const StreamName& stream, int64_t kib) {
  const Operation operation = write("UpdateMaxRecordSize");
  const std::string what = stream_text("allow larger records in", stream);
  // The only operation that takes nothing but an ARN.
  const std::string arn = stream.arn.empty() ? TRY(describe(stream)).arn : stream.arn;
  Members ask;
  ask.text("StreamARN", arn).raw("MaxRecordSizeInKiB", std::to_string(kib));
  TRY(session_.call_json(operation, what, target(operation), ask.done(), timeouts_.write_ms));
  return {};
}

}  // namespace sluice::aws
