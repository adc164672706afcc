#include "sink/postgres/current.h"

#include <fmt/format.h>

#include <functional>
#include <string>

#include "sql/maintained.h"

namespace sluice::sink::postgres {

using change::TableName;

namespace {

// How many ids of a table are filled in one transaction: a change to one of them waits that long.
constexpr int64_t kIdsAtOnce = 2000;

Result<CurrentTables> read_tables(Connection& connection, const std::string& where) {
  CurrentTables tables;
  const auto made = TRY(connection.run("SELECT to_regclass('cdc_current_tables') IS NOT NULL"));
  if (made->text(0, 0) != "t") return tables;
  // A store of before has no such column, and what it keeps is filled.
  const auto rows =
      TRY(connection.run("SELECT source_schema, source_table FROM cdc_current_tables AS kept WHERE " + where +
                         "coalesce((to_jsonb(kept) ->> 'filled')::boolean, true)"));
  for (int row = 0; row < rows->size(); ++row) tables.insert({rows->text(row, 0), rows->text(row, 1)});
  return tables;
}

Result<void> in_transaction(Connection& connection, const std::function<Result<void>()>& work) {
  TRY(connection.run("BEGIN"));
  Result<void> worked = work();
  if (worked.ok()) {
    const auto committed = connection.run("COMMIT");
    if (!committed.ok()) worked = committed.error();
  }
  if (!worked.ok() && !connection.is_lost()) static_cast<void>(connection.run("ROLLBACK"));
  return worked;
}

// The history of one table, in pieces. Writers go on landing: what they land is kept by the triggers already.
Result<void> fill(Connection& connection, const TableName& table) {
  std::string last;
  bool is_first = true;
  bool is_over = false;
  while (!is_over) {
    const Result<void> piece = in_transaction(connection, [&]() -> Result<void> {
      // Against a rekey, which makes the table's part anew, and a writer who ends keeping it.
      const auto begun = TRY(connection.run(
          "SELECT 1 FROM cdc_current_tables WHERE source_schema = $1 AND source_table = $2 FOR UPDATE",
          {table.schema, table.table}));
      is_over = begun->size() == 0;
      if (is_over) return {};
      const auto filled = TRY(connection.run(sql::postgres_fill_current(is_first),
                                             {table.schema, table.table, last, std::to_string(kIdsAtOnce)}));
      is_first = false;
      last = filled->text(0, 0);
      is_over = filled->number(0, 1) < kIdsAtOnce;
      return {};
    });
    TRY(piece);
  }
  return {};
}

}  // namespace

Result<CurrentTables> load_current(Connection& connection) { return read_tables(connection, ""); }

Result<CurrentTables> load_begun(Connection& connection) { return read_tables(connection, "NOT "); }

Result<void> begin_current(Connection& connection, const CurrentTables& tables) {
  if (tables.empty()) return {};
  const Result<void> begun = in_transaction(connection, [&]() -> Result<void> {
    // Whoever is landing is waited for: what lands from here on meets the triggers.
    TRY(connection.run("LOCK TABLE cdc_events IN SHARE ROW EXCLUSIVE MODE"));
    TRY(connection.run(sql::postgres_maintained_schema()));
    for (const TableName& table : tables)
      TRY(
          connection.run("INSERT INTO cdc_current_tables (source_schema, source_table, filled) VALUES ($1, "
                         "$2, false) ON CONFLICT DO NOTHING",
                         {table.schema, table.table}));
    return {};
  });
  TRY(begun);
  for (const TableName& table : tables) TRY(fill(connection, table));
  return {};
}

Result<void> change_current(Connection& connection, const CurrentPlan& plan) {
  for (const TableName& table : plan.begin)
    TRY(
        connection.run("UPDATE cdc_current_tables SET filled = true WHERE source_schema = $1 AND "
                       "source_table = $2",
                       {table.schema, table.table}));
  if (plan.end.empty()) return {};
  // Nobody lands what would be kept while it is forgotten.
  TRY(connection.run("LOCK TABLE cdc_events IN SHARE ROW EXCLUSIVE MODE"));
  for (const TableName& table : plan.end) {
    TRY(connection.run("DELETE FROM cdc_current_tables WHERE source_schema = $1 AND source_table = $2",
                       {table.schema, table.table}));
    TRY(connection.run(sql::postgres_forget_current(), {table.schema, table.table}));
  }
  const auto left = TRY(connection.run("SELECT 1 FROM cdc_current_tables LIMIT 1"));
  if (left->size() > 0) return {};
  // Without any the log is written as if there had never been one.
  TRY(connection.run(
      "DROP TRIGGER IF EXISTS cdc_keep_current ON cdc_events; DROP TRIGGER IF EXISTS cdc_rebuild_current ON "
      "cdc_events"));
  return {};
}

Result<void> check_ended(Connection& connection, const CurrentPlan& plan) {
  for (const TableName& table : plan.end) {
    const auto readers =
        TRY(connection.run("SELECT reader.relname FROM pg_depend AS needs JOIN pg_rewrite AS rule ON "
                           "rule.oid = needs.objid JOIN "
                           "pg_class AS reader ON reader.oid = rule.ev_class JOIN cdc_views AS ours ON "
                           "ours.view_name = reader.relname "
                           "WHERE needs.refobjid = 'cdc_current'::regclass AND ours.source_schema = $1 AND "
                           "ours.source_table = $2 AND "
                           "reader.relnamespace = current_schema()::regnamespace LIMIT 1",
                           {table.schema, table.table}));
    if (readers->size() == 0) continue;
    return refused(
        fmt::format("cannot go back to current = \"view\" for {}.{}: the view {} could not be replaced, and "
                    "would be empty. "
                    "Nothing was changed; drop what depends on it and run again.",
                    table.schema, table.table, readers->text(0, 0)));
  }
  return {};
}

Result<std::vector<CurrentCheck>> check_current(Connection& connection) {
  TRY(connection.run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  std::vector<CurrentCheck> checks;
  for (const TableName& table : TRY(load_current(connection))) {
    const auto rows = TRY(connection.run(sql::postgres_verify_current(), {table.schema, table.table}));
    checks.push_back({table, rows->number(0, 2), rows->number(0, 0), rows->number(0, 1)});
  }
  TRY(connection.run("COMMIT"));
  return checks;
}

}  // namespace sluice::sink::postgres
