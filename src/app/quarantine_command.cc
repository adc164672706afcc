// sluice quarantine list, show and export.
#include <fmt/format.h>

#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "app/address.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/function_quarantine.h"
#include "app/options.h"
#include "app/output.h"
#include "app/quarantine_text.h"
#include "app/report.h"
#include "app/rows_text.h"
#include "app/screen.h"
#include "app/store.h"
#include "app/text_width.h"
#include "base/text.h"

namespace sluice::app {
namespace {

using sink::QuarantineEntry;
using sink::Store;

// As Store::quarantined(), whoever keeps them.
using Read = std::function<Result<std::vector<QuarantineEntry>>(
    std::optional<int64_t> id, const std::string& reason, int64_t limit, bool with_bytes)>;

Result<std::unique_ptr<Store>> open_quarantine(const Options& options, const Destination& place) {
  auto store = TRY(open_store(options, place, false, {}));
  TRY(store->load());
  return store;
}

Result<void> write_list(const Options& options, const Read& read, Output& output) {
  const int64_t limit = options.number("limit");
  const auto entries = TRY(read({}, options.text("reason"), limit, true));
  if (options.on("json")) {
    for (const QuarantineEntry& entry : entries) TRY(output.write(entry_json(entry, false) + "\n"));
    return output.close();
  }
  if (entries.empty()) {
    TRY(output.write("Nothing is in quarantine.\n"));
    return output.close();
  }
  const std::vector<sink::duckdb::ResultColumn> columns = {
      {"id", "BIGINT", true},           {"reason", "VARCHAR", false}, {"bytes", "BIGINT", true},
      {"first seen", "VARCHAR", false}, {"shard", "VARCHAR", false},  {"sequence", "VARCHAR", true},
      {"message", "VARCHAR", false}};
  const TableStyle style{.terminal = is_terminal(stdout), .colour = takes_colour(stdout), .max_rows = limit};
  const auto writer = make_row_writer("table", columns, style, output);
  for (const QuarantineEntry& entry : entries) {
    TRY(writer->row(
        {std::to_string(entry.id), entry.reason, with_thousands(static_cast<int64_t>(entry.bytes.size())),
         utc_text(entry.first_seen_ns).substr(0, 19) + "Z", entry.shard, entry.sequence, entry.message}));
  }
  TRY(writer->finish());
  if (static_cast<int64_t>(entries.size()) == limit) {
    TRY(output.write(fmt::format("(the first {}; --limit shows more)\n", with_thousands(limit))));
  }
  return output.close();
}

Result<void> write_entry(const Options& options, const Read& read, int64_t id, Output& output) {
  const auto entries = TRY(read(id, "", 1, true));
  if (entries.empty()) {
    return refused(
        fmt::format("record {} is not in quarantine. `sluice quarantine list` shows what is.", id));
  }
  const QuarantineEntry& entry = entries.front();
  if (options.on("raw")) {
    TRY(output.write(entry.bytes));
  } else {
    TRY(output.write(options.on("json") ? entry_json(entry, true) + "\n" : entry_text(entry)));
  }
  return output.close();
}

Result<void> write_all(const Options& options, const Read& read, Output& output) {
  std::vector<int64_t> ids;
  for (const QuarantineEntry& entry :
       TRY(read({}, options.text("reason"), std::numeric_limits<int32_t>::max(), false))) {
    ids.push_back(entry.id);
  }
  for (const int64_t id : ids) {
    for (const QuarantineEntry& entry : TRY(read(id, "", 1, true))) {
      TRY(output.write(entry_json(entry, true) + "\n"));
    }
  }
  return output.close();
}

template <typename Write>
int with_function(const Options& options, const std::string& out, const Write& write) {
  const auto perform = [&]() -> Result<void> {
    const auto quarantine = TRY(FunctionQuarantine::open(options));
    Output output = TRY(Output::open(out, "--out"));
    return write(std::bind_front(&FunctionQuarantine::quarantined, quarantine.get()), output);
  };
  const auto done = perform();
  return done.ok() ? kOk : cannot(done.error());
}

// Opens what keeps the records and the output, and lets `write` do the rest.
template <typename Write>
int with_quarantine(const Options& options, const std::string& out, const Write& write) {
  if (is_about_function(options)) return with_function(options, out, write);
  const auto place = database_of(options);
  if (!place.ok()) return misused(place.error());
  const auto perform = [&]() -> Result<void> {
    const auto store = TRY(open_quarantine(options, place.value()));
    Output output = TRY(Output::open(out, "--out"));
    return write(std::bind_front(&Store::quarantined, store.get()), output);
  };
  const auto done = perform();
  return done.ok() ? kOk : cannot(done.error());
}

}  // namespace

int quarantine_list_command(const Options& options) {
  return with_quarantine(options, "-",
                         [&](const Read& read, Output& output) { return write_list(options, read, output); });
}

int quarantine_show_command(const Options& options) {
  if (options.positionals().empty()) {
    return misused(refused("the record's ID is missing: sluice quarantine show 7 --db shop.duckdb."));
  }
  const auto id = parse_int64(options.positionals().front());
  if (!id) {
    return misused(refused(fmt::format("'{}' is not an ID; `sluice quarantine list` shows the numbers.",
                                       options.positionals().front())));
  }
  return with_quarantine(options, "-", [&](const Read& read, Output& output) {
    return write_entry(options, read, *id, output);
  });
}

int quarantine_export_command(const Options& options) {
  return with_quarantine(options, options.text("out"),
                         [&](const Read& read, Output& output) { return write_all(options, read, output); });
}

}  // namespace sluice::app
