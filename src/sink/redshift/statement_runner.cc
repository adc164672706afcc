#include "sink/redshift/statement_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sink/redshift/failure.h"

namespace sluice::sink::redshift {
namespace {

constexpr int64_t kResultTimeoutMs = 60'000;
constexpr size_t kBatchStatements = 40;  // of BatchExecuteStatement
// How long a session may be idle. Nothing closes one, and its end takes back what was not committed.
constexpr int64_t kSessionSeconds = 60;
constexpr std::string_view kStatementFailed = "statement-failed";
constexpr std::string_view kStatementAborted = "statement-aborted";

Error refusal(std::string_view words) {
  return {ErrorKind::Refused, std::string(kStatementFailed),
          fmt::format("Redshift refused a statement: {}", aws::shown_words(words))};
}

Error failed(const aws::StatementState& state) {
  if (state.status == aws::StatementStatus::Aborted)
    return {ErrorKind::Unavailable, std::string(kStatementAborted),
            "Redshift aborted a statement: somebody cancelled it, or a rule of the workgroup did."};
  return refusal(state.error);
}

std::vector<aws::SqlParameter> parameters_of(const Statement& statement) {
  std::vector<aws::SqlParameter> parameters;
  for (const auto& [name, value] : statement.parameters) parameters.push_back({name, value});
  return parameters;
}

}  // namespace

std::string StatementRunner::next_token() {
  return sha256_hex(fmt::format("{} {}", clock_.wall_ns(), ++statements_));
}

template <typename Attempt>
auto StatementRunner::retried(const Attempt& attempt, int64_t patience_ms) -> decltype(attempt()) {
  // Repeatable: a submission has its token, the rest only looks.
  return net::retry({.deadline_ms = patience_ms, .repeatable = true}, clock_, sleeper_, attempt);
}

template <typename Submit>
Result<aws::StatementState> StatementRunner::settle(const Submit& submit, int64_t patience_ms) {
  const int64_t end_ns = clock_.steady_ns() + patience_ms * 1'000'000;
  const std::string token = next_token();
  const aws::Submitted made =
      TRY(retried([&] { return submit(aws::Submission{.client_token = token}); }, patience_ms));
  int64_t poll_ms = settings_.first_poll_ms;
  while (clock_.steady_ns() < end_ns) {
    const int64_t left_s = (end_ns - clock_.steady_ns()) / 1'000'000'000;
    const int64_t wait_s = long_polling_ ? std::min(settings_.wait_s, left_s) : 0;
    auto state =
        retried([&] { return api_.describe(made.id, wait_s, wait_s * 1000 + settings_.reply_timeout_ms); },
                patience_ms);
    if (!state.ok() && state.error().reason == "WaitTimeUnknown") {
      long_polling_ = false;
      continue;
    }
    if (!state.ok()) return state;
    if (is_final(state.value().status)) {
      if (state.value().session_id.empty()) state.value().session_id = made.session_id;
      return state;
    }
    if (wait_s > 0) continue;
    if (!sleeper_.sleep_ms(poll_ms)) break;
    poll_ms = std::min(poll_ms * 2, settings_.max_poll_ms);
  }
  return unavailable("Redshift did not finish a statement within the time that there is.");
}

template <typename Submit>
Result<aws::StatementState> StatementRunner::run_until_end(const Submit& submit, int64_t patience_ms) {
  auto state = settle(submit, patience_ms);
  if (!state.ok() || state.value().status == aws::StatementStatus::Finished) return state;
  return failed(state.value());
}

Result<aws::StatementState> StatementRunner::run(const Statement& statement, int64_t patience_ms) {
  const auto parameters = parameters_of(statement);
  return run_until_end(
      [&](const aws::Submission& submission) {
        return api_.execute(settings_.place, statement.sql, parameters, submission,
                            settings_.reply_timeout_ms);
      },
      patience_ms);
}

Result<aws::StatementState> StatementRunner::run_in_session(const Statement& statement,
                                                            std::string_view session, int64_t patience_ms) {
  const auto parameters = parameters_of(statement);
  return run_until_end(
      [&](aws::Submission submission) {
        submission.session_id = session;
        submission.session_keep_alive_s = kSessionSeconds;
        return api_.execute(settings_.place, statement.sql, parameters, submission,
                            settings_.reply_timeout_ms);
      },
      patience_ms);
}

Result<aws::StatementState> StatementRunner::settle_batch(const std::vector<std::string>& statements,
                                                          int64_t patience_ms) {
  return settle(
      [&](const aws::Submission& submission) {
        return api_.execute_batch(settings_.place, statements, {}, aws::ExecutionMode::Transaction,
                                  submission, settings_.reply_timeout_ms);
      },
      patience_ms);
}

Result<aws::StatementState> StatementRunner::run_together(const std::vector<std::string>& statements,
                                                          int64_t patience_ms) {
  auto state = settle_batch(statements, patience_ms);
  if (!state.ok() || state.value().status == aws::StatementStatus::Finished) return state;
  return failed(state.value());
}

bool StatementRunner::fit_one_batch(const std::vector<Statement>& statements) const {
  size_t bytes = 0;
  for (const Statement& statement : statements) {
    if (!statement.parameters.empty()) return false;
    bytes += statement.bytes();
  }
  return statements.size() <= kBatchStatements && bytes <= static_cast<size_t>(settings_.statement_bytes);
}

Result<std::optional<RefusedStatement>> StatementRunner::run_batch(const std::vector<Statement>& statements,
                                                                   int64_t patience_ms) {
  std::vector<std::string> texts;
  for (const Statement& statement : statements) texts.push_back(statement.sql);
  const aws::StatementState state = TRY(settle_batch(texts, patience_ms));
  if (state.status == aws::StatementStatus::Finished) return std::optional<RefusedStatement>();
  if (state.status == aws::StatementStatus::Aborted) return failed(state);
  for (size_t at = 0; at < std::min(state.sub_statements.size(), texts.size()); ++at) {
    const aws::SubStatement& one = state.sub_statements[at];
    if (one.status != aws::StatementStatus::Failed) continue;
    return std::optional(RefusedStatement{at, refusal(one.error.empty() ? state.error : one.error)});
  }
  return failed(state);
}

Result<std::optional<RefusedStatement>> StatementRunner::run_all(const std::vector<Statement>& statements,
                                                                 int64_t patience_ms) {
  if (fit_one_batch(statements)) return run_batch(statements, patience_ms);
  const std::string session = TRY(run_in_session({"BEGIN", {}}, {}, patience_ms)).session_id;
  if (session.empty()) return unavailable("Redshift's Data API began a session and did not name it.");
  for (size_t at = 0; at < statements.size(); ++at) {
    const auto done = run_in_session(statements[at], session, patience_ms);
    if (done.ok()) continue;
    // Where nobody can be reached any more, the session's end does the same.
    static_cast<void>(run_in_session({"ROLLBACK", {}}, session, patience_ms));
    if (done.error().reason != kStatementFailed) return done.error();
    return std::optional(RefusedStatement{at, done.error()});
  }
  TRY(run_in_session({"COMMIT", {}}, session, patience_ms));
  return std::optional<RefusedStatement>();
}

Result<std::vector<ResultRow>> StatementRunner::rows_of(std::string_view id, int64_t patience_ms) {
  std::vector<ResultRow> rows;
  std::string next_token;
  do {
    aws::ResultPage page =
        TRY(retried([&] { return api_.result(id, next_token, kResultTimeoutMs); }, patience_ms));
    std::move(page.rows.begin(), page.rows.end(), std::back_inserter(rows));
    next_token = std::move(page.next_token);
  } while (!next_token.empty());
  return rows;
}

template <typename Run>
Result<aws::StatementState> StatementRunner::run_again(const Run& run_once) {
  for (int tried = 1;; ++tried) {
    auto state = run_once();
    if (state.ok() || tried >= settings_.attempts) return state;
    const Error& error = state.error();
    const bool may_pass =
        error.reason == kStatementAborted ||
        (error.reason == kStatementFailed && cause_of(error.message) == FailureCause::Transient);
    if (!may_pass || !sleeper_.sleep_ms(settings_.first_poll_ms << tried)) return state;
  }
}

Result<std::vector<ResultRow>> StatementRunner::query(const Statement& statement, int64_t patience_ms) {
  const aws::StatementState state = TRY(run_again([&] { return run(statement, patience_ms); }));
  return rows_of(state.id, patience_ms);
}

Result<std::vector<ResultRow>> StatementRunner::query_last(const std::vector<std::string>& statements,
                                                           int64_t patience_ms) {
  const aws::StatementState state = TRY(run_again([&] { return run_together(statements, patience_ms); }));
  if (state.sub_statements.empty()) return unavailable("Redshift named no statement of a batch.");
  return rows_of(state.sub_statements.back().id, patience_ms);
}

Result<int64_t> StatementRunner::query_number(const Statement& statement) {
  const auto rows = TRY(query(statement));
  if (rows.size() != 1 || rows[0].size() != 1) return unavailable("Redshift gave no single number.");
  if (!rows[0][0]) return int64_t{0};
  const auto number = parse_int64(*rows[0][0]);
  if (!number) return unavailable("Redshift gave no number.");
  return *number;
}

}  // namespace sluice::sink::redshift
