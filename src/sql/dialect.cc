#include "sql/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "sql/athena.h"
#include "sql/duckdb.h"
#include "sql/postgres.h"
#include "sql/quote.h"
#include "sql/redshift.h"
#include "sql/view_tables.h"

namespace sluice::sql {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"duckdb", "postgres", "redshift", "athena"};

// IAMR:analyst as a user, role:analyst as a role, group:analysts as a group.
std::string redshift_grantee(const std::string& grantee) {
  if (grantee.starts_with("role:")) return "ROLE " + quote_identifier(grantee.substr(5));
  if (grantee.starts_with("group:")) return "GROUP " + quote_identifier(grantee.substr(6));
  return quote_identifier(grantee);
}

void note_unknown(const ViewTable& all, const TableOptions& options, std::vector<std::string>& unknown) {
  std::set<std::string> named(options.include.begin(), options.include.end());
  named.insert(options.exclude.begin(), options.exclude.end());
  named.insert(options.hash.begin(), options.hash.end());
  named.insert(options.unnest.begin(), options.unnest.end());
  for (const auto& [from, to] : options.rename) named.insert(from);
  for (const std::string& name : named) {
    if (std::ranges::find(all.columns, name, &ViewColumn::key) == all.columns.end())
      unknown.push_back(all.name.schema + "." + all.name.table + ": " + name);
  }
}

}  // namespace

std::string_view dialect_name(Dialect dialect) { return kNames[static_cast<size_t>(dialect)]; }

std::optional<Dialect> dialect_from_name(std::string_view name) {
  for (size_t at = 0; at < kNames.size(); ++at) {
    if (kNames[at] == name) return static_cast<Dialect>(at);
  }
  return std::nullopt;
}

std::vector<std::string> schema_statements(Dialect dialect, const std::string& location) {
  switch (dialect) {
    case Dialect::DuckDb:
      return {duckdb_schema()};
    case Dialect::Postgres:
      return {postgres_schema()};
    case Dialect::Redshift:
      return redshift_schema();
    case Dialect::Athena:
      break;
  }
  return athena_schema(location);
}

std::vector<View> views_of(Dialect dialect, std::span<const change::TableState> tables,
                           const catalog::Catalog* catalog, const ViewOptions& options) {
  switch (dialect) {
    case Dialect::DuckDb:
      return duckdb_views(tables, catalog, options);
    case Dialect::Postgres:
      return postgres_views(tables, catalog, options);
    case Dialect::Redshift:
      return redshift_views(tables, catalog, options);
    case Dialect::Athena:
      break;
  }
  return athena_views(tables, catalog, options);
}

std::vector<std::string> view_statements(Dialect dialect, std::span<const View> views) {
  static constexpr std::string_view kSetting = "SET enable_case_sensitive_super_attribute TO ";
  std::vector<std::string> statements;
  bool sensitive = false;
  for (const View& view : views) {
    if (dialect == Dialect::Redshift && view.case_sensitive != sensitive) {
      sensitive = view.case_sensitive;
      statements.push_back(std::string(kSetting) + (sensitive ? "TRUE" : "FALSE"));
    }
    statements.push_back(view.create_view);
    if (!view.create_function.empty()) statements.push_back(view.create_function);
  }
  if (sensitive) statements.push_back(std::string(kSetting) + "FALSE");
  return statements;
}

std::string view_script(Dialect dialect, std::span<const View> views) {
  std::string text;
  for (const std::string& statement : view_statements(dialect, views)) {
    text += statement + ";\n\n";
    const auto view = std::ranges::find(views, statement, &View::create_view);
    if (view == views.end() || view->as_of_query.empty()) continue;
    text += "-- As of a moment:\n--   ";
    for (const char c : view->as_of_query) {
      text.push_back(c);
      if (c == '\n') text += "--   ";
    }
    text += ";\n\n";
  }
  return text;
}

Result<std::vector<std::string>> grant_statements(Dialect dialect, std::span<const View> views,
                                                  const std::string& schema, const std::string& grantee) {
  if (dialect == Dialect::DuckDb)
    return refused("DuckDB has no roles: whoever may read the file may read all of it. Leave --grant out.");
  if (dialect == Dialect::Athena)
    return refused("Athena's rights are granted in Lake Formation or IAM, not in SQL. Leave --grant out.");
  const std::string to = grantee.empty()                ? "PUBLIC"
                         : dialect == Dialect::Redshift ? redshift_grantee(grantee)
                                                        : quote_identifier(grantee);
  std::vector<std::string> statements = {
      fmt::format("GRANT USAGE ON SCHEMA {} TO {}", quote_identifier(schema), to)};
  const auto select = [&](std::string_view view) {
    statements.push_back(
        fmt::format("GRANT SELECT ON {}.{} TO {}", quote_identifier(schema), quote_identifier(view), to));
  };
  for (const View& view : views) select(view.view_name);
  select("cdc_transactions");
  return statements;
}

std::vector<Check> checks_of(Dialect dialect, std::span<const change::TableState> tables,
                             const catalog::Catalog* catalog, const ViewOptions& options) {
  std::vector<Check> checks;
  for (const ViewTable& table : view_tables(tables, catalog, options)) {
    Check check = dialect == Dialect::DuckDb     ? duckdb_check(table)
                  : dialect == Dialect::Postgres ? postgres_check(table)
                                                 : redshift_check(table);
    if (!check.columns.empty()) checks.push_back(std::move(check));
  }
  return checks;
}

bool hides_columns(const ViewOptions& options) {
  return std::ranges::any_of(options, [](const auto& entry) {
    return !entry.second.include.empty() || !entry.second.exclude.empty() || !entry.second.hash.empty();
  });
}

std::vector<std::string> unknown_columns(std::span<const change::TableState> tables,
                                         const catalog::Catalog* catalog, const ViewOptions& options) {
  std::vector<std::string> unknown;
  for (const ViewTable& table : view_tables(tables, catalog)) {
    const auto chosen = options.find(table.name);
    if (chosen != options.end() && !table.columns.empty()) note_unknown(table, chosen->second, unknown);
  }
  return unknown;
}

}  // namespace sluice::sql
