#include "sink/duckdb/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/random_text.h"
#include "base/text.h"
#include "sql/duckdb.h"
#include "sql/quote.h"

namespace sluice::sink::duckdb {
namespace {

using Names = std::set<std::pair<std::string, std::string>>;  // of a view and its macro

Result<Names> registered(Connection& connection) {
  Names names;
  TRY(each_row(connection, "SELECT view_name, macro_name FROM cdc_views", {},
               [&names](const auto& row) { names.emplace(text(row[0]), text(row[1])); }));
  return names;
}

Result<void> drop_one(Connection& connection, const std::string& view, const std::string& macro) {
  TRY(connection.execute(fmt::format("DROP VIEW IF EXISTS {}", sql::quote_identifier(view))));
  if (!macro.empty())
    TRY(connection.execute(fmt::format("DROP MACRO TABLE IF EXISTS {}", sql::quote_identifier(macro))));
  TRY(connection.execute("DELETE FROM cdc_views WHERE view_name = $1", {std::string_view(view)}));
  return {};
}

// DuckDB writes a text that it has read from the file a little otherwise than the same text when it was new:
// types without quotes and blanks, TIMESTAMPTZ in full, MATERIALIZED left out.
std::string comparable(std::string_view sql) {
  std::string text;
  for (const char c : sql) {
    if (c != '"' && c != ' ') text.push_back(c);
  }
  const auto replace_all = [&text](std::string_view from, std::string_view to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  };
  replace_all("TIMESTAMPWITHTIMEZONE", "TIMESTAMPTZ");
  replace_all("NOTMATERIALIZED", "");
  replace_all("MATERIALIZED", "");
  return text;
}

// The text of everything that is ours, by name.
Result<std::map<std::string, std::string>> standing(Connection& connection) {
  std::map<std::string, std::string> texts;
  TRY(each_row(
      connection,
      "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal AND schema_name = current_schema() AND "
      "database_name = current_database() AND (view_name IN (SELECT view_name FROM cdc_views) OR "
      "view_name LIKE 'cdc\\_%' ESCAPE '\\') UNION ALL "
      "SELECT function_name, string_agg(concat(parameters::VARCHAR, macro_definition), ';') FROM "
      "duckdb_functions() WHERE NOT internal AND schema_name = current_schema() AND database_name = "
      "current_database() AND function_type IN ('macro', 'table_macro') AND "
      "(function_name IN (SELECT macro_name FROM cdc_views) OR function_name LIKE 'cdc\\_%' ESCAPE '\\') "
      "GROUP BY function_name",
      {}, [&texts](const auto& row) { texts[text(row[0])] = comparable(text(row[1])); }));
  return texts;
}

// The key of the masks is made once; without one what is masked is NULL.
Result<void> make_mask_key(Connection& connection) {
  if (TRY(connection.query_value("SELECT count(*) FROM cdc_mask_key")) != "0") return {};
  const std::string inner = TRY(random_hex(32));
  const std::string outer = TRY(random_hex(32));
  TRY(connection.execute("INSERT INTO cdc_mask_key VALUES ($1, $2)",
                         {std::string_view(inner), std::string_view(outer)}));
  return {};
}

}  // namespace

Result<int64_t> Views::make(Connection& connection, const std::vector<change::TableState>& tables,
                            const sql::ViewOptions& options, bool all) {
  // A store that an older sluice made lacks what newer views are written with.
  if (all || made_.empty()) TRY(connection.execute(sql::duckdb_schema()));
  if (sql::hides_columns(options)) TRY(make_mask_key(connection));
  std::vector<sql::View> wanted = sql::duckdb_views(tables, catalog(), options);
  Names stale = TRY(registered(connection));
  for (const sql::View& view : wanted) stale.erase({view.view_name, view.function_name});
  for (const auto& [view, macro] : stale) TRY(drop_one(connection, view, macro));
  for (const sql::View& view : wanted) {
    if (!all && std::ranges::find(made_, view) != made_.end()) continue;
    TRY(connection.execute(view.create_view));
    if (!view.create_function.empty()) TRY(connection.execute(view.create_function));
    TRY(connection.execute("DELETE FROM cdc_views WHERE view_name = $1", {std::string_view(view.view_name)}));
    TRY(connection.execute("INSERT INTO cdc_views VALUES ($1, $2, $3, $4)",
                           {std::string_view(view.view_name), std::string_view(view.function_name),
                            std::string_view(view.table.schema), std::string_view(view.table.table)}));
  }
  made_ = std::move(wanted);
  return static_cast<int64_t>(made_.size());
}

Result<int64_t> Views::drop(Connection& connection) {
  const Names names = TRY(registered(connection));
  for (const auto& [view, macro] : names) TRY(drop_one(connection, view, macro));
  made_.clear();
  return static_cast<int64_t>(names.size());
}

Result<std::vector<ViewDifference>> Views::differences(Connection& connection,
                                                       const std::vector<change::TableState>& tables,
                                                       const sql::ViewOptions& options) {
  const auto before = TRY(standing(connection));
  TRY(make(connection, tables, options, true));
  made_.clear();
  return compare_views(before, TRY(standing(connection)));
}

Result<std::vector<UnconvertedColumn>> Views::unconverted(Connection& connection,
                                                          const std::vector<change::TableState>& tables,
                                                          const sql::ViewOptions& options) const {
  std::vector<UnconvertedColumn> found;
  for (const sql::Check& check : sql::checks_of(sql::Dialect::DuckDb, tables, catalog(), options)) {
    const std::unique_ptr<Rows> rows = TRY(connection.query(check.query));
    const auto* row = TRY(rows->next());
    if (row != nullptr) add_unconverted(check, *row, found);
  }
  return found;
}

}  // namespace sluice::sink::duckdb
