#include "aws/redshift_data.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "aws/json_object.h"
#include "aws/redshift_data_replies.h"
#include "base/json_text.h"

namespace sluice::aws {
namespace {

constexpr size_t kMaxWords = 300;

constexpr Operation read(std::string_view name) { return {"redshift-data", name, Effect::Read}; }
// Its failures are told in the service's words, which explain() goes through; see shown_words().
constexpr Operation write(std::string_view name) { return {"redshift-data", name, Effect::Write}; }

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// What the service has codes of its own for, and what it only says in words.
Error explain(Error error) {
  const std::string text = error.message;
  // Up to the code the words are ours.
  if (const size_t code = text.find(error.reason + ": "); !error.reason.empty() && code != std::string::npos)
    error.message = text.substr(0, code) + shown_words(std::string_view(text).substr(code));
  if (error.reason == "ActiveSessionsExceededException" ||
      error.reason == "ActiveWaitingRequestsExceededException") {
    error.kind = ErrorKind::Throttled;
  } else if (error.reason == "QueryTimeoutException") {
    error.kind = ErrorKind::Unavailable;
  } else if (error.reason == "ValidationException") {
    if (has(text, "WaitTimeSeconds")) {
      error.reason = "WaitTimeUnknown";
    } else if (has(text, "Number of parameters")) {
      error.reason = "TooManyParameters";
    } else if (has(text, "larger than") || has(text, "too large") || has(text, "too long") ||
               has(text, "length less than or equal")) {
      error.reason = "StatementTooLarge";
    }
  } else if (error.reason == "SerializationException" && has(text, "WaitTimeSeconds")) {
    error.reason = "WaitTimeUnknown";
  } else if (error.reason == "RequestEntityTooLarge" || error.reason == "RequestEntityTooLargeException") {
    error.reason = "StatementTooLarge";
  }
  return error;
}

// "Sun, 06 Nov 1994 08:49:37 GMT" in milliseconds since 1970; 0 when it is none.
int64_t date_ms(const net::HttpResponse& reply) {
  const auto date = reply.header("Date");
  if (!date) return 0;
  std::tm time{};
  const std::string text(*date);
  return ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S", &time) == nullptr ? 0 : ::timegm(&time) * 1000;
}

Result<net::HttpResponse> call(Session& session, const Operation& operation, std::string_view what,
                               std::string body, int64_t timeout_ms) {
  auto reply = session.send(operation, what, "POST", "/",
                            {{"Content-Type", "application/x-amz-json-1.1"},
                             {"X-Amz-Target", "RedshiftData." + std::string(operation.name)}},
                            std::move(body), timeout_ms);
  if (!reply.ok()) return explain(std::move(reply).error());
  return reply;
}

template <typename T>
Result<T> checked(const Operation& operation, std::string_view what, Result<T> parsed) {
  if (parsed.ok()) return parsed;
  return unreadable_reply(operation, what, parsed.error().message);
}

void append_target(JsonObject& ask, const RedshiftPlace& place, const Submission& submission) {
  // A session knows its place; saying both is refused.
  if (!submission.session_id.empty()) {
    ask.text("SessionId", submission.session_id);
  } else {
    if (!place.workgroup.empty()) ask.text("WorkgroupName", place.workgroup);
    if (!place.cluster.empty()) ask.text("ClusterIdentifier", place.cluster);
    ask.text("Database", place.database);
    if (!place.secret_arn.empty()) ask.text("SecretArn", place.secret_arn);
    if (!place.db_user.empty()) ask.text("DbUser", place.db_user);
  }
  if (!submission.client_token.empty()) ask.text("ClientToken", submission.client_token);
  if (!submission.statement_name.empty()) ask.text("StatementName", submission.statement_name);
  if (submission.session_keep_alive_s > 0)
    ask.number("SessionKeepAliveSeconds", submission.session_keep_alive_s);
  if (submission.wait_s > 0) ask.number("WaitTimeSeconds", submission.wait_s);
}

void append_parameters(JsonObject& ask, std::span<const SqlParameter> parameters) {
  if (parameters.empty()) return;
  size_t bytes = 2;
  for (const SqlParameter& parameter : parameters) bytes += parameter.value.size() * 3 / 2 + 40;
  ask.composed("Parameters", bytes, [parameters](std::string& list) {
    char before = '[';
    for (const SqlParameter& parameter : parameters) {
      list += before;
      list += R"({"name":)";
      append_json_string(list, parameter.name);
      list += R"(,"value":)";
      append_json_string(list, parameter.value);
      list += '}';
      before = ',';
    }
    list += ']';
  });
}

std::string place_text(const RedshiftPlace& place) {
  return place.workgroup.empty() ? "the cluster " + place.cluster : "the workgroup " + place.workgroup;
}

Result<Submitted> submit(Session& session, const Operation& operation, const RedshiftPlace& place,
                         std::string body, int64_t timeout_ms) {
  const std::string what = "run a statement in " + place_text(place);
  const net::HttpResponse reply = TRY(call(session, operation, what, std::move(body), timeout_ms));
  Submitted submitted = TRY(checked(operation, what, parse_submitted(reply.body)));
  submitted.replied_ms = date_ms(reply);
  return submitted;
}

}  // namespace

Result<Submitted> RedshiftData::execute(const RedshiftPlace& place, std::string_view sql,
                                        std::span<const SqlParameter> parameters,
                                        const Submission& submission, int64_t timeout_ms) {
  JsonObject ask;
  ask.text("Sql", sql);
  append_target(ask, place, submission);
  append_parameters(ask, parameters);
  return submit(session_, write("ExecuteStatement"), place, ask.done(), timeout_ms);
}

Result<Submitted> RedshiftData::execute_batch(const RedshiftPlace& place, std::span<const std::string> sqls,
                                              std::span<const SqlParameter> parameters, ExecutionMode mode,
                                              const Submission& submission, int64_t timeout_ms) {
  std::string list;
  for (const std::string& sql : sqls) {
    list += list.empty() ? '[' : ',';
    append_json_string(list, sql);
  }
  list += ']';
  JsonObject ask;
  ask.raw("Sqls", list);
  append_target(ask, place, submission);
  append_parameters(ask, parameters);
  // The default is not sent: endpoints from before the member refuse it.
  if (mode == ExecutionMode::AutoCommit) ask.text("ExecutionMode", "AUTO_COMMIT");
  return submit(session_, write("BatchExecuteStatement"), place, ask.done(), timeout_ms);
}

Result<StatementState> RedshiftData::describe(std::string_view id, int64_t wait_s, int64_t timeout_ms) {
  const Operation operation = read("DescribeStatement");
  constexpr std::string_view kWhat = "ask Redshift what became of a statement";
  JsonObject ask;
  ask.text("Id", id);
  if (wait_s > 0) ask.number("WaitTimeSeconds", wait_s);
  const net::HttpResponse reply = TRY(call(session_, operation, kWhat, ask.done(), timeout_ms));
  return checked(operation, kWhat, parse_statement_state(reply.body));
}

Result<bool> RedshiftData::cancel(std::string_view id, int64_t timeout_ms) {
  const Operation operation = write("CancelStatement");
  constexpr std::string_view kWhat = "cancel a statement in Redshift";
  const net::HttpResponse reply =
      TRY(call(session_, operation, kWhat, JsonObject().text("Id", id).done(), timeout_ms));
  return checked(operation, kWhat, parse_cancelled(reply.body));
}

Result<ResultPage> RedshiftData::result(std::string_view id, std::string_view next_token,
                                        int64_t timeout_ms) {
  const Operation operation = read("GetStatementResult");
  constexpr std::string_view kWhat = "read a statement's result from Redshift";
  JsonObject ask;
  ask.text("Id", id);
  if (!next_token.empty()) ask.text("NextToken", next_token);
  const net::HttpResponse reply = TRY(call(session_, operation, kWhat, ask.done(), timeout_ms));
  return checked(operation, kWhat, parse_result_page(reply.body));
}

namespace {

// The length, with its quotes, of a column or member of ours that `text` begins with; 0 when it is none.
size_t our_name_at(std::string_view text) {
  static constexpr std::array<std::string_view, 14> kNames = {
      "cdc_events", "event_id",        "source_schema",    "source_table",   "operation",
      "record_id",  "event_data",      "commit_timestamp", "commit_ts_ns",   "tx_id",
      "shard_id",   "sequence_number", "ingested_at",      "WaitTimeSeconds"};
  for (const std::string_view name : kNames)
    if (text.substr(1).starts_with(name) && text.size() > name.size() + 1 && text[name.size() + 1] == text[0])
      return name.size() + 2;
  return 0;
}

}  // namespace

std::string shown_words(std::string_view words) {
  static constexpr std::array<std::string_view, 6> kValuesFollow = {"Value:", "value:",   "DETAIL",
                                                                    "Detail", "context:", "CONTEXT"};
  for (const std::string_view mark : kValuesFollow)
    if (const size_t at = words.find(mark); at != std::string_view::npos) words = words.substr(0, at);
  std::string out;
  for (size_t at = 0; at < words.size() && out.size() < kMaxWords;) {
    const char letter = words[at];
    if (letter == '\'' || letter == '"' || letter == '`') {
      if (const size_t length = our_name_at(words.substr(at)); length > 0) {
        out += words.substr(at, length);
        at += length;
        continue;
      }
      // Up to the last one of its kind: a value may hold any number of them.
      const size_t end = words.rfind(letter);
      out += "…";
      at = end == at ? words.size() : end + 1;
      continue;
    }
    const bool control = static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F;
    out += control ? ' ' : letter;
    ++at;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace sluice::aws
