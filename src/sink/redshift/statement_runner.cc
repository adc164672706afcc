#include "sink/redshift/statement_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace sluice::sink::redshift {
namespace {

constexpr int64_t kResultTimeoutMs = 60'000;

Error failed(const aws::StatementState& state) {
  if (state.status == aws::StatementStatus::Aborted)
    return unavailable(
        "Redshift aborted a statement: somebody cancelled it, or a rule of the workgroup did.");
  return {ErrorKind::Refused, "statement-failed",
          fmt::format("Redshift refused a statement: {}", aws::shown_words(state.error))};
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
Result<aws::StatementState> StatementRunner::run_until_end(const Submit& submit, int64_t patience_ms) {
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
    if (state.value().status == aws::StatementStatus::Finished) return state;
    if (is_final(state.value().status)) return failed(state.value());
    if (wait_s > 0) continue;
    if (!sleeper_.sleep_ms(poll_ms)) break;
    poll_ms = std::min(poll_ms * 2, settings_.max_poll_ms);
  }
  return unavailable("Redshift did not finish a statement within the time that there is.");
}

Result<aws::StatementState> StatementRunner::run(const Statement& statement, int64_t patience_ms) {
  std::vector<aws::SqlParameter> parameters;
  for (const auto& [name, value] : statement.parameters) parameters.push_back({name, value});
  return run_until_end(
      [&](const aws::Submission& submission) {
        return api_.execute(settings_.place, statement.sql, parameters, submission,
                            settings_.reply_timeout_ms);
      },
      patience_ms);
}

Result<aws::StatementState> StatementRunner::run_together(const std::vector<std::string>& statements,
                                                          int64_t patience_ms) {
  return run_until_end(
      [&](const aws::Submission& submission) {
        return api_.execute_batch(settings_.place, statements, {}, aws::ExecutionMode::Transaction,
                                  submission, settings_.reply_timeout_ms);
      },
      patience_ms);
}

Result<std::vector<ResultRow>> StatementRunner::query(const Statement& statement, int64_t patience_ms) {
  const aws::StatementState state = TRY(run(statement, patience_ms));
  std::vector<ResultRow> rows;
  std::string next_token;
  do {
    aws::ResultPage page =
        TRY(retried([&] { return api_.result(state.id, next_token, kResultTimeoutMs); }, patience_ms));
    std::move(page.rows.begin(), page.rows.end(), std::back_inserter(rows));
    next_token = std::move(page.next_token);
  } while (!next_token.empty());
  return rows;
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
