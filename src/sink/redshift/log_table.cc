#include "sink/redshift/log_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.h"
#include "base/text.h"
#include "sql/dialect.h"
#include "sql/quote.h"
#include "sql/redshift.h"

namespace sluice::sink::redshift {
namespace {

// New ids that go in one statement.
constexpr size_t kIdBytes = 60'000;
// Views of one batch, which takes 40 statements; and their text.
constexpr size_t kViewsTogether = 30;
constexpr size_t kViewBytes = 60'000;
constexpr std::string_view kCaseSensitive = "SET enable_case_sensitive_super_attribute TO true";

int64_t number(const std::optional<std::string>& cell) { return cell ? parse_int64(*cell).value_or(0) : 0; }

Statement of_table(std::string sql, const change::TableName& table) {
  return {std::move(sql), {{"s", table.schema}, {"t", table.table}}};
}

}  // namespace

std::vector<std::string> LogTable::in_schema(std::vector<std::string> statements) const {
  if (settings_.schema != "public")
    statements.insert(statements.begin(), "SET search_path TO " + sql::quote_identifier(settings_.schema));
  return statements;
}

Result<void> LogTable::prepare(bool create) {
  const Statement look{
      fmt::format("SELECT source_schema, source_table, operation, record_id, event_data, commit_timestamp, "
                  "commit_ts_ns, tx_id, shard_id, sequence_number, ingested_at FROM {} WHERE 1 = 0",
                  log_table(settings_)),
      {}};
  const auto found = runner_.run(look);
  if (found.ok()) return {};
  const bool is_missing = found.error().reason == "statement-failed" &&
                          found.error().message.find("does not exist") != std::string::npos;
  if (!is_missing) return found.error();
  if (!create)
    return refused(fmt::format("there is no table {} in Redshift. `sluice run --to redshift:...` makes it.",
                               log_table(settings_)));
  const auto made = runner_.run_together(in_schema(sql::redshift_schema()));
  if (!made.ok())
    return Error{
        made.error().kind, made.error().reason,
        fmt::format("cannot make the table {}: {} Check that the user may create tables in the schema, "
                    "or run the statements of docs/redshift.md as an administrator.",
                    log_table(settings_), made.error().message)};
  return {};
}

Result<int64_t> LogTable::count() {
  return runner_.query_number({fmt::format("SELECT COUNT(*) FROM {}", log_table(settings_)), {}});
}

Result<void> LogTable::rekey(const change::Rekey& rekey) {
  const auto rows = TRY(runner_.query(
      of_table(fmt::format("SELECT event_id, operation, record_id, JSON_SERIALIZE(event_data) FROM {} WHERE "
                           "source_schema = :s::varchar(128) AND source_table = :t::varchar(128)",
                           log_table(settings_)),
               rekey.table)));
  const std::string update = fmt::format(
      "UPDATE {} AS e SET record_id = k.id FROM (SELECT r.k::varchar(2048) AS id, r.i::bigint AS event "
      "FROM (SELECT JSON_PARSE(:p) AS a) x, x.a AS r) k WHERE e.event_id = k.event",
      log_table(settings_));
  std::string list;
  const auto send = [&]() -> Result<void> {
    if (list.empty()) return {};
    TRY(runner_.run({update, {{"p", list + "]"}}}));
    list.clear();
    return {};
  };
  for (const ResultRow& row : rows) {
    if (row.size() != 4 || !row[0] || !row[1] || !row[3]) continue;
    const std::string id = rekey.record_id_of(*row[1], *row[3]);
    if (row[2] == id) continue;
    list += fmt::format("{}{{\"i\":{},\"k\":", list.empty() ? "[" : ",", *row[0]);
    append_json_string(list, id);
    list += '}';
    if (list.size() > kIdBytes) TRY(send());
  }
  return send();
}

Result<std::vector<std::pair<std::string, int64_t>>> LogTable::rows_per_shard() {
  std::vector<std::pair<std::string, int64_t>> counts;
  for (const ResultRow& row : TRY(runner_.query(
           {fmt::format("SELECT shard_id, COUNT(DISTINCT sequence_number) FROM {} GROUP BY shard_id",
                        log_table(settings_)),
            {}})))
    counts.emplace_back(row.at(0).value_or(""), number(row.at(1)));
  return counts;
}

Result<std::map<change::TableName, int64_t>> LogTable::keyless_rows() {
  std::map<change::TableName, int64_t> counts;
  for (const ResultRow& row : TRY(runner_.query(
           {fmt::format(
                "SELECT source_schema, source_table, COUNT(*) FROM {} WHERE record_id LIKE 'image:%' AND "
                "LEN(record_id) = 70 GROUP BY source_schema, source_table",
                log_table(settings_)),
            {}})))
    counts[{row.at(0).value_or(""), row.at(1).value_or("")}] = number(row.at(2));
  return counts;
}

Result<int64_t> LogTable::count_repeats(int64_t from_ns, int64_t through_ns) {
  return runner_.query_number(
      {fmt::format("SELECT SUM(n - 1)::bigint FROM (SELECT COUNT(*) AS n FROM {} WHERE commit_ts_ns BETWEEN "
                   ":a::bigint AND :b::bigint GROUP BY source_schema, source_table, record_id, commit_ts_ns, "
                   "operation HAVING COUNT(*) > 1) AS repeated",
                   log_table(settings_)),
       {{"a", std::to_string(from_ns)}, {"b", std::to_string(through_ns)}}});
}

Result<std::vector<NewestImage>> LogTable::newest_images() {
  std::vector<NewestImage> images;
  for (ResultRow& row : TRY(runner_.query(
           {fmt::format("SELECT n.source_schema, n.source_table, JSON_SERIALIZE(n.event_data) FROM (SELECT "
                        "e.source_schema, e.source_table, e.event_data FROM {} AS e WHERE e.operation <> 'd' "
                        "QUALIFY ROW_NUMBER() OVER (PARTITION BY e.source_schema, e.source_table ORDER BY "
                        "e.commit_ts_ns DESC) = 1) AS n ORDER BY n.source_schema, n.source_table",
                        log_table(settings_)),
            {}})))
    if (row.at(2)) images.push_back({{row[0].value_or(""), row[1].value_or("")}, std::move(*row[2])});
  return images;
}

Result<void> LogTable::make_views(const std::vector<const sql::View*>& views) {
  std::vector<const sql::View*> together;
  size_t bytes = 0;
  const auto make = [&]() -> Result<void> {
    if (together.empty()) return {};
    TRY(make_together(together));
    together.clear();
    bytes = 0;
    return {};
  };
  for (const sql::View* view : views) {
    // A batch has one setting for all its views.
    const bool differs = !together.empty() && together.back()->case_sensitive != view->case_sensitive;
    if (differs || together.size() == kViewsTogether || bytes + view->create_view.size() > kViewBytes)
      TRY(make());
    together.push_back(view);
    bytes += view->create_view.size();
  }
  return make();
}

Result<void> LogTable::make_together(const std::vector<const sql::View*>& views) {
  std::vector<std::string> statements;
  if (views.front()->case_sensitive) statements.emplace_back(kCaseSensitive);
  for (const sql::View* view : views) statements.push_back(view->create_view);
  const auto made = runner_.run_together(in_schema(std::move(statements)));
  if (made.ok()) return {};
  if (made.error().reason != "statement-failed" && made.error().reason != "StatementTooLarge")
    return made.error();
  // One of them is in the way of all.
  for (const sql::View* view : views) TRY(make_view(*view));
  return {};
}

Result<void> LogTable::make_view(const sql::View& view) {
  std::vector<std::string> statements = in_schema({view.create_view});
  if (view.case_sensitive) statements.insert(statements.begin(), std::string(kCaseSensitive));
  const auto made = runner_.run_together(statements);
  if (made.ok()) return {};
  if (made.error().reason != "statement-failed") return made.error();
  // Perhaps its columns changed, which only a new view can have.
  const auto last = statements.end() - 1;
  statements.insert(last, "DROP VIEW IF EXISTS " + sql::quote_identifier(view.view_name));
  const auto again = runner_.run_together(statements);
  if (again.ok()) return {};
  return Error{again.error().kind, again.error().reason,
               fmt::format("the view {} was not made: {}", view.view_name, again.error().message)};
}

Result<void> LogTable::drop_view(const sql::View& view) {
  TRY(runner_.run_together(in_schema({"DROP VIEW IF EXISTS " + sql::quote_identifier(view.view_name)})));
  return {};
}

Result<void> LogTable::grant(const std::vector<sql::View>& views, const std::string& grantee) {
  static constexpr size_t kStatements = 40;  // of one batch
  const auto grants = TRY(sql::grant_statements(sql::Dialect::Redshift, views, settings_.schema, grantee));
  for (size_t at = 0; at < grants.size(); at += kStatements) {
    const size_t end = std::min(at + kStatements, grants.size());
    TRY(runner_.run_together({grants.begin() + static_cast<std::ptrdiff_t>(at),
                              grants.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  return {};
}

// A single statement names no schema to look names up in; the log stands in the query under its bare name.
Result<ResultRow> LogTable::first_row(const std::string& query) {
  std::string qualified = query;
  static constexpr std::string_view kLog = "FROM cdc_events AS e";
  for (size_t at = qualified.find(kLog); at != std::string::npos; at = qualified.find(kLog, at + 1))
    qualified.replace(at, kLog.size(), fmt::format("FROM {} AS e", log_table(settings_)));
  std::vector<ResultRow> rows = TRY(runner_.query({qualified, {}}));
  return rows.empty() ? ResultRow() : std::move(rows.front());
}

}  // namespace sluice::sink::redshift
