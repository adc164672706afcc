// sluice views and sluice schema: their text in every dialect, and the views themselves compared, made,
// checked, dropped.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "app/address.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/options.h"
#include "app/output.h"
#include "app/report.h"
#include "app/store.h"
#include "app/text_width.h"
#include "base/text.h"
#include "sql/dialect.h"

namespace sluice::app {
namespace {

using sql::Dialect;

enum class Action : uint8_t { Print, Diff, Apply, Check, Drop };

// The one that was asked for; print when there is none.
Result<Action> action_of(const Options& options, std::span<const std::string_view> possible) {
  static constexpr std::array<std::string_view, 5> kFlags = {"print", "diff", "apply", "check", "drop"};
  std::optional<size_t> chosen;
  for (const std::string_view flag : possible) {
    if (!options.on(flag)) continue;
    const auto at = static_cast<size_t>(std::ranges::find(kFlags, flag) - kFlags.begin());
    if (chosen)
      return refused(
          fmt::format("--{} and --{} contradict each other; give one of them.", kFlags[*chosen], kFlags[at]));
    chosen = at;
  }
  return static_cast<Action>(chosen.value_or(0));
}

// Whether there is a store to look into: --db, or --to unless the words say everything that a text needs.
bool names_a_store(const Options& options, Action action, bool needs_tables) {
  if (options.has("db")) return true;
  const bool is_enough = options.has("dialect") && (options.has("catalog") || !needs_tables);
  return options.has("to") && !(action == Action::Print && is_enough);
}

bool is_public(std::string role) {
  std::ranges::transform(role, role.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return role == "public";
}

Dialect spoken_by(const Destination& place) {
  switch (place.kind) {
    case Destination::Kind::Postgres:
      return Dialect::Postgres;
    case Destination::Kind::Redshift:
      return Dialect::Redshift;
    case Destination::Kind::DuckDb:
      break;
  }
  return Dialect::DuckDb;
}

// What --dialect says, or what the store is.
Result<Dialect> dialect_of(const Options& options, const std::optional<Destination>& place) {
  if (options.has("dialect")) return *sql::dialect_from_name(options.text("dialect"));
  if (place) return spoken_by(*place);
  return refused("--dialect is missing: duckdb, postgres, redshift or athena.");
}

Result<void> must_be_the_stores(const Options& options, Dialect dialect,
                                const std::optional<Destination>& place) {
  if (dialect == Dialect::Athena)
    return refused("sluice does not connect to Athena. Print the text with --print and run it there.");
  if (!place) return refused("--db is missing: duckdb:PATH, postgres:DSN or redshift:WORKGROUP/DATABASE.");
  if (spoken_by(*place) == dialect) return {};
  return refused(fmt::format("--dialect {} is not what {} speaks. Leave --dialect out.",
                             options.text("dialect"), place->shown));
}

// Columns that the options name in vain: a mask that is misspelt would hide nothing.
Result<void> must_know_the_columns(const Options& options, std::span<const change::TableState> tables,
                                   const catalog::Catalog* catalog) {
  const std::vector<std::string> unknown = sql::unknown_columns(tables, catalog, options.views());
  if (unknown.empty()) return {};
  return refused(
      fmt::format("the configuration names a column that its table does not have: {}. Correct it in "
                  "[table.…], or read the catalog "
                  "again.",
                  printable(unknown.front())));
}

// One call of `sluice views`.
struct ViewsCall {
  const Options& options;
  Action action;
  Dialect dialect;
  std::optional<Destination> place;
  std::vector<std::string> grantees;  // "" is everybody
};

std::string grant_script(const std::vector<std::string>& statements) {
  std::string text;
  for (const std::string& statement : statements) text += statement + ";\n";
  return text;
}

Result<ExitCode> print_views(const ViewsCall& call) {
  const auto catalog = TRY(catalog_of(call.options));
  std::vector<change::TableState> tables;
  if (call.place) {
    const auto store = TRY(open_store(call.options, *call.place, false, catalog));
    tables = TRY(store->load()).tables;
  }
  const catalog::Catalog* known = catalog ? &*catalog : nullptr;
  TRY(must_know_the_columns(call.options, tables, known));
  const auto views = sql::views_of(call.dialect, tables, known, call.options.views());
  Output output = Output::standard_output();
  TRY(output.write(sql::view_script(call.dialect, views)));
  for (const std::string& grantee : call.grantees) {
    const auto grants = TRY(sql::grant_statements(call.dialect, views, "public", grantee));
    TRY(output.write(grant_script(grants)));
  }
  TRY(output.close());
  return kOk;
}

Result<ExitCode> tell_differences(const std::vector<sink::ViewDifference>& differences, bool of_schema) {
  Output output = Output::standard_output();
  int64_t told = 0;
  for (const sink::ViewDifference& one : differences) {
    if (one.name.starts_with("cdc_") != of_schema) continue;
    const std::string_view what = one.kind == sink::ViewDifference::Kind::Missing     ? "missing"
                                  : one.kind == sink::ViewDifference::Kind::Different ? "different"
                                                                                      : "no longer due";
    TRY(output.write(fmt::format("{:<14}{}\n", what, printable(one.name))));
    ++told;
  }
  if (told == 0) TRY(output.write("Nothing differs.\n"));
  TRY(output.close());
  return told == 0 ? kOk : kNeedsAPerson;
}

Result<ExitCode> tell_unconverted(const std::vector<sink::UnconvertedColumn>& columns) {
  Output output = Output::standard_output();
  for (const sink::UnconvertedColumn& one : columns) {
    TRY(output.write(printable(fmt::format(
        "{}.{} {}: {} value{} shown as NULL, for example of the record {}", one.table.schema, one.table.table,
        one.column, with_thousands(one.values), one.values == 1 ? "" : "s", one.first_record_id))));
    TRY(output.write(one.values == 1 ? std::string("\n") : printable(" and " + one.last_record_id) + "\n"));
  }
  if (columns.empty()) TRY(output.write("Every value converts.\n"));
  TRY(output.close());
  return columns.empty() ? kOk : kNeedsAPerson;
}

Result<ExitCode> tell_count(std::string_view done, int64_t count, const Destination& place) {
  Output output = Output::standard_output();
  TRY(output.write(
      fmt::format("{} view{} {} {}.\n", with_thousands(count), count == 1 ? "" : "s", done, place.shown)));
  TRY(output.close());
  return kOk;
}

Result<ExitCode> perform(const ViewsCall& call) {
  if (call.action == Action::Print) return print_views(call);
  auto catalog = TRY(catalog_of(call.options));
  const auto store = TRY(open_store(call.options, *call.place, false, catalog));
  const auto tables = TRY(store->load()).tables;
  if (call.action == Action::Drop) return tell_count("dropped from", TRY(store->drop_views()), *call.place);
  TRY(must_know_the_columns(call.options, tables, catalog ? &*catalog : nullptr));
  if (call.action == Action::Diff) return tell_differences(TRY(store->view_differences()), false);
  if (call.action == Action::Check) return tell_unconverted(TRY(store->unconverted_values()));
  return tell_count("made anew in", TRY(store->refresh_views(call.grantees)), *call.place);
}

Result<ViewsCall> views_call(const Options& options) {
  static constexpr std::array<std::string_view, 5> kActions = {"print", "diff", "apply", "check", "drop"};
  const Action action = TRY(action_of(options, kActions));
  ViewsCall call{options, action, Dialect::DuckDb, {}, {}};
  if (names_a_store(options, call.action, true)) call.place = TRY(database_of(options));
  call.dialect = TRY(dialect_of(options, call.place));
  if (call.action != Action::Print) TRY(must_be_the_stores(options, call.dialect, call.place));
  if (!call.place && !options.has("catalog"))
    return refused("there is nothing to make views of: give --db STORE, --catalog FILE, or both.");
  if (options.on("grant_public")) call.grantees.emplace_back();
  if (options.has("grant")) call.grantees.push_back(options.text("grant"));
  if (!call.grantees.empty() && call.action != Action::Print && call.action != Action::Apply)
    return refused("--grant and --grant-public go with --print or --apply.");
  if (is_public(options.text("grant")))
    return refused("--grant takes a role. To let everybody read the views say --grant-public.");
  return call;
}

Result<ExitCode> diff_schema(const Options& options, const Destination& place) {
  std::error_code failed;
  if (place.kind == Destination::Kind::DuckDb && !std::filesystem::exists(place.place, failed)) {
    Output output = Output::standard_output();
    TRY(output.write(fmt::format("{:<14}{}\n", "missing", place.shown)));
    TRY(output.close());
    return kNeedsAPerson;
  }
  const auto store = TRY(open_store(options, place, false, std::nullopt));
  TRY(store->load());
  return tell_differences(TRY(store->view_differences()), true);
}

Result<ExitCode> perform_schema(const Options& options, Action action, Dialect dialect,
                                const std::optional<Destination>& place) {
  if (action == Action::Print) {
    Output output = Output::standard_output();
    for (const std::string& statement : sql::schema_statements(dialect, options.text("location")))
      TRY(output.write(statement.ends_with(";\n") ? statement : statement + ";\n\n"));
    TRY(output.close());
    return kOk;
  }
  TRY(must_be_the_stores(options, dialect, place));
  if (action == Action::Diff) return diff_schema(options, *place);
  auto catalog = TRY(catalog_of(options));
  const auto store = TRY(open_store(options, *place, true, std::move(catalog)));
  TRY(store->load());
  TRY(store->refresh_views({}));
  Output output = Output::standard_output();
  TRY(output.write(fmt::format("The event log stands in {}.\n", place->shown)));
  TRY(output.close());
  return kOk;
}

}  // namespace

int views_command(const Options& options) {
  const auto call = views_call(options);
  if (!call.ok()) return misused(call.error());
  const auto done = perform(call.value());
  return done.ok() ? done.value() : cannot(done.error());
}

int schema_command(const Options& options) {
  static constexpr std::array<std::string_view, 3> kActions = {"print", "diff", "apply"};
  const auto action = action_of(options, kActions);
  if (!action.ok()) return misused(action.error());
  std::optional<Destination> place;
  if (names_a_store(options, action.value(), false)) {
    auto named = database_of(options);
    if (!named.ok()) return misused(named.error());
    place = std::move(named).value();
  }
  const auto dialect = dialect_of(options, place);
  if (!dialect.ok()) return misused(dialect.error());
  const auto done = perform_schema(options, action.value(), dialect.value(), place);
  return done.ok() ? done.value() : cannot(done.error());
}

}  // namespace sluice::app
