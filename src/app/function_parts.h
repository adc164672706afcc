// FunctionParts: everything that lands deliveries in Redshift, put together from the settings; for the Lambda
// executable and for `sluice redrive`.
#pragma once

#include <cstdio>
#include <memory>
#include <vector>

#include "app/options.h"
#include "aws/session.h"
#include "base/result.h"
#include "lambda/function.h"
#include "net/credentials.h"
#include "net/http.h"

namespace sluice::app {

// What the settings say, checked, and the connections that all workers share.
class FunctionParts {
 public:
  // Errors: Refused, naming the setting; those of catalog_of(). Nothing else has been asked of AWS yet.
  static Result<std::unique_ptr<FunctionParts>> open(const Options& options);
  ~FunctionParts();

  // A function of its own for one thread; lives as long as this. `metrics` null: none are written.
  lambda::SluiceFunction& add_worker(std::FILE* metrics = stdout);
  aws::Session& session();

 private:
  struct State;
  struct Worker;
  explicit FunctionParts(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::app
