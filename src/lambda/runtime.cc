#include "lambda/runtime.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"

namespace sluice::lambda {
namespace {

// A hundred days: no limit, yet far from where the clock's arithmetic ends.
constexpr int64_t kForeverMs = int64_t{100} * 86'400'000;
// The sandbox is on this machine.
constexpr int64_t kPostMs = 30'000;

std::string header_of(const net::HttpResponse& reply, std::string_view name) {
  return std::string(reply.header(name).value_or(""));
}

std::string body_of(const Failure& failure) {
  std::string body = "{\"errorMessage\":";
  append_json_string(body, failure.message);
  body += ",\"errorType\":";
  append_json_string(body, failure.type);
  body += ",\"stackTrace\":[]}";
  return body;
}

// Lambda's own spelling of whose fault it was, for its metrics and for people.
std::string type_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Malformed:
      return "Sluice.UnknownEvent";
    case ErrorKind::Refused:
      return "Sluice.Refused";
    case ErrorKind::Throttled:
      return "Sluice.Throttled";
    case ErrorKind::Unavailable:
    case ErrorKind::OutcomeUnknown:
      break;
  }
  return "Sluice.Unavailable";
}

}  // namespace

Runtime::Runtime(net::HttpTransport& transport, std::string_view address)
    : transport_(transport), base_(fmt::format("http://{}/2018-06-01/runtime/", address)) {}

Result<Invocation> Runtime::next() {
  net::HttpRequest request;
  request.url = base_ + "invocation/next";
  // Where the pooled connection has been closed meanwhile, nothing was handed out on it.
  request.repeatable = true;
  Result<net::HttpResponse> sent = transport_.send(request, kForeverMs);
  if (!sent.ok()) return refused("the Lambda Runtime API is gone: " + sent.error().message);
  net::HttpResponse reply = std::move(sent).value();
  if (reply.status != 200)
    return refused(fmt::format("the Lambda Runtime API answered next with status {}.", reply.status));
  Invocation invocation;
  invocation.request_id = header_of(reply, "Lambda-Runtime-Aws-Request-Id");
  invocation.invocation_id = header_of(reply, "Lambda-Runtime-Invocation-Id");
  invocation.trace_id = header_of(reply, "Lambda-Runtime-Trace-Id");
  invocation.function_arn = header_of(reply, "Lambda-Runtime-Invoked-Function-Arn");
  invocation.deadline_ms = parse_int64(header_of(reply, "Lambda-Runtime-Deadline-Ms")).value_or(0);
  invocation.event = std::move(reply.body);
  if (invocation.request_id.empty())
    return refused("the Lambda Runtime API gave an invocation without a request id.");
  return invocation;
}

Result<void> Runtime::respond(const Invocation& invocation, std::string body) {
  return post(&invocation, "invocation/" + invocation.request_id + "/response", std::move(body), {});
}

Result<void> Runtime::fail(const Invocation& invocation, const Failure& failure) {
  return post(&invocation, "invocation/" + invocation.request_id + "/error", body_of(failure), failure.type);
}

Result<void> Runtime::init_failed(const Failure& failure) {
  return post(nullptr, "init/error", body_of(failure), failure.type);
}

Result<void> Runtime::post(const Invocation* invocation, const std::string& path, std::string body,
                           std::string_view error_type) {
  net::HttpRequest request;
  request.method = "POST";
  request.url = base_ + path;
  request.headers.push_back({"Content-Type", "application/json"});
  if (!error_type.empty())
    request.headers.push_back({"Lambda-Runtime-Function-Error-Type", std::string(error_type)});
  if (invocation != nullptr && !invocation->invocation_id.empty())
    request.headers.push_back({"Lambda-Runtime-Invocation-Id", invocation->invocation_id});
  request.body = std::move(body);
  const Result<net::HttpResponse> sent = transport_.send(request, kPostMs);
  if (!sent.ok()) return refused("the Lambda Runtime API is gone: " + sent.error().message);
  const int status = sent.value().status;
  if (status / 100 == 2) return {};
  const std::string said = fmt::format("the Lambda Runtime API answered {} with status {}.", path, status);
  // 500 says that the sandbox is in no state to go on; anything else is about this answer alone.
  return status >= 500 ? refused(said) : unavailable(said);
}

Error serve(Runtime& runtime, Function& function, bool exports_trace) {
  for (;;) {
    Result<Invocation> came = runtime.next();
    if (!came.ok()) return came.error();
    Invocation invocation = std::move(came).value();
    if (exports_trace) ::setenv("_X_AMZN_TRACE_ID", invocation.trace_id.c_str(), 1);
    std::string event = std::exchange(invocation.event, {});  // large, so never copied
    const Invocation about = invocation;
    invocation.event = std::move(event);
    Result<std::string> answer = function.invoke(std::move(invocation));
    if (!answer.ok()) log(LogLevel::Error, answer.error().message);
    const Result<void> told = answer.ok()
                                  ? runtime.respond(about, std::move(answer).value())
                                  : runtime.fail(about, {type_of(answer.error()), answer.error().message});
    if (told.ok()) continue;
    if (told.error().kind == ErrorKind::Refused) return told.error();
    log_warn(told.error().message);
  }
}

}  // namespace sluice::lambda
