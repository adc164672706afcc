#include "aws/session.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "net/sigv4.h"

namespace sluice::aws {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
// AWS accepts five minutes; less than four is not what a signature is refused for.
constexpr int64_t kSkewNs = 240 * kSecond;

bool may_be_skew(const std::string& code) {
  static constexpr std::array<std::string_view, 6> kCodes = {
      "RequestTimeTooSkewed",      "RequestExpired",        "RequestInTheFuture",
      "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure"};
  for (const std::string_view one : kCodes)
    if (code == one) return true;
  return false;
}

bool is_expired_token(const std::string& code) {
  return code == "ExpiredToken" || code == "ExpiredTokenException" || code == "UnrecognizedClientException" ||
         code == "InvalidClientTokenId";
}

// "Sun, 06 Nov 1994 08:49:37 GMT" in seconds since 1970; 0 when it is none.
int64_t http_date(std::string_view text) {
  std::tm time{};
  const std::string copy(text);
  const char* end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S", &time);
  return end == nullptr ? 0 : ::timegm(&time);
}

}  // namespace

bool Session::learn_clock(const net::HttpResponse& reply) {
  const auto date = reply.header("Date");
  const int64_t server_s = date ? http_date(*date) : 0;
  if (server_s == 0) return false;
  const int64_t offset = server_s * kSecond - clock_.wall_ns();
  if (std::llabs(offset - clock_offset_ns_.load()) < kSkewNs) return false;
  clock_offset_ns_ = offset;
  return true;
}

// `request` is signed for this attempt alone; only its headers are copied, a body may be megabytes.
Result<net::HttpResponse> Session::attempt(const Operation& operation, net::HttpRequest& request,
                                           int64_t timeout_ms) {
  const net::Credentials credentials = TRY(credentials_.get());
  const std::vector<net::Header> unsigned_headers = request.headers;
  net::Signing signing{.region = endpoints_.region,
                       .service = std::string(operation.service),
                       .wall_ns = clock_.wall_ns() + clock_offset_ns()};
  signing.path_as_sent = operation.service == "s3";
  signing.content_hash_header = operation.service == "s3";
  TRY(net::sign_headers(request, credentials, signing));
  Result<net::HttpResponse> reply = transport_.send(request, timeout_ms);
  request.headers = unsigned_headers;
  return reply;
}

Result<net::HttpResponse> Session::send(const Operation& operation, std::string_view what,
                                        std::string_view method, std::string_view path_and_query,
                                        std::vector<net::Header> headers, std::string body,
                                        int64_t timeout_ms) {
  net::HttpRequest request;
  request.method = method;
  request.url = TRY(endpoint_of(operation.service)) + std::string(path_and_query);
  request.headers = std::move(headers);
  request.body = std::move(body);
  request.repeatable = operation.effect == Effect::Read;
  bool asked_again = false;
  bool learnt = false;
  for (;;) {
    auto reply = attempt(operation, request, timeout_ms);
    if (!reply.ok()) return failed_transport(operation, what, reply.error());
    if (reply.value().status / 100 == 2) return reply;
    const std::string code = failure_code(reply.value());
    if (!learnt && may_be_skew(code) && learn_clock(reply.value())) {
      learnt = true;
      continue;
    }
    if (!asked_again && is_expired_token(code)) {
      asked_again = true;
      credentials_.forget();
      continue;
    }
    return failed_reply(operation, what, reply.value());
  }
}

Result<std::string> Session::call_json(const Operation& operation, std::string_view what,
                                       std::string_view target, std::string body, int64_t timeout_ms,
                                       std::string_view version) {
  auto reply = TRY(send(operation, what, "POST", "/",
                        {{"Content-Type", "application/x-amz-json-" + std::string(version)},
                         {"X-Amz-Target", std::string(target)}},
                        std::move(body), timeout_ms));
  return std::move(reply.body);
}

}  // namespace sluice::aws
