#include "aws/lambda.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "aws/json_reply.h"
#include "net/url.h"

namespace sluice::aws {
namespace {

namespace dom = simdjson::dom;

constexpr int64_t kReplyMs = 30'000;
// Pages of 100; a list that goes on for longer than this goes round.
constexpr int kMaxPages = 1'000;

constexpr Operation read(std::string_view name) { return {"lambda", name, Effect::Read}; }

Result<EventSourceMapping> mapping_of(const dom::object& object) {
  EventSourceMapping mapping;
  mapping.id = TRY(required_text(object, "UUID"));
  mapping.source_arn = TRY(text_of(object, "EventSourceArn"));
  mapping.state = TRY(text_of(object, "State"));
  mapping.last_result = TRY(text_of(object, "LastProcessingResult"));
  mapping.starting_position = TRY(text_of(object, "StartingPosition"));
  mapping.batch_size = TRY(number_of(object, "BatchSize", 0));
  mapping.batching_window_s = TRY(number_of(object, "MaximumBatchingWindowInSeconds", 0));
  mapping.most_retries = TRY(number_of(object, "MaximumRetryAttempts", -1));
  mapping.most_record_age_s = TRY(number_of(object, "MaximumRecordAgeInSeconds", -1));
  mapping.tumbling_window_s = TRY(number_of(object, "TumblingWindowInSeconds", 0));
  mapping.bisects = TRY(flag_of(object, "BisectBatchOnFunctionError"));
  if (const auto destination = TRY(optional_object(object, "DestinationConfig"))) {
    if (const auto on_failure = TRY(optional_object(*destination, "OnFailure")))
      mapping.on_failure_arn = TRY(text_of(*on_failure, "Destination"));
  }
  if (const auto criteria = TRY(optional_object(object, "FilterCriteria"))) {
    if (const auto filters = TRY(optional_array(*criteria, "Filters")))
      mapping.filters = static_cast<int64_t>(filters->size());
  }
  if (const auto types = TRY(optional_array(object, "FunctionResponseTypes"))) {
    for (const dom::element type : *types) {
      std::string_view text;
      if (type.get(text) != simdjson::SUCCESS) return bad_member("FunctionResponseTypes");
      mapping.response_types.emplace(text);
    }
  }
  return mapping;
}

}  // namespace

Result<MappingsPage> parse_mappings(const std::string& body) {
  dom::parser parser;
  const dom::object reply = TRY(object_of(parser, body));
  MappingsPage page;
  for (const dom::element item : TRY(array_of(reply, "EventSourceMappings"))) {
    const dom::object object = TRY(item_of(item, "EventSourceMappings"));
    page.mappings.push_back(TRY(mapping_of(object)));
  }
  page.next_marker = TRY(text_of(reply, "NextMarker"));
  return page;
}

Result<FunctionConfiguration> parse_function(const std::string& body) {
  dom::parser parser;
  const dom::object reply = TRY(object_of(parser, body));
  FunctionConfiguration function;
  function.name = TRY(required_text(reply, "FunctionName"));
  function.runtime = TRY(text_of(reply, "Runtime"));
  function.timeout_s = TRY(number_of(reply, "Timeout", 0));
  function.memory_mib = TRY(number_of(reply, "MemorySize", 0));
  if (const auto logging = TRY(optional_object(reply, "LoggingConfig")))
    function.log_format = TRY(text_of(*logging, "LogFormat"));
  const auto environment = TRY(optional_object(reply, "Environment"));
  // What cannot be decrypted is an Error beside no Variables; without variables there is no Environment.
  if (environment && member_of(*environment, "Error")) return function;
  function.variables.emplace();
  if (!environment) return function;
  if (const auto variables = TRY(optional_object(*environment, "Variables"))) {
    for (const auto variable : *variables) function.variables->emplace(variable.key);
  }
  return function;
}

Result<FunctionConfiguration> Lambda::function(std::string_view function) {
  const Operation operation = read("GetFunctionConfiguration");
  const std::string what = fmt::format("read the function {}", function);
  const std::string path =
      fmt::format("/2015-03-31/functions/{}/configuration", net::percent_encode(function));
  const net::HttpResponse reply = TRY(session_.send(operation, what, "GET", path, {}, {}, kReplyMs));
  Result<FunctionConfiguration> parsed = parse_function(reply.body);
  if (!parsed.ok()) return unreadable_reply(operation, what, parsed.error().message);
  return parsed;
}

Result<std::vector<EventSourceMapping>> Lambda::mappings(std::string_view function) {
  const Operation operation = read("ListEventSourceMappings");
  const std::string what = fmt::format("list what feeds the function {}", function);
  std::vector<EventSourceMapping> mappings;
  std::string marker;
  for (int number = 0; number < kMaxPages; ++number) {
    std::string path = "/2015-03-31/event-source-mappings?FunctionName=" + net::percent_encode(function);
    if (!marker.empty()) path += "&Marker=" + net::percent_encode(marker);
    const net::HttpResponse reply = TRY(session_.send(operation, what, "GET", path, {}, {}, kReplyMs));
    Result<MappingsPage> parsed = parse_mappings(reply.body);
    if (!parsed.ok()) return unreadable_reply(operation, what, parsed.error().message);
    MappingsPage page = std::move(parsed).value();
    std::move(page.mappings.begin(), page.mappings.end(), std::back_inserter(mappings));
    marker = std::move(page.next_marker);
    if (marker.empty()) return mappings;
  }
  return unreadable_reply(operation, what, "the list does not end");
}

}  // namespace sluice::aws
