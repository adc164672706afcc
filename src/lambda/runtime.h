// The Lambda Runtime API: asks for invocations and gives back what they come to.
//
// The process may be frozen for hours inside next(), so that call has no time limit. Everything else is
// answered by the sandbox itself, at once.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace sluice::lambda {

struct Invocation {
  std::string request_id;
  std::string invocation_id;  // echoed with the answer where it came; empty: it did not
  std::string trace_id;
  std::string function_arn;
  int64_t deadline_ms = 0;  // wall time, since 1970 UTC; the process is stopped then
  std::string event;
};

// What an invocation that failed as a whole is reported with. `type` is Category.Reason; `message` never
// holds a value of a row.
struct Failure {
  std::string type;
  std::string message;
};

// Threads: any number at once, one invocation each.
class Runtime {
 public:
  // `address` as AWS_LAMBDA_RUNTIME_API has it: HOST:PORT. `transport` must not use a proxy.
  Runtime(net::HttpTransport& transport, std::string_view address);

  // The next invocation; waits for as long as it takes. Errors: Refused, and the process should end.
  Result<Invocation> next();
  // The answer is with Lambda. Errors: Refused when the sandbox is ending; otherwise the invocation alone is
  // lost (its answer was too large, its time was over), and Lambda knows.
  Result<void> respond(const Invocation& invocation, std::string body);
  Result<void> fail(const Invocation& invocation, const Failure& failure);
  // Before the first next(): the program cannot start. It should end then.
  Result<void> init_failed(const Failure& failure);

 private:
  Result<void> post(const Invocation* invocation, const std::string& path, std::string body,
                    std::string_view error_type);

  net::HttpTransport& transport_;
  std::string base_;
};

// What is done for one invocation.
class Function {
 public:
  virtual ~Function() = default;
  // The answer's JSON. An error of any kind fails the whole invocation: its sender keeps what it sent and
  // sends it again.
  virtual Result<std::string> invoke(Invocation invocation) = 0;
};

// Answers one invocation after the other until the sandbox ends; gives why it ended. `exports_trace`: the
// trace id of each is put into the environment variable _X_AMZN_TRACE_ID, which only one thread may do.
Error serve(Runtime& runtime, Function& function, bool exports_trace);

}  // namespace sluice::lambda
