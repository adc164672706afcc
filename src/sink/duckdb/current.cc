#include "sink/duckdb/current.h"

#include <algorithm>

#include "base/text.h"
#include "sink/duckdb/store.h"
#include "sql/maintained.h"

namespace sluice::sink::duckdb {

using change::TableName;

namespace {

std::vector<Value> names(const TableName& table) {
  return {std::string_view(table.schema), std::string_view(table.table)};
}

Result<void> done(const Result<int64_t>& changed) {
  return changed.ok() ? Result<void>() : Result<void>(changed.error());
}

Result<void> set_version(Connection& connection, int version) {
  const std::string text = std::to_string(version);
  return done(connection.execute("UPDATE cdc_meta SET value = $1 WHERE name = 'store_version'",
                                 {std::string_view(text)}));
}

}  // namespace

Result<void> Current::load(Connection& connection) {
  tables_.clear();
  const auto made = TRY(connection.query_value(
      "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'cdc_current_tables' AND schema_name = "
      "current_schema() AND database_name = current_database()"));
  if (made != "1") return {};
  const auto rows = TRY(connection.query("SELECT source_schema, source_table FROM cdc_current_tables"));
  while (const auto* row = TRY(rows->next()))
    tables_.insert({(*row)[0].value_or(""), (*row)[1].value_or("")});
  return {};
}

Result<void> Current::change(Connection& connection, const CurrentPlan& plan) {
  if (!plan.begin.empty()) TRY(connection.execute(sql::duckdb_maintained_schema()));
  for (const TableName& table : plan.end) {
    TRY(connection.execute("DELETE FROM cdc_current_tables WHERE source_schema = $1 AND source_table = $2",
                           names(table)));
    TRY(connection.execute(sql::duckdb_forget_current(), names(table)));
    tables_.erase(table);
  }
  for (const TableName& table : plan.begin) {
    TRY(connection.execute("INSERT INTO cdc_current_tables VALUES ($1, $2)", names(table)));
    tables_.insert(table);
    TRY(rebuild(connection, table));
  }
  return set_version(connection, tables_.empty() ? kPlainStoreVersion : kStoreVersion);
}

Result<void> Current::keep(Connection& connection, const change::Batch& batch) const {
  if (tables_.empty() || batch.rows.empty()) return {};
  if (std::ranges::none_of(batch.tables, [this](const TableName& table) { return tables_.contains(table); }))
    return {};
  return connection.execute(sql::duckdb_keep_current("sluice_rows()"));
}

Result<void> Current::rebuild(Connection& connection, const TableName& table) const {
  if (!tables_.contains(table)) return {};
  TRY(connection.execute(sql::duckdb_forget_current(), names(table)));
  return done(connection.execute(sql::duckdb_rebuild_current(), names(table)));
}

Result<std::vector<CurrentCheck>> Current::check(Connection& connection) const {
  std::vector<CurrentCheck> checks;
  for (const TableName& table : tables_) {
    const auto rows = TRY(connection.query(sql::duckdb_verify_current(), names(table)));
    const auto* row = TRY(rows->next());
    CHECK(row != nullptr);
    const auto number = [row](size_t at) { return parse_int64((*row)[at].value_or("")).value_or(0); };
    checks.push_back({table, number(2), number(0), number(1)});
  }
  return checks;
}

}  // namespace sluice::sink::duckdb
