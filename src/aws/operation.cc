#include "aws/operation.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

namespace sluice::aws {
namespace {

constexpr size_t kMaxShownBytes = 300;

template <size_t kCount>
bool is_one_of(std::string_view code, const std::array<std::string_view, kCount>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool asks_for_less(std::string_view code, int status) {
  static constexpr std::array<std::string_view, 13> kCodes = {"ProvisionedThroughputExceededException",
                                                              "LimitExceededException",
                                                              "ActiveStatementsExceededException",
                                                              "Throttling",
                                                              "ThrottlingException",
                                                              "ThrottledException",
                                                              "RequestThrottled",
                                                              "RequestThrottledException",
                                                              "TooManyRequestsException",
                                                              "RequestLimitExceeded",
                                                              "BandwidthLimitExceeded",
                                                              "SlowDown",
                                                              "KMSThrottlingException"};
  return status == 429 || is_one_of(code, kCodes);
}

// Gone, and to be had anew by asking for it.
bool has_expired(std::string_view code) {
  return code == "ExpiredIteratorException" || code == "ExpiredNextTokenException";
}

bool is_busy(std::string_view code) {
  return code == "ResourceInUseException" || code == "ConflictException" || code == "OperationAborted";
}

bool lacks_right(std::string_view code, int status) {
  static constexpr std::array<std::string_view, 7> kCodes = {
      "AccessDeniedException", "AccessDenied",    "UnauthorizedOperation",   "NotAuthorized",
      "AuthorizationError",    "KMSAccessDenied", "KMSAccessDeniedException"};
  return is_one_of(code, kCodes) || (status == 403 && code.empty());
}

bool distrusts_credentials(std::string_view code) {
  static constexpr std::array<std::string_view, 15> kCodes = {"ExpiredToken",
                                                              "ExpiredTokenException",
                                                              "InvalidClientTokenId",
                                                              "InvalidAccessKeyId",
                                                              "UnrecognizedClientException",
                                                              "IncompleteSignature",
                                                              "IncompleteSignatureException",
                                                              "InvalidSignatureException",
                                                              "SignatureDoesNotMatch",
                                                              "MissingAuthenticationToken",
                                                              "MissingAuthenticationTokenException",
                                                              "RequestTimeTooSkewed",
                                                              "RequestExpired",
                                                              "InvalidToken",
                                                              "AuthFailure"};
  return is_one_of(code, kCodes);
}

// "com.amazonaws.kinesis.v20131202#ExpiredIteratorException:http://..." → ExpiredIteratorException.
std::string bare_code(std::string_view text) {
  text = text.substr(0, text.find(':'));
  if (const size_t hash = text.rfind('#'); hash != std::string_view::npos) text = text.substr(hash + 1);
  const bool plain = std::all_of(text.begin(), text.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '.' || letter == '_';
  });
  return plain && text.size() <= 100 ? std::string(text) : std::string();
}

std::string_view in_xml(std::string_view body, std::string_view tag) {
  const std::string open = "<" + std::string(tag) + ">";
  const size_t start = body.find(open);
  if (start == std::string_view::npos) return {};
  const size_t end = body.find("</", start);
  if (end == std::string_view::npos) return {};
  return body.substr(start + open.size(), end - start - open.size());
}

// The first of the members that the reply's JSON has, otherwise the XML element.
std::string named_text(const std::string& body, std::initializer_list<const char*> members,
                       std::string_view tag) {
  if (body.find('{') == std::string::npos) return std::string(in_xml(body, tag));
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(body).get(document) != simdjson::SUCCESS) return {};
  for (const char* member : members) {
    std::string_view text;
    if (document[member].get(text) == simdjson::SUCCESS) return std::string(text);
  }
  return {};
}

// What the service says, for people. Control characters go, the length is bounded, and nothing is shown that
// may hold a row or (as replies about signatures do) the headers that were signed.
std::string shown_message(const Operation& operation, const std::string& code,
                          const net::HttpResponse& reply) {
  if (operation.carries_rows || distrusts_credentials(code)) return {};
  std::string text = named_text(reply.body, {"message", "Message", "errorMessage"}, "Message");
  if (text.size() > kMaxShownBytes) text = text.substr(0, kMaxShownBytes) + "...";
  std::replace_if(
      text.begin(), text.end(),
      [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; }, ' ');
  return text;
}

std::string cannot(std::string_view what) { return "cannot " + std::string(what) + ": "; }

}  // namespace

std::string failure_code(const net::HttpResponse& reply) {
  if (const auto type = reply.header("x-amzn-ErrorType")) {
    std::string code = bare_code(*type);
    if (!code.empty()) return code;
  }
  return bare_code(named_text(reply.body, {"__type", "code", "Code"}, "Code"));
}

Error failed_reply(const Operation& operation, std::string_view what, const net::HttpResponse& reply) {
  const std::string code = failure_code(reply);
  const std::string shown = code.empty() ? "status " + std::to_string(reply.status) : code;
  const std::string message = shown_message(operation, code, reply);
  const std::string detail = message.empty() ? shown + "." : shown + ": " + message;
  const std::string right = std::string(operation.service) + ":" + std::string(operation.name);
  if (asks_for_less(code, reply.status))
    return {ErrorKind::Throttled, code,
            cannot(what) + std::string(operation.service) + " asks for less (" + shown + ")."};
  if (distrusts_credentials(code))
    return {ErrorKind::Refused, code,
            cannot(what) + "the credentials were not accepted (" + shown +
                "). Check that they are current and that this machine's clock is right."};
  if (lacks_right(code, reply.status))
    return {
        ErrorKind::Refused, code,
        cannot(what) + "the credentials were refused (" + shown + "). Check the role's " + right + " right."};
  if (has_expired(code)) return {ErrorKind::Unavailable, code, cannot(what) + detail};
  if (is_busy(code) && operation.effect != Effect::Create)
    return {ErrorKind::Unavailable, code, cannot(what) + detail};
  if (reply.status >= 500 || reply.status == 408)
    return {operation.effect == Effect::Read ? ErrorKind::Unavailable : ErrorKind::OutcomeUnknown, code,
            cannot(what) + std::string(operation.service) + " failed (" + shown + ", status " +
                std::to_string(reply.status) + ")."};
  if (reply.status / 100 == 3)
    return {ErrorKind::Refused, code,
            cannot(what) + "the server answered with a redirect (status " + std::to_string(reply.status) +
                "), which is never followed. Check the Region and AWS_ENDPOINT_URL."};
  return {ErrorKind::Refused, code, cannot(what) + detail};
}

Error failed_transport(const Operation& operation, std::string_view what, const Error& error) {
  const bool lost_read = error.kind == ErrorKind::OutcomeUnknown && operation.effect == Effect::Read;
  return {lost_read ? ErrorKind::Unavailable : error.kind, error.reason, cannot(what) + error.message};
}

Error unreadable_reply(const Operation& operation, std::string_view what, std::string_view why) {
  return {operation.effect == Effect::Read ? ErrorKind::Unavailable : ErrorKind::OutcomeUnknown, "bad-reply",
          cannot(what) + "the reply to " + std::string(operation.name) + " is not what " +
              std::string(operation.service) + " promises: " + std::string(why) + "."};
}

Error bad_reply(const std::string& why) { return malformed("bad-reply", why); }

}  // namespace sluice::aws
