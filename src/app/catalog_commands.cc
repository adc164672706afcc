// sluice catalog read, diff and learn.
#include <fmt/format.h>

#include "app/address.h"
#include "app/commands.h"
#include "app/diff_text.h"
#include "app/dsql_access.h"
#include "app/exit_code.h"
#include "app/options.h"
#include "app/output.h"
#include "app/report.h"
#include "app/store.h"
#include "base/json_text.h"
#include "catalog/catalog.h"
#include "catalog/diff.h"
#include "catalog/learned.h"
#include "change/change.h"
#include "decode/decoder.h"
#include "sink/postgres/connection.h"

namespace sluice::app {
namespace {

Result<void> write_catalog(const Options& options, const catalog::Catalog& catalog) {
  Output output = TRY(Output::open(options.text("out"), "--out"));
  TRY(output.write(catalog::to_toml(catalog)));
  return output.close();
}

// The columns of an image, each with the kind of its value.
Result<std::vector<change::SeenColumn>> columns_of_image(decode::Decoder& decoder, const std::string& json) {
  const std::string padded = json + std::string(kReadableSlack, '\0');
  const change::Image image = TRY(decoder.scan_image(std::string_view(padded).substr(0, json.size())));
  std::vector<change::SeenColumn> columns;
  for (const change::ImageField& field : image.fields) {
    std::string name;
    append_unescaped(name, field.key);
    columns.push_back(
        {std::move(name), change::kind_bit(field.kind), 0, static_cast<uint32_t>(columns.size())});
  }
  return columns;
}

Result<std::vector<catalog::SeenTable>> seen_in(sink::Store& store) {
  std::map<change::TableName, std::vector<change::SeenColumn>> newest;
  decode::Decoder decoder;
  for (const sink::NewestImage& image : TRY(store.newest_images()))
    newest[image.table] = TRY(columns_of_image(decoder, image.json));
  std::vector<catalog::SeenTable> tables;
  for (change::TableState& state : TRY(store.load()).tables) {
    std::vector<change::SeenColumn> columns = newest[state.name];
    tables.push_back({std::move(state), std::move(columns)});
  }
  return tables;
}

// The one of --postgres, --against and --db that is given on the command line, else the one that is set.
Result<std::string> other_side(const Options& options) {
  std::string chosen;
  for (const bool flags_only : {true, false}) {
    for (const char* name : {"postgres", "dsql", "against", "db", "to"}) {
      const Value& value = options.value(name);
      if (value.text.empty() || (flags_only && value.origin != Origin::Flag)) continue;
      if (!chosen.empty() && flags_only) {
        return refused(fmt::format(
            "--{} and --{} contradict each other: the file is compared with one of them.", chosen, name));
      }
      if (chosen.empty()) chosen = name;
    }
    if (!chosen.empty()) return chosen;
  }
  return refused(
      "say what the file is to be compared with: --postgres DSN, --dsql ENDPOINT, --against FILE or --db "
      "STORE. `sluice "
      "catalog "
      "diff --help` has examples.");
}

Result<catalog::Catalog> read_database(const Options& options, const std::string& side) {
  return side == "dsql" ? read_dsql_catalog(options) : catalog::read_postgres(options.text("postgres"));
}

Result<DiffReport> diff(const Options& options, const std::string& side) {
  const std::string path = catalog_name(options);
  const catalog::Catalog file = *TRY(catalog_of(options));
  DiffReport report{.file = path, .other = {}, .todo = {}, .differences = {}};
  if (side == "against") {
    report.other = options.text("against");
    report.todo = fmt::format("take over from {} what is right.", report.other);
    report.differences = catalog::compare(file, TRY(catalog::read_file(report.other)));
    return report;
  }
  if (side == "postgres" || side == "dsql") {
    report.other =
        side == "dsql" ? "dsql:" + options.text("dsql") : sink::postgres::shown_dsn(options.text("postgres"));
    report.todo = fmt::format(
        "write the catalog anew (`sluice catalog read --out {}`), look at the difference, then restart the "
        "run.",
        path);
    report.differences = catalog::compare(file, TRY(read_database(options, side)));
    return report;
  }
  const Destination place = TRY(database_of(options));
  const auto store = TRY(open_store(options, place, false, std::nullopt));
  report.other = "the events of " + place.shown;
  report.todo =
      fmt::format("if the source has changed, write the catalog anew; if {} is right, run with --catalog {}.",
                  path, path);
  report.differences = catalog::compare_with_seen(file, TRY(seen_in(*store)));
  return report;
}

Result<void> learn(const Options& options, const Destination& place) {
  const auto store = TRY(open_store(options, place, false, std::nullopt));
  return write_catalog(options, catalog::learned_catalog(TRY(store->load()).tables));
}

}  // namespace

int catalog_read_command(const Options& options) {
  const bool is_dsql =
      options.has("dsql") && options.value("postgres").origin <= options.value("dsql").origin;
  if (is_dsql && options.has("postgres") && options.value("postgres").origin == options.value("dsql").origin)
    return misused(refused("--postgres and --dsql contradict each other; give one of them."));
  if (!is_dsql) {
    if (const auto dsn = options.required("postgres"); !dsn.ok()) return misused(dsn.error());
  }
  const auto catalog = read_database(options, is_dsql ? "dsql" : "postgres");
  if (!catalog.ok()) return cannot(catalog.error());
  const auto written = write_catalog(options, catalog.value());
  return written.ok() ? kOk : cannot(written.error());
}

int catalog_diff_command(const Options& options) {
  if (const auto file = options.required("catalog"); !file.ok()) return misused(file.error());
  const auto side = other_side(options);
  if (!side.ok()) return misused(side.error());
  const auto report = diff(options, side.value());
  if (!report.ok()) return cannot(report.error());
  fmt::print("{}", options.on("json") ? diff_json(report.value()) : diff_text(report.value()));
  return exit_code_of(report.value());
}

int catalog_learn_command(const Options& options) {
  const auto place = database_of(options);
  if (!place.ok()) return misused(place.error());
  const auto done = learn(options, place.value());
  return done.ok() ? kOk : cannot(done.error());
}

}  // namespace sluice::app
