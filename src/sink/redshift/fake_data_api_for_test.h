// FakeDataApi: a Data API without a network or a real clock, that fails as it is told or by seed.
//
// It keeps what Redshift keeps: statements, tokens, and which rows are in the table. A row whose image holds
// the text "poison" fails its statement. Threads: one.
#pragma once

#include <fmt/format.h>
#include <simdjson.h>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "aws/redshift_data.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "net/credentials.h"
#include "net/retry.h"
#include "net/scripted_transport_for_test.h"

namespace sluice::sink::redshift {

// Turns the clock instead of waiting.
class TurningSleeper final : public net::Sleeper {
 public:
  explicit TurningSleeper(ManualClock& clock) : clock_(clock) {}
  bool sleep_ms(int64_t ms) override {
    slept_ms += ms;
    clock_.advance_ns(ms * 1'000'000);
    return !told_to_stop;
  }
  int64_t slept_ms = 0;
  bool told_to_stop = false;

 private:
  ManualClock& clock_;
};

class FakeDataApi {
 public:
  // What becomes of a statement that is accepted.
  enum class Course {
    Finish,
    FailForAWhile,
    FailUnknown,
    FailNoTable,
    Abort,
    WriteFewer,
    SayUnknownRows,
    Hang
  };
  // What becomes of a call.
  enum class Call {
    Answer,
    Throttle,
    TooManyActive,
    Fail500,
    LoseRequest,
    LoseReply,
    CannotConnect,
    TooManyWaiting,
    Refuse
  };

  struct Seen {
    std::string operation;
    std::string sql;
    std::string token;
    int64_t wait_s = 0;
    size_t parameters = 0;
    size_t statement_bytes = 0;
  };

  // Asked for every call and every accepted statement; the default is that all goes well.
  std::function<Call(const std::string& operation)> call = [](const std::string&) { return Call::Answer; };
  std::function<Course(int statement_number)> course = [](int) { return Course::Finish; };
  int64_t statement_ms = 150;
  bool knows_long_polling = true;
  bool remembers_tokens = true;
  size_t max_statement_bytes = 100'000;
  std::string poison_words = "ERROR: Invalid JSON in JSON_PARSE. Value: hush";

  std::map<std::string, int> table;  // "shard sequence" → how often it is there
  std::vector<Seen> seen;
  ManualClock clock{1'790'000'000'000'000'000};
  TurningSleeper sleeper{clock};

  aws::RedshiftData& api() { return api_; }
  void forget_rows() { table.clear(); }
  int calls(std::string_view operation) const {
    int count = 0;
    for (const Seen& one : seen) count += one.operation == operation ? 1 : 0;
    return count;
  }

 private:
  struct Statement {
    std::string status = "STARTED";
    std::string error;
    int64_t rows = -1;
    int64_t created_ns = 0;
    int64_t ends_ns = 0;
    std::vector<std::string> writes;
    std::string final_status;
    std::string result;
  };

  static net::HttpResponse failure(int status, const std::string& code, const std::string& message) {
    return net::replies(status, fmt::format(R"({{"__type":"{}","message":"{}"}})", code, message));
  }

  Result<net::HttpResponse> answer(const net::HttpRequest& request) {
    clock.advance_ns(10'000'000);
    const std::string target = net::header_of(request, "X-Amz-Target");
    const std::string operation = target.substr(target.find('.') + 1);
    simdjson::dom::parser parser;
    const simdjson::dom::element body = parser.parse(request.body).value();
    note(operation, body);
    const Call fate = call(operation);
    switch (fate) {
      case Call::Throttle:
        return failure(400, "ThrottlingException", "Rate exceeded");
      case Call::TooManyActive:
        return failure(400, "ActiveStatementsExceededException",
                       "Active statements exceeded the allowed quota (500)");
      case Call::TooManyWaiting:
        return failure(400, "ActiveWaitingRequestsExceededException", "too many wait");
      case Call::Refuse:
        return failure(400, "AccessDeniedException", "no");
      case Call::Fail500:
        return failure(500, "InternalServerException", "oops");
      case Call::LoseRequest:
        return Error{ErrorKind::OutcomeUnknown, {}, "no reply came."};
      case Call::CannotConnect:
        return unavailable("nobody answers.");
      default:
        break;
    }
    auto reply = operation == "ExecuteStatement"     ? execute(body)
                 : operation == "DescribeStatement"  ? describe(body)
                 : operation == "GetStatementResult" ? result(body)
                 : operation == "CancelStatement"    ? cancel(body)
                                                     : failure(400, "UnknownOperationException", "");
    if (fate == Call::LoseReply) return Error{ErrorKind::OutcomeUnknown, {}, "the reply was cut."};
    return reply;
  }

  void note(const std::string& operation, const simdjson::dom::element& body) {
    Seen one;
    one.operation = operation;
    std::string_view text;
    if (body["Sql"].get(text) == simdjson::SUCCESS) one.sql = text;
    if (body["ClientToken"].get(text) == simdjson::SUCCESS) one.token = text;
    if (body["WaitTimeSeconds"].get(one.wait_s) != simdjson::SUCCESS) one.wait_s = 0;
    one.statement_bytes = one.sql.size();
    simdjson::dom::array parameters;
    if (body["Parameters"].get(parameters) == simdjson::SUCCESS) {
      for (const auto parameter : parameters) {
        ++one.parameters;
        one.statement_bytes += std::string_view(parameter["value"]).size();
      }
    }
    seen.push_back(std::move(one));
  }

  net::HttpResponse execute(const simdjson::dom::element& body) {
    const Seen& one = seen.back();
    if (one.statement_bytes > max_statement_bytes)
      return failure(400, "ValidationException", "Cannot process query string larger than 100kB");
    if (one.parameters > 200)
      return failure(400, "ValidationException",
                     "Number of parameters in statement exceeds maximum allowed (200)");
    if (const auto known = tokens_.find(one.token); remembers_tokens && known != tokens_.end())
      return submitted(known->second);
    const std::string id = fmt::format("s-{}", statements_.size() + 1);
    Statement statement;
    statement.created_ns = clock.wall_ns();
    statement.ends_ns = statement.created_ns + statement_ms * 1'000'000;
    if (one.sql.starts_with("SELECT")) {
      plan_count(statement, one.sql, body);
    } else {
      plan_insert(statement, body);
    }
    statements_.emplace(id, std::move(statement));
    if (!one.token.empty()) tokens_[one.token] = id;
    return submitted(id);
  }

  void plan_count(Statement& statement, const std::string& sql, const simdjson::dom::element& body) {
    statement.final_status = "FINISHED";
    statement.rows = 1;
    int64_t count = 1;
    if (sql.starts_with("SELECT COUNT(DISTINCT")) {
      std::set<std::string> found;
      simdjson::dom::parser parser;
      const std::string list{std::string_view(body["Parameters"].at(0)["value"])};
      for (const auto position : parser.parse(list).value().get_array())
        if (const std::string text(std::string_view{position}); table.contains(text)) found.insert(text);
      count = static_cast<int64_t>(found.size());
    }
    statement.result = std::to_string(count);
  }

  void plan_insert(Statement& statement, const simdjson::dom::element& body) {
    const bool poisoned = read_rows(statement, body);
    const auto rows = static_cast<int64_t>(statement.writes.size());
    statement.rows = rows;
    statement.final_status = "FINISHED";
    const auto fail = [&](const std::string& status, const std::string& words) {
      statement.final_status = status;
      statement.error = words;
      statement.rows = -1;
      statement.writes.clear();
    };
    switch (course(++inserts_)) {
      case Course::FailForAWhile:
        return fail("FAILED", "ERROR: 1023 Serializable isolation violation on table");
      case Course::FailUnknown:
        return fail("FAILED", "ERROR: the moon is in the wrong house");
      case Course::FailNoTable:
        return fail("FAILED", "ERROR: relation cdc_events does not exist");
      case Course::Abort:
        return fail("ABORTED", "");
      case Course::WriteFewer:
        statement.writes.pop_back();
        statement.rows = rows - 1;
        break;
      case Course::SayUnknownRows:
        statement.rows = -1;
        break;
      case Course::Hang:
        statement.ends_ns = INT64_MAX;
        break;
      case Course::Finish:
        break;
    }
    if (poisoned) fail("FAILED", poison_words);
  }

  // Fills what it would write; true when one of the rows is poison.
  static bool read_rows(Statement& statement, const simdjson::dom::element& body) {
    bool poisoned = false;
    simdjson::dom::parser parser;
    const auto take = [&](const simdjson::dom::element& row) {
      statement.writes.push_back(
          fmt::format("{} {}", std::string_view(row["h"]), std::string_view(row["q"])));
      simdjson::dom::element image;
      if (row["d"].get(image) == simdjson::SUCCESS)
        poisoned = poisoned || simdjson::minify(image).find("poison") != std::string::npos;
    };
    const std::string list{std::string_view(body["Parameters"].at(0)["value"])};
    for (const auto row : parser.parse(list).value().get_array()) take(row);
    return poisoned;
  }

  net::HttpResponse submitted(const std::string& id) const {
    const Statement& statement = statements_.at(id);
    return dated(fmt::format(R"({{"Id":"{}","Status":"SUBMITTED","CreatedAt":{:.3f}}})", id,
                             static_cast<double>(statement.created_ns) / 1e9));
  }

  net::HttpResponse dated(std::string body) const { return net::replies(200, std::move(body)); }

  net::HttpResponse describe(const simdjson::dom::element& body) {
    const std::string id{std::string_view(body["Id"])};
    if (seen.back().wait_s > 0 && !knows_long_polling)
      return failure(400, "ValidationException", "Unknown parameter in input: \\\"WaitTimeSeconds\\\"");
    if (!statements_.contains(id)) return failure(404, "ResourceNotFoundException", "no such statement");
    Statement& statement = statements_.at(id);
    const int64_t wait_ns = seen.back().wait_s * 1'000'000'000;
    if (statement.status == "STARTED" && statement.ends_ns > clock.wall_ns())
      clock.advance_ns(std::min(wait_ns, statement.ends_ns - clock.wall_ns()));
    if (statement.status == "STARTED" && statement.ends_ns <= clock.wall_ns()) {
      statement.status = statement.final_status;
      for (const std::string& row : statement.writes) ++table[row];
    }
    std::string error;
    append_json_string(error, statement.error);
    return dated(fmt::format(R"({{"Id":"{}","Status":"{}","ResultRows":{},"Error":{}}})", id,
                             statement.status, statement.status == "FINISHED" ? statement.rows : -1, error));
  }

  net::HttpResponse cancel(const simdjson::dom::element& body) {
    Statement& statement = statements_.at(std::string(std::string_view(body["Id"])));
    if (statement.status == "STARTED") statement.status = "ABORTED";
    return dated(R"({"Status":true})");
  }

  net::HttpResponse result(const simdjson::dom::element& body) {
    const Statement& statement = statements_.at(std::string(std::string_view(body["Id"])));
    return dated(fmt::format(R"({{"Records":[[{{"longValue":{}}}]],"TotalNumRows":1}})", statement.result));
  }

  std::map<std::string, Statement> statements_;
  std::map<std::string, std::string> tokens_;
  int inserts_ = 0;
  net::ScriptedTransport transport_{[this](const net::HttpRequest& request) { return answer(request); }};
  std::unique_ptr<net::CredentialsProvider> credentials_ =
      net::fixed_credentials({"AKIDEXAMPLE", "not-a-secret", "", 0});
  aws::Session session_{transport_, *credentials_, clock, [] {
                          net::EndpointSettings settings;
                          settings.region = "us-east-1";
                          return settings;
                        }()};
  aws::RedshiftData api_{session_};
};

}  // namespace sluice::sink::redshift
