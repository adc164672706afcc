#include "aws/sqs.h"

#include <fmt/format.h>
#include <simdjson.h>

#include "aws/json_object.h"
#include "base/text.h"
#include "net/url.h"

namespace sluice::aws {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kVersion = "1.0";

constexpr Operation read(std::string_view name) { return {"sqs", name, Effect::Read}; }
// What a message says may be a customer's record.
constexpr Operation write(std::string_view name) { return {"sqs", name, Effect::Write, true}; }

std::string target(const Operation& operation) { return "AmazonSQS." + std::string(operation.name); }

std::string queue_text(std::string_view verb, std::string_view queue_url) {
  return fmt::format("{} the queue {}", verb, queue_url.substr(queue_url.rfind('/') + 1));
}

Error bad(const std::string& why) { return malformed("bad-reply", why); }

// Empty when it is absent.
std::string text_of(const dom::object& object, const char* member) {
  std::string_view text;
  return object[member].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

}  // namespace

Result<std::string> parse_queue_url(std::string_view text) {
  const Result<net::Url> url = net::parse_url(text);
  if (!url.ok() || url.value().path.size() < 2 || !url.value().user_info.empty() ||
      !url.value().query.empty()) {
    return refused(fmt::format(
        "'{}' is no queue: write its URL, as https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.", text));
  }
  return std::string(text);
}

Result<std::vector<SqsMessage>> parse_messages(const std::string& body) {
  dom::parser parser;
  dom::object reply;
  if (parser.parse(body).get(reply) != simdjson::SUCCESS) return bad("it is no JSON object");
  std::vector<SqsMessage> messages;
  dom::element list;
  if (reply["Messages"].get(list) != simdjson::SUCCESS || list.is_null()) return messages;
  dom::array array;
  if (list.get(array) != simdjson::SUCCESS) return bad("Messages is no list");
  for (const dom::element item : array) {
    dom::object object;
    if (item.get(object) != simdjson::SUCCESS) return bad("a message is no object");
    SqsMessage message{text_of(object, "MessageId"), text_of(object, "ReceiptHandle"),
                       text_of(object, "Body"), 0};
    if (message.receipt.empty()) return bad("a message has no ReceiptHandle");
    dom::object attributes;
    if (object["Attributes"].get(attributes) == simdjson::SUCCESS)
      message.receive_count = parse_int64(text_of(attributes, "ApproximateReceiveCount")).value_or(0);
    messages.push_back(std::move(message));
  }
  return messages;
}

Result<std::string> Sqs::send(const std::string& queue_url, std::string_view body) {
  const Operation operation = write("SendMessage");
  const std::string what = queue_text("send to", queue_url);
  const std::string reply =
      TRY(session_.call_json(operation, what, target(operation),
                             JsonObject().text("QueueUrl", queue_url).text("MessageBody", body).done(),
                             timeouts_.write_ms, kVersion));
  dom::parser parser;
  dom::object object;
  if (parser.parse(reply).get(object) != simdjson::SUCCESS || text_of(object, "MessageId").empty())
    return unreadable_reply(operation, what, "MessageId is missing");
  return text_of(object, "MessageId");
}

Result<std::vector<SqsMessage>> Sqs::receive(const std::string& queue_url, int limit, int wait_s,
                                             int hidden_s) {
  const Operation operation = read("ReceiveMessage");
  const std::string what = queue_text("read", queue_url);
  const std::string reply =
      TRY(session_.call_json(operation, what, target(operation),
                             JsonObject()
                                 .text("QueueUrl", queue_url)
                                 .number("MaxNumberOfMessages", limit)
                                 .number("WaitTimeSeconds", wait_s)
                                 .number("VisibilityTimeout", hidden_s)
                                 .raw("AttributeNames", R"(["ApproximateReceiveCount"])")
                                 .done(),
                             timeouts_.read_ms, kVersion));
  Result<std::vector<SqsMessage>> messages = parse_messages(reply);
  if (!messages.ok()) return unreadable_reply(operation, what, messages.error().message);
  return messages;
}

Result<void> Sqs::remove(const std::string& queue_url, const std::string& receipt) {
  const Operation operation = write("DeleteMessage");
  TRY(session_.call_json(operation, queue_text("remove a message of", queue_url), target(operation),
                         JsonObject().text("QueueUrl", queue_url).text("ReceiptHandle", receipt).done(),
                         timeouts_.write_ms, kVersion));
  return {};
}

Result<void> Sqs::hide(const std::string& queue_url, const std::string& receipt, int hidden_s) {
  const Operation operation = write("ChangeMessageVisibility");
  TRY(session_.call_json(operation, queue_text("hide a message of", queue_url), target(operation),
                         JsonObject()
                             .text("QueueUrl", queue_url)
                             .text("ReceiptHandle", receipt)
                             .number("VisibilityTimeout", hidden_s)
                             .done(),
                         timeouts_.write_ms, kVersion));
  return {};
}

}  // namespace sluice::aws
