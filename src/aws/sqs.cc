#include "aws/sqs.h"

#include <fmt/format.h>

#include "aws/json_object.h"
#include "aws/json_reply.h"
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

Result<std::string> parse_message_id(const std::string& body) {
  dom::parser parser;
  const dom::object reply = TRY(object_of(parser, body));
  return std::string(TRY(required_text(reply, "MessageId")));
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
  const dom::object reply = TRY(object_of(parser, body));
  std::vector<SqsMessage> messages;
  const std::optional<dom::array> list = TRY(optional_array(reply, "Messages"));
  if (!list) return messages;
  for (const dom::element item : *list) {
    const dom::object object = TRY(item_of(item, "Messages"));
    SqsMessage message;
    message.id = TRY(text_of(object, "MessageId"));
    message.receipt = TRY(required_text(object, "ReceiptHandle"));
    message.body = TRY(text_of(object, "Body"));
    const std::optional<dom::object> attributes = TRY(optional_object(object, "Attributes"));
    if (attributes) {
      const std::string_view count = TRY(text_of(*attributes, "ApproximateReceiveCount"));
      message.receive_count = parse_int64(count).value_or(0);
    }
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
  Result<std::string> id = parse_message_id(reply);
  if (!id.ok()) return unreadable_reply(operation, what, id.error().message);
  return id;
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
