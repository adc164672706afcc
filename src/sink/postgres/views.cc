#include "sink/postgres/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/log.h"
#include "base/random_text.h"
#include "sink/postgres/current.h"
#include "sink/postgres/store.h"
#include "sql/dialect.h"
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

// The functions of what writers of ours have made, by view.
Result<std::map<std::string, std::string>> registered(Connection& connection) {
  std::map<std::string, std::string> functions;
  const auto rows = TRY(connection.run("SELECT view_name, function_name FROM cdc_views"));
  for (int row = 0; row < rows->size(); ++row) functions[rows->text(row, 0)] = rows->text(row, 1);
  return functions;
}

// The text of everything that is ours, by name.
Result<std::map<std::string, std::string>> standing(Connection& connection) {
  std::map<std::string, std::string> texts;
  const auto rows = TRY(connection.run(
      "SELECT relname, pg_get_viewdef(pg_class.oid) FROM pg_class WHERE relkind = 'v' AND relnamespace = "
      "current_schema()::regnamespace AND (relname IN (SELECT view_name FROM cdc_views) OR relname LIKE "
      "'cdc\\_%') "
      "UNION ALL SELECT proname, string_agg(pg_get_functiondef(pg_proc.oid), ';' ORDER BY pg_proc.oid) FROM "
      "pg_proc "
      "WHERE prokind = 'f' AND pronamespace = current_schema()::regnamespace AND (proname IN (SELECT "
      "function_name "
      "FROM cdc_views) OR proname LIKE 'cdc\\_%') GROUP BY proname"));
  for (int row = 0; row < rows->size(); ++row) texts[rows->text(row, 0)] = rows->text(row, 1);
  return texts;
}

// The key of the masks is made once; without one what is masked is NULL.
Result<void> make_mask_key(Connection& connection) {
  const std::string inner = TRY(random_hex(32));
  const std::string outer = TRY(random_hex(32));
  TRY(connection.run("INSERT INTO cdc_mask_key SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM cdc_mask_key)",
                     {inner, outer}));
  return {};
}

Result<void> grant(Connection& connection, const std::vector<sql::View>& views, const std::string& grantee) {
  const std::string schema = TRY(connection.run("SELECT current_schema()"))->text(0, 0);
  for (const std::string& statement :
       TRY(sql::grant_statements(sql::Dialect::Postgres, views, schema, grantee)))
    TRY(connection.run(statement));
  return {};
}

// Statements that give others again what they may do with a view and its function.
Result<std::vector<std::string>> granted_rights(Connection& connection, const sql::View& view) {
  const auto rows = TRY(connection.run(
      "SELECT format('GRANT %s ON %s TO %s', acl.privilege_type, object.name, CASE acl.grantee WHEN 0 THEN "
      "'PUBLIC' "
      "ELSE acl.grantee::regrole::text END) FROM ("
      "SELECT format('%I', relname) AS name, relowner AS owner, relacl AS acl FROM pg_class WHERE relname = "
      "$1 AND "
      "relnamespace = current_schema()::regnamespace UNION ALL "
      "SELECT format('FUNCTION %I(timestamptz)', proname), proowner, proacl FROM pg_proc WHERE proname = $2 "
      "AND "
      "pronamespace = current_schema()::regnamespace) AS object, aclexplode(object.acl) AS acl "
      "WHERE acl.grantee <> object.owner",
      {view.view_name, view.function_name}));
  std::vector<std::string> rights;
  for (int row = 0; row < rows->size(); ++row) rights.push_back(rows->text(row, 0));
  return rights;
}

}  // namespace

void Views::say_once(const std::string& view, const std::string& why) {
  if (said_.insert(view).second) log_warn(fmt::format("the view {} was not made: {}", view, why));
}

Result<sql::ViewOptions> Views::chosen(Connection& connection) const {
  return with_current(options_, TRY(load_current(connection)));
}

Result<std::vector<sql::View>> Views::wanted(Connection& connection) const {
  const std::vector<change::TableState> tables = TRY(load_tables(connection));
  const sql::ViewOptions options = TRY(chosen(connection));
  return sql::postgres_views(tables, catalog(), options);
}

Result<void> Views::begin(Connection& connection) const {
  TRY(connection.run("BEGIN"));
  // Whoever waits for a view's readers would make everybody behind it wait.
  TRY(connection.run("SET LOCAL lock_timeout = '2s'"));
  TRY(connection.run(
      "SELECT pg_advisory_xact_lock(hashtextextended('sluice views ' || current_schema(), 0))"));
  return {};
}

Result<int64_t> Views::make(Connection& connection, bool all, const std::vector<std::string>& grantees) {
  TRY(begin(connection));
  Result<int64_t> made = make_in_transaction(connection, all, grantees);
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

Result<std::vector<ViewDifference>> Views::differences(Connection& connection) {
  TRY(begin(connection));
  const auto look = [&]() -> Result<std::vector<ViewDifference>> {
    const auto before = TRY(standing(connection));
    TRY(make_in_transaction(connection, true, {}));
    return compare_views(before, TRY(standing(connection)));
  };
  Result<std::vector<ViewDifference>> differences = look();
  made_.clear();
  if (!connection.run("ROLLBACK").ok()) return differences;
  return differences;
}

Result<int64_t> Views::drop(Connection& connection) {
  TRY(begin(connection));
  const auto drop_all = [&]() -> Result<int64_t> {
    int64_t dropped = 0;
    for (const auto& [view, function] : TRY(registered(connection)))
      dropped += TRY(drop_one(connection, view, function)) ? 1 : 0;
    TRY(connection.run("COMMIT"));
    return dropped;
  };
  Result<int64_t> dropped = drop_all();
  made_.clear();
  if (!dropped.ok() && !connection.run("ROLLBACK").ok()) return dropped;
  return dropped;
}

// False, and said once, when something else depends on it.
Result<bool> Views::drop_one(Connection& connection, const std::string& view, const std::string& function) {
  TRY(connection.run("SAVEPOINT one"));
  const Result<void> dropped = done(connection.run(drop_text(view, function)));
  if (!dropped.ok() && dropped.error().kind == ErrorKind::Unavailable) return dropped.error();
  if (!dropped.ok()) {
    TRY(connection.run("ROLLBACK TO one"));
    say_once(view, dropped.error().message);
    return false;
  }
  TRY(connection.run("DELETE FROM cdc_views WHERE view_name = $1", {view}));
  return true;
}

Result<std::vector<UnconvertedColumn>> Views::unconverted(Connection& connection) const {
  const std::vector<change::TableState> tables = TRY(load_tables(connection));
  const sql::ViewOptions options = TRY(chosen(connection));
  std::vector<UnconvertedColumn> found;
  for (const sql::Check& check : sql::checks_of(sql::Dialect::Postgres, tables, catalog(), options)) {
    const auto rows = TRY(connection.run(check.query));
    std::vector<std::optional<std::string>> row;
    for (size_t at = 0; at < 3 * check.columns.size(); ++at) {
      const auto cell = rows->value(0, static_cast<int>(at));
      row.push_back(cell ? std::optional<std::string>(*cell) : std::nullopt);
    }
    add_unconverted(check, row, found);
  }
  return found;
}

Result<int64_t> Views::make_in_transaction(Connection& connection, bool all,
                                           const std::vector<std::string>& grantees) {
  // A store that an older sluice made lacks what newer views are written with.
  if (all || made_.empty()) TRY(connection.run(sql::postgres_functions()));
  std::vector<sql::View> views = TRY(wanted(connection));
  if (sql::hides_columns(options_)) TRY(make_mask_key(connection));
  const std::map<std::string, std::string> known = TRY(registered(connection));
  std::map<std::string, std::string> outdated = known;
  for (const sql::View& view : views) outdated.erase(view.view_name);
  for (const auto& [view, function] : outdated) TRY(drop_one(connection, view, function));
  for (const sql::View& view : views) {
    if (!all && std::ranges::find(made_, view) != made_.end()) continue;
    if (!known.contains(view.view_name) && TRY(is_taken(connection, view.view_name))) {
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
  for (const std::string& grantee : grantees) TRY(grant(connection, views, grantee));
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
  const std::vector<std::string> rights = TRY(granted_rights(connection, view));
  const Result<void> dropped = done(connection.run(drop_text(view.view_name, view.function_name)));
  if (!dropped.ok() && dropped.error().reason == kDependentObjects) {
    return refused(fmt::format(
        "its columns changed, and other objects of the database depend on it. Drop those, then run "
        "`sluice views --apply`."));
  }
  TRY(dropped);
  TRY(connection.run(view.create_view));
  if (!view.create_function.empty()) TRY(connection.run(view.create_function));
  for (const std::string& right : rights) TRY(connection.run(right));
  return {};
}

}  // namespace sluice::sink::postgres
