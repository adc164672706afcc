// StatementRunner: one statement after another, each until its end, with what it returned.
//
// For what is asked of Redshift beside landing rows: tables, views, counts, probes. A call that may have been
// lost is repeated with the same token. Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aws/redshift_data.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/retry.h"
#include "sink/redshift/settings.h"
#include "sink/redshift/statement.h"

namespace sluice::sink::redshift {

using ResultRow = std::vector<std::optional<std::string>>;

class StatementRunner {
 public:
  // What it is given outlives it.
  StatementRunner(aws::RedshiftData& api, const Settings& settings, const Clock& clock, net::Sleeper& sleeper)
      : api_(api), settings_(settings), clock_(clock), sleeper_(sleeper) {}

  // Runs it until it is FINISHED, at most `patience_ms`. Errors: Refused with the reason `statement-failed`
  // and Redshift's words when it FAILED; the calls' own; Unavailable when it took too long or was aborted.
  Result<aws::StatementState> run(const Statement& statement, int64_t patience_ms = 300'000);
  // The same for several in one transaction.
  Result<aws::StatementState> run_together(const std::vector<std::string>& statements,
                                           int64_t patience_ms = 300'000);
  // Runs it and reads every page of its result.
  Result<std::vector<ResultRow>> query(const Statement& statement, int64_t patience_ms = 300'000);
  // One whole number.
  Result<int64_t> query_number(const Statement& statement);

 private:
  template <typename Submit>
  Result<aws::StatementState> run_until_end(const Submit& submit, int64_t patience_ms);
  template <typename Attempt>
  auto retried(const Attempt& attempt, int64_t patience_ms) -> decltype(attempt());
  std::string next_token();

  aws::RedshiftData& api_;
  const Settings& settings_;
  const Clock& clock_;
  net::Sleeper& sleeper_;
  uint64_t statements_ = 0;
  bool long_polling_ = true;
};

}  // namespace sluice::sink::redshift
