#include "sink/postgres/current.h"

#include <fmt/format.h>

#include "sql/maintained.h"

namespace sluice::sink::postgres {

using change::TableName;

Result<CurrentTables> load_current(Connection& connection) {
  CurrentTables tables;
  const auto made = TRY(connection.run("SELECT to_regclass('cdc_current_tables') IS NOT NULL"));
  if (made->text(0, 0) != "t") return tables;
  const auto rows = TRY(connection.run("SELECT source_schema, source_table FROM cdc_current_tables"));
  for (int row = 0; row < rows->size(); ++row) tables.insert({rows->text(row, 0), rows->text(row, 1)});
  return tables;
}

Result<void> change_current(Connection& connection, const CurrentPlan& plan) {
  // Nobody lands between the history that is read and the triggers that take over.
  TRY(connection.run("LOCK TABLE cdc_events IN SHARE ROW EXCLUSIVE MODE"));
  if (!plan.begin.empty()) TRY(connection.run(sql::postgres_maintained_schema()));
  for (const TableName& table : plan.end) {
    TRY(connection.run("DELETE FROM cdc_current_tables WHERE source_schema = $1 AND source_table = $2",
                       {table.schema, table.table}));
    TRY(connection.run(sql::postgres_forget_current(), {table.schema, table.table}));
  }
  for (const TableName& table : plan.begin) {
    const auto added =
        TRY(connection.run("INSERT INTO cdc_current_tables VALUES ($1, $2) ON CONFLICT DO NOTHING",
                           {table.schema, table.table}));
    if (added->touched() == 0) continue;  // another writer was first
    TRY(connection.run(sql::postgres_rebuild_current(), {table.schema, table.table}));
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
