#include "lambda/on_failure.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "base/text.h"

namespace sluice::lambda {
namespace {

namespace dom = simdjson::dom;

Error no_document(const std::string& why) {
  return malformed("unknown-document",
                   "it is no on-failure document of a Kinesis event source mapping: " + why + ".");
}

// Empty when it is absent, null or no text.
std::string text_of(const dom::object& object, const char* member) {
  std::string_view text;
  return object[member].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

Result<FailedRange> range_of(const dom::object& document) {
  dom::object info;
  if (document["KinesisBatchInfo"].get(info) != simdjson::SUCCESS)
    return no_document("KinesisBatchInfo is missing");
  FailedRange range;
  range.stream_arn = stream_arn_of(text_of(info, "streamArn"));
  range.shard_id = text_of(info, "shardId");
  range.first_sequence = text_of(info, "startSequenceNumber");
  range.last_sequence = text_of(info, "endSequenceNumber");
  range.first_arrival = text_of(info, "approximateArrivalOfFirstRecord");
  range.last_arrival = text_of(info, "approximateArrivalOfLastRecord");
  if (info["batchSize"].get(range.batch_size) != simdjson::SUCCESS) range.batch_size = 0;
  range.payload = text_of(document, "payload");
  dom::object request;
  if (document["requestContext"].get(request) == simdjson::SUCCESS)
    range.condition = text_of(request, "condition");
  if (!stream_name_of(range.stream_arn).ok()) return no_document("streamArn is no stream's");
  if (!is_shard_id(range.shard_id)) return no_document("shardId is missing, or none");
  if (!is_sequence(range.first_sequence) || !is_sequence(range.last_sequence))
    return no_document("startSequenceNumber and endSequenceNumber are not both sequence numbers");
  if (compare_sequences(range.first_sequence, range.last_sequence) > 0)
    return no_document("startSequenceNumber is greater than endSequenceNumber");
  return range;
}

}  // namespace

Result<FailureNote> parse_failure_note(const std::string& text) {
  dom::parser parser;
  dom::object document;
  if (parser.parse(text).get(document) != simdjson::SUCCESS) return no_document("it is no JSON object");
  if (document["KinesisBatchInfo"].error() == simdjson::SUCCESS) return FailureNote(TRY(range_of(document)));
  if (text_of(document, "Type") == "Notification") {
    const std::string inside = text_of(document, "Message");
    dom::object wrapped;
    if (parser.parse(inside).get(wrapped) != simdjson::SUCCESS)
      return no_document("SNS's Message is no JSON");
    return FailureNote(TRY(range_of(wrapped)));
  }
  if (document["Records"].error() == simdjson::SUCCESS || text_of(document, "Event") == "s3:TestEvent") {
    std::string copy = text;
    Event event = TRY(parse_event(copy));
    if (auto* notice = std::get_if<BucketNotice>(&event)) return FailureNote(std::move(*notice));
  }
  return no_document("KinesisBatchInfo is missing");
}

std::string describe(const FailedRange& range) {
  const std::string stream = range.stream_arn.substr(range.stream_arn.rfind('/') + 1);
  std::string text = fmt::format("{} of {}, sequence numbers {} to {}", range.shard_id, stream,
                                 range.first_sequence, range.last_sequence);
  if (range.batch_size > 0) text += fmt::format(", {} records", with_thousands(range.batch_size));
  if (!range.first_arrival.empty())
    text += fmt::format(", arrived {} to {}", range.first_arrival, range.last_arrival);
  return text;
}

}  // namespace sluice::lambda
