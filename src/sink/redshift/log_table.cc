#include "sink/redshift/log_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.h"
#include "base/text.h"
#include "sink/redshift/log_views.h"
#include "sql/quote.h"
#include "sql/redshift.h"

namespace sluice::sink::redshift {
namespace {

// New ids that go in one statement, beside its text and a long id.
constexpr size_t kIdBytes = 60'000;

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
  std::vector<std::string> schema = in_schema(sql::redshift_schema());
  schema.push_back(comment_on(sql::redshift_transactions()));
  const auto made = runner_.run_together(schema);
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

Result<std::vector<LogTable::NewId>> LogTable::ids_by(const change::Rekey& rekey) {
  std::vector<NewId> ids;
  int64_t too_long = 0;
  for (ResultRow& row : TRY(runner_.query(
           of_table(fmt::format("SELECT event_id, operation, record_id, {} FROM {} WHERE source_schema = "
                                ":s::varchar(128) AND source_table = :t::varchar(128)",
                                image_text("event_data"), log_table(settings_)),
                    rekey.table)))) {
    if (row.size() != 4 || !row[0] || !row[1] || !row[2])
      return unavailable("Redshift's rows of cdc_events lack what every row has.");
    if (!row[3]) {
      ++too_long;
      continue;
    }
    NewId one;
    one.event_id = number(row[0]);
    one.is_delete = *row[1] == "d";
    one.after = rekey.record_id_of(*row[1], *row[3]);
    one.before = std::move(*row[2]);
    ids.push_back(std::move(one));
  }
  if (too_long == 0) return ids;
  return refused(fmt::format(
      "{} rows of {}.{} have images of more than {} bytes, which Redshift does not give as text. "
      "Nothing was changed. Where enable_large_strings_opt_in is on, set redshift_string_bytes to "
      "16000000 and try again.",
      too_long, rekey.table.schema, rekey.table.table, settings_.string_bytes));
}

// An image's JSON; NULL where no VARCHAR holds it, which would fail the whole statement.
std::string LogTable::image_text(std::string_view image) const {
  return fmt::format("CASE WHEN JSON_SIZE({0}) <= {1} THEN JSON_SERIALIZE({0}) END", image,
                     settings_.string_bytes);
}

Result<void> LogTable::rekey(const change::Rekey& rekey) {
  const std::string update = fmt::format(
      "UPDATE {} AS e SET record_id = k.id FROM (SELECT r.k::varchar(2048) AS id, r.i::bigint AS event "
      "FROM (SELECT JSON_PARSE(:p) AS a) x, x.a AS r) k WHERE e.event_id = k.event",
      log_table(settings_));
  const size_t ids_bytes = std::min(kIdBytes, static_cast<size_t>(settings_.statement_bytes) / 2);
  std::vector<Statement> updates;
  std::string list;
  const auto close = [&] {
    if (!list.empty()) updates.push_back({update, {{"p", list + "]"}}});
    list.clear();
  };
  for (const NewId& one : TRY(ids_by(rekey))) {
    if (one.before == one.after) continue;
    list += fmt::format("{}{{\"i\":{},\"k\":", list.empty() ? "[" : ",", one.event_id);
    append_json_string(list, one.after);
    list += '}';
    if (list.size() > ids_bytes) close();
  }
  close();
  if (updates.empty()) return {};
  if (updates.size() == 1) {
    TRY(runner_.run(updates.front()));
    return {};
  }
  if (const auto refused = TRY(runner_.run_all(updates))) return refused->why;
  return {};
}

Result<RekeyEffect> LogTable::try_rekey(const change::Rekey& rekey) {
  RekeyCount count;
  for (const NewId& one : TRY(ids_by(rekey))) count.add(one.event_id, one.is_delete, one.before, one.after);
  return count.effect();
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
                        "AND JSON_SIZE(e.event_data) <= {} QUALIFY ROW_NUMBER() OVER (PARTITION BY "
                        "e.source_schema, e.source_table ORDER BY "
                        "e.commit_ts_ns DESC) = 1) AS n ORDER BY n.source_schema, n.source_table",
                        log_table(settings_), settings_.string_bytes),
            {}})))
    if (row.at(2)) images.push_back({{row[0].value_or(""), row[1].value_or("")}, std::move(*row[2])});
  return images;
}

}  // namespace sluice::sink::redshift
