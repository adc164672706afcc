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

// The one of several statements that Redshift refused, and its words.
struct RefusedStatement {
  size_t at = 0;
  Error why;
};

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
  // All of them or none, however many: one batch where they fit into it, otherwise a session in which they
  // stand between BEGIN and COMMIT. What Redshift refused is told by its place; nothing of the others stays
  // then. Any other error: the calls' own, and nothing stays either.
  Result<std::optional<RefusedStatement>> run_all(const std::vector<Statement>& statements,
                                                  int64_t patience_ms = 300'000);
  // Runs it, which only reads, and reads every page of its result; again where it was nobody's fault.
  Result<std::vector<ResultRow>> query(const Statement& statement, int64_t patience_ms = 300'000);
  // The same for the last of several that run in one transaction: the others are what it needs to be set.
  Result<std::vector<ResultRow>> query_last(const std::vector<std::string>& statements,
                                            int64_t patience_ms = 300'000);
  // One whole number.
  Result<int64_t> query_number(const Statement& statement);

 private:
  // The state it ends in, whichever that is.
  template <typename Submit>
  Result<aws::StatementState> settle(const Submit& submit, int64_t patience_ms);
  template <typename Submit>
  Result<aws::StatementState> run_until_end(const Submit& submit, int64_t patience_ms);
  // In a session that is there; `session` empty begins one.
  Result<aws::StatementState> run_in_session(const Statement& statement, std::string_view session,
                                             int64_t patience_ms);
  Result<aws::StatementState> settle_batch(const std::vector<std::string>& statements, int64_t patience_ms);
  bool fit_one_batch(const std::vector<Statement>& statements) const;
  Result<std::optional<RefusedStatement>> run_batch(const std::vector<Statement>& statements,
                                                    int64_t patience_ms);
  template <typename Run>
  Result<aws::StatementState> run_again(const Run& run_once);
  Result<std::vector<ResultRow>> rows_of(std::string_view id, int64_t patience_ms);
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
