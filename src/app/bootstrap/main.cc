// The Lambda executable `bootstrap`: asks the Runtime API for invocations and lands what they bring.
#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/commands.h"
#include "app/function_parts.h"
#include "app/options.h"
#include "base/log.h"
#include "base/text.h"
#include "lambda/runtime.h"
#include "net/transport.h"

namespace sluice::app {
namespace {

Result<std::unique_ptr<FunctionParts>> open_parts(char** variables) {
  Layer layer = TRY(environment_layer(environment_of(variables)));
  const Options options(function_command(), {}, {}, std::move(layer), {});
  return FunctionParts::open(options);
}

// How many invocations this process may have at once; more than one only where Lambda says so.
int64_t concurrency() {
  const char* text = std::getenv("AWS_LAMBDA_MAX_CONCURRENCY");
  const auto number = text == nullptr ? std::nullopt : parse_int64(text);
  return number && *number > 1 && *number <= 1024 ? *number : 1;
}

int serve_all(lambda::Runtime& runtime, FunctionParts& parts) {
  const int64_t count = concurrency();
  std::vector<lambda::SluiceFunction*> workers;
  for (int64_t i = 0; i < count; ++i) workers.push_back(&parts.add_worker());
  std::vector<std::jthread> others;
  for (size_t i = 1; i < workers.size(); ++i)
    others.emplace_back([&runtime, worker = workers[i]] { (void)lambda::serve(runtime, *worker, false); });
  const Error ended = lambda::serve(runtime, *workers.front(), count == 1);
  log(LogLevel::Error, ended.message);
  return 1;
}

int start(char** variables) {
  const char* address = std::getenv("AWS_LAMBDA_RUNTIME_API");
  if (address == nullptr) {
    log(LogLevel::Error,
        "bootstrap is started by AWS Lambda, which sets AWS_LAMBDA_RUNTIME_API. On a machine of your own use "
        "`sluice`; docs/lambda.md tells how the function is deployed.");
    return 2;
  }
  // Without a proxy: the Runtime API is this sandbox itself.
  net::TransportOptions plain;
  plain.late_authorities = true;
  const auto transport = net::make_transport(plain);
  if (!transport.ok()) {
    log(LogLevel::Error, transport.error().message);
    return 1;
  }
  lambda::Runtime runtime(*transport.value(), address);
  const auto parts = open_parts(variables);
  if (!parts.ok()) {
    log(LogLevel::Error, parts.error().message);
    const Result<void> told = runtime.init_failed({"Sluice.Settings", parts.error().message});
    if (!told.ok()) log_warn(told.error().message);
    return 1;
  }
  return serve_all(runtime, *parts.value());
}

}  // namespace
}  // namespace sluice::app

int main(int /*count*/, char** /*words*/, char** variables) { return sluice::app::start(variables); }
