#include "sink/postgres/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/log.h"
#include "sink/postgres/current.h"
#include "sink/postgres/store.h"
#include "sql/quote.h"

namespace sluice::sink::postgres {
namespace {

Result<void> done(const Result<std::unique_ptr<Rows>>& result) {
  return result.ok() ? Result<void>() : Result<void>(result.error());
}

std::string drop_text(const std::string& view, const std::string& function) {
  std::string text = fmt::format("DROP VIEW IF EXISTS {}", sql::quote_identifier(view));
  if (!function.empty())
    text += fmt::format("; DROP FUNCTION IF EXISTS {}(timestamptz)", sql::quote_identifier(function));
  return text;
}

// Something of that name that no writer of ours has made.
Result<bool> is_taken(Connection& connection, const std::string& view) {
  const auto found = TRY(connection.run(
      "SELECT 1 FROM pg_class WHERE relname = $1 AND relnamespace = current_schema()::regnamespace", {view}));
  return found->size() > 0;
}

}  // namespace

void Views::say_once(const std::string& view, const std::string& why) {
  if (said_.insert(view).second) log_warn(fmt::format("the view {} was not made: {}", view, why));
}

Result<std::vector<sql::View>> Views::wanted(Connection& connection) const {
  const std::vector<change::TableState> tables = TRY(load_tables(connection));
  return sql::postgres_views(tables, catalog_ ? &*catalog_ : nullptr,
                             with_current(options_, TRY(load_current(connection))));
}

Result<int64_t> Views::make(Connection& connection, bool all) {
  TRY(connection.run("BEGIN"));
  Result<int64_t> made = make_in_transaction(connection, all);
  if (made.ok()) {
    const auto committed = connection.run("COMMIT");
    if (!committed.ok()) made = committed.error();
  }
  if (!made.ok()) {
    made_.clear();
    if (!connection.run("ROLLBACK").ok()) return made;
  }
  return made;
}

Result<int64_t> Views::make_in_transaction(Connection& connection, bool all) {
  // Whoever waits for a view's readers would make everybody behind it wait.
  TRY(connection.run("SET LOCAL lock_timeout = '2s'"));
  TRY(connection.run(
      "SELECT pg_advisory_xact_lock(hashtextextended('sluice views ' || current_schema(), 0))"));
  // A store that an older sluice made lacks what newer views are written with.
  if (all || made_.empty()) TRY(connection.run(sql::postgres_functions()));
  std::vector<sql::View> views = TRY(wanted(connection));
  std::map<std::string, std::string> registered;
  const auto rows = TRY(connection.run("SELECT view_name, function_name FROM cdc_views"));
  for (int row = 0; row < rows->size(); ++row) registered[rows->text(row, 0)] = rows->text(row, 1);
  std::map<std::string, std::string> outdated = registered;
  for (const sql::View& view : views) outdated.erase(view.view_name);
  for (const auto& [view, function] : outdated) {
    TRY(connection.run("SAVEPOINT one"));
    const Result<void> dropped = done(connection.run(drop_text(view, function)));
    if (dropped.ok()) {
      TRY(connection.run("DELETE FROM cdc_views WHERE view_name = $1", {view}));
    } else if (dropped.error().kind == ErrorKind::Unavailable) {
      return dropped.error();
    } else {
      TRY(connection.run("ROLLBACK TO one"));
      say_once(view, dropped.error().message);
    }
  }
  for (const sql::View& view : views) {
    if (!all && std::ranges::find(made_, view) != made_.end()) continue;
    if (!registered.contains(view.view_name) && TRY(is_taken(connection, view.view_name))) {
      say_once(view.view_name, "something of that name is there that sluice did not make.");
      continue;
    }
    TRY(connection.run("SAVEPOINT one"));
    const Result<void> made = make_one(connection, view);
    if (!made.ok() && made.error().kind == ErrorKind::Unavailable) return made.error();
    if (!made.ok()) {
      TRY(connection.run("ROLLBACK TO one"));
      say_once(view.view_name, made.error().message);
    }
    TRY(connection.run("RELEASE one"));
  }
  made_ = std::move(views);
  return static_cast<int64_t>(made_.size());
}

Result<void> Views::make_one(Connection& connection, const sql::View& view) {
  TRY(connection.run("SAVEPOINT replacing"));
  Result<void> made = done(connection.run(view.create_view));
  if (made.ok() && !view.create_function.empty()) made = done(connection.run(view.create_function));
  if (!made.ok()) {
    // Columns that changed their type or place cannot be replaced.
    const std::string& state = made.error().reason;
    if (state != kInvalidTableDefinition && state != kInvalidFunctionDefinition) return made;
    TRY(connection.run("ROLLBACK TO replacing"));
    TRY(make_again(connection, view));
  }
  TRY(connection.run(
      "INSERT INTO cdc_views VALUES ($1, $2, $3, $4) ON CONFLICT (view_name) DO UPDATE SET function_name = "
      "EXCLUDED.function_name, source_schema = EXCLUDED.source_schema, source_table = EXCLUDED.source_table",
      {view.view_name, view.function_name, view.table.schema, view.table.table}));
  return {};
}

Result<void> Views::make_again(Connection& connection, const sql::View& view) {
  const Result<void> dropped = done(connection.run(drop_text(view.view_name, view.function_name)));
  if (!dropped.ok() && dropped.error().reason == kDependentObjects) {
    return refused(fmt::format(
        "its columns changed, and other objects of the database depend on it. Drop those, then run "
        "`sluice views --apply`."));
  }
  TRY(dropped);
  TRY(connection.run(view.create_view));
  if (!view.create_function.empty()) TRY(connection.run(view.create_function));
  return {};
}

}  // namespace sluice::sink::postgres
