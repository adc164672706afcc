// FunctionParts: everything that lands deliveries in Redshift, put together from the settings; for the Lambda
// executable and for `sluice redrive`.
#pragma once

#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/options.h"
#include "aws/session.h"
#include "base/result.h"
#include "lambda/function.h"
#include "lambda/quarantine_retry.h"
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
  // QuarantineRetry::retry() on the place that `quarantine` names, which must be in S3.
  Result<void> retry_quarantined(const std::string& object, const std::set<int64_t>& ids, int64_t deadline_ns,
                                 lambda::Retried& outcome);

 private:
  struct State;
  struct Worker;
  explicit FunctionParts(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::app
