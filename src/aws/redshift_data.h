// The Redshift Data API: typed requests and replies, one attempt each.
//
// A reply says that a statement was accepted, not that it ran: ask describe() until the status is final. The
// service repeats SQL and values in its messages; what is shown of one here has lost everything between
// quotes.
// Limits: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/session.h"
#include "base/result.h"

namespace sluice::aws {

// Where a statement runs: a Serverless workgroup or a provisioned cluster, exactly one of both.
struct RedshiftPlace {
  std::string workgroup;
  std::string cluster;
  std::string database;
  std::string secret_arn;  // of Secrets Manager; empty: the caller's own identity
  std::string db_user;     // of a cluster without a secret
};

struct SqlParameter {
  std::string_view name;   // letters, digits and '_'; in the SQL with a colon before it
  std::string_view value;  // never empty: the service refuses that, and has no NULL
};

enum class StatementStatus : uint8_t { Submitted, Picked, Started, Finished, Failed, Aborted };
constexpr bool is_final(StatementStatus status) { return status >= StatementStatus::Finished; }

struct Submitted {
  std::string id;
  StatementStatus status = StatementStatus::Submitted;
  std::string session_id;
  // When the service made the statement and when it sent this reply, by its own clock, in milliseconds since
  // 1970; 0 when it does not say. A statement made long before was submitted with the same token before.
  int64_t created_ms = 0;
  int64_t replied_ms = 0;
};

struct SubStatement {
  std::string id;
  StatementStatus status = StatementStatus::Submitted;
  int64_t result_rows = -1;
  std::string error;
};

struct StatementState {
  std::string id = {};
  StatementStatus status = StatementStatus::Submitted;
  std::string error = {};    // of a failed one, in the service's words: may quote a row, see shown_words()
  int64_t result_rows = -1;  // rows that an INSERT or COPY wrote; -1: not known
  bool has_result = false;
  int64_t created_ms = 0;
  int64_t updated_ms = 0;
  int64_t duration_ns = 0;
  std::string session_id = {};
  std::vector<SubStatement> sub_statements = {};
};

struct ResultPage {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // numbers and booleans as text; NULL is nothing
  int64_t total_rows = 0;
  std::string next_token;  // empty: this was the last page
};

enum class ExecutionMode : uint8_t { Transaction, AutoCommit };

// What both kinds of submission take beside their SQL.
struct Submission {
  std::string_view client_token = {};    // 1 to 64 characters; empty: none
  std::string_view session_id = {};      // then the place is not sent
  std::string_view statement_name = {};  // for ListStatements
  int64_t session_keep_alive_s = 0;
  int64_t wait_s = 0;  // 0, or 1 to 30: answer when the statement is final, or after so long
};

// Threads: any number at once. Every call's errors: as operation.h, and
//   Refused `StatementTooLarge`       the service takes shorter statements only
//   Refused `TooManyParameters`       or fewer parameters
//   Refused `WaitTimeUnknown`         the endpoint does not know WaitTimeSeconds
//   Throttled `ActiveWaitingRequestsExceededException`   the same without waiting is welcome
class RedshiftData {
 public:
  explicit RedshiftData(Session& session) : session_(session) {}

  Result<Submitted> execute(const RedshiftPlace& place, std::string_view sql,
                            std::span<const SqlParameter> parameters, const Submission& submission,
                            int64_t timeout_ms);
  // 1 to 40 statements, run in their order. Every parameter is used by at least one of them.
  Result<Submitted> execute_batch(const RedshiftPlace& place, std::span<const std::string> sqls,
                                  std::span<const SqlParameter> parameters, ExecutionMode mode,
                                  const Submission& submission, int64_t timeout_ms);
  Result<StatementState> describe(std::string_view id, int64_t wait_s, int64_t timeout_ms);
  Result<bool> cancel(std::string_view id, int64_t timeout_ms);
  // `next_token` empty: the first page. Refused with ResourceNotFoundException while there is no result yet.
  Result<ResultPage> result(std::string_view id, std::string_view next_token, int64_t timeout_ms);

 private:
  Session& session_;
};

// The service's words without what may be a value: everything between quotes and after "Value:" becomes "…",
// control characters go, the length is bounded.
std::string shown_words(std::string_view words);

}  // namespace sluice::aws
