// sluice verify-current: the maintained tables against the log.
#include <fmt/format.h>

#include <algorithm>

#include "app/address.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/options.h"
#include "app/report.h"
#include "app/store.h"
#include "app/text_width.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::app {
namespace {

using sink::CurrentCheck;

Result<std::vector<CurrentCheck>> check(const Options& options, const Destination& place) {
  const auto store = TRY(open_store(options, place, false, std::nullopt));
  return store->check_current();
}

std::string text_of(const CurrentCheck& one) {
  const std::string name = printable(one.table.schema + "." + one.table.table);
  if (one.agrees())
    return fmt::format("  {:<40}{:>14} rows  as the log says\n", name, with_thousands(one.rows));
  return fmt::format("  {:<40}{:>14} rows  {} MISSING, {} TOO MANY\n", name, with_thousands(one.rows),
                     with_thousands(one.missing), with_thousands(one.surplus));
}

std::string json_of(const CurrentCheck& one) {
  std::string json = "{\"schema\":";
  append_json_string(json, one.table.schema);
  json += ",\"table\":";
  append_json_string(json, one.table.table);
  return json +
         fmt::format(",\"rows\":{},\"missing\":{},\"surplus\":{}}}\n", one.rows, one.missing, one.surplus);
}

}  // namespace

int verify_current_command(const Options& options) {
  const auto place = database_of(options);
  if (!place.ok()) return misused(place.error());
  const auto checks = check(options, place.value());
  if (!checks.ok()) return cannot(checks.error());
  for (const CurrentCheck& one : checks.value())
    fmt::print("{}", options.on("json") ? json_of(one) : text_of(one));
  const bool agrees = std::ranges::all_of(checks.value(), &CurrentCheck::agrees);
  if (options.on("json")) return agrees ? kOk : kNeedsAPerson;
  if (checks.value().empty()) {
    fmt::print("No table of {} is maintained: none has current = \"table\".\n", place.value().shown);
  } else if (!agrees) {
    fmt::print(
        "\nThe log is right. Set current = \"view\" for the table and run once, then \"table\" again: it is "
        "made anew "
        "from the log. Tell us: this must not happen.\n");
  }
  return agrees ? kOk : kNeedsAPerson;
}

}  // namespace sluice::app
