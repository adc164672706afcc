// sluice rekey: other record ids for the rows of a table whose key was learned or changed late.
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
#include "keys/keys.h"
#include "pipeline/rekey.h"

namespace sluice::app {
namespace {

using change::TableKey;
using change::TableState;
using sink::RekeyEffect;

// How often another writer may change what is known of the tables meanwhile.
constexpr int kMostStale = 5;

struct Rekeyed {
  std::string table;
  std::vector<std::string> key_before;
  std::vector<std::string> key_after;
  RekeyEffect effect;
  bool dry = true;
};

// "a,b"; empty: not given.
Result<std::vector<std::string>> key_given(const Options& options) {
  if (!options.has("key")) return std::vector<std::string>();
  // As the value of a setting, so that it is read and refused alike.
  return TRY(parse_key("t=" + options.text("key"), Origin::Flag, "--key")).columns;
}

std::string shown_name(const change::TableName& name) { return name.schema + "." + name.table; }

Result<TableState> table_named(const std::vector<TableState>& tables, const std::string& text,
                               const std::string& place) {
  std::vector<std::string> names;
  for (const TableState& table : tables) {
    names.push_back(shown_name(table.name));
    if (names.back() == text || (table.name.schema == "public" && table.name.table == text)) return table;
  }
  const auto nearest = nearest_name(text, names);
  return refused(fmt::format("--table is '{}', of which no change has landed in {}.{}", text, place,
                             nearest ? fmt::format(" Do you mean {}?", *nearest) : " Write SCHEMA.TABLE."));
}

// What the flag, the configuration or the catalog says, else what the store knows.
TableKey wanted_key(const Options& options, const std::vector<std::string>& given,
                    const std::optional<catalog::Catalog>& catalog, const TableState& table) {
  if (!given.empty()) return {given, change::KeyOrigin::Config, 0};
  std::map<change::TableName, std::vector<std::string>> configured;
  for (const auto& [name, key] : options.keys()) configured.emplace(name, key.columns);
  TableKey key = keys::initial_key(table.name, configured, catalog ? &*catalog : nullptr);
  return key.origin > table.key.origin && !key.columns.empty() ? key : table.key;
}

Result<Rekeyed> rekey(const Options& options, const Destination& place,
                      const std::vector<std::string>& given) {
  const auto catalog = TRY(catalog_of(options));
  const auto store = TRY(open_store(options, place, false, catalog));
  for (int tried = 1;; ++tried) {
    const sink::SavedState saved = TRY(store->load());
    TableState table = TRY(table_named(saved.tables, options.text("table"), place.shown));
    Rekeyed done{shown_name(table.name), table.key.columns, {}, {}, options.on("dry_run")};
    table.key = wanted_key(options, given, catalog, table);
    done.key_after = table.key.columns;
    change::Batch batch;
    batch.rekeys.push_back(pipeline::rekey_by(table.name, table.key.columns));
    batch.tables_changed.push_back(std::move(table));
    if (tried == 1 || done.dry) done.effect = TRY(store->try_rekey(batch.rekeys.front()));
    if (done.dry) return done;
    if (!TRY(store->apply(batch)).stale) return done;
    if (tried == kMostStale)
      return unavailable(
          fmt::format("other writers change what is known of the tables of {} all the time; nothing was "
                      "changed. Try again.",
                      place.shown));
  }
}

std::string key_text(const std::vector<std::string>& columns) {
  return columns.empty() ? "none" : fmt::format("({})", fmt::join(columns, ", "));
}

std::string examples_text(const std::vector<sink::RekeyExample>& examples) {
  std::string text;
  for (const sink::RekeyExample& one : examples) {
    text += fmt::format("      {} ids, {} rows: event_id {}{}\n", with_thousands(one.ids),
                        with_thousands(one.rows), fmt::join(one.event_ids, ", "),
                        one.rows > static_cast<int64_t>(one.event_ids.size()) ? ", ..." : "");
  }
  return text;
}

std::string text_of(const Rekeyed& done) {
  const RekeyEffect& effect = done.effect;
  std::string text = fmt::format("{}: key {} -> {}\n", printable(done.table),
                                 printable(key_text(done.key_before)), printable(key_text(done.key_after)));
  const auto line = [&text](std::string_view what, const std::string& value) {
    text += fmt::format("  {:<32}{}\n", what, value);
  };
  line("rows in the log", with_thousands(effect.rows));
  line(done.dry ? "would get another record_id" : "got another record_id", with_thousands(effect.changed));
  line("distinct ids",
       fmt::format("{} -> {}", with_thousands(effect.ids_before), with_thousands(effect.ids_after)));
  line("ids that come together in one", with_thousands(effect.folded));
  text += examples_text(effect.fold_examples);
  line("ids that go apart", with_thousands(effect.split));
  text += examples_text(effect.split_examples);
  line("deletes that match no row",
       fmt::format("{} -> {} of {}", with_thousands(effect.lone_deletes_before),
                   with_thousands(effect.lone_deletes_after), with_thousands(effect.deletes)));
  line("rows that lack the key", with_thousands(effect.keyless));
  return text + (done.dry ? "Nothing was changed: --dry-run.\n" : "Done, in one transaction.\n");
}

std::string json_of(const Rekeyed& done) {
  const auto list = [](const std::vector<std::string>& columns) {
    std::string json = "[";
    for (const std::string& column : columns) {
      if (json.size() > 1) json += ',';
      append_json_string(json, column);
    }
    return json + "]";
  };
  const auto examples = [](const std::vector<sink::RekeyExample>& all) {
    std::string json = "[";
    for (const sink::RekeyExample& one : all) {
      json += fmt::format("{}{{\"ids\":{},\"rows\":{},\"event_ids\":[{}]}}", json.size() > 1 ? "," : "",
                          one.ids, one.rows, fmt::join(one.event_ids, ","));
    }
    return json + "]";
  };
  std::string table;
  append_json_string(table, done.table);
  const RekeyEffect& effect = done.effect;
  return fmt::format(
      "{{\"table\":{},\"dry_run\":{},\"key_before\":{},\"key_after\":{},\"rows\":{},\"changed\":{},\"ids_"
      "before\":{},"
      "\"ids_after\":{},\"folded\":{},\"fold_examples\":{},\"split\":{},\"split_examples\":{},\"deletes\":{},"
      "\"lone_deletes_before\":{},\"lone_deletes_after\":{},\"keyless\":{}}}\n",
      table, done.dry, list(done.key_before), list(done.key_after), effect.rows, effect.changed,
      effect.ids_before, effect.ids_after, effect.folded, examples(effect.fold_examples), effect.split,
      examples(effect.split_examples), effect.deletes, effect.lone_deletes_before, effect.lone_deletes_after,
      effect.keyless);
}

}  // namespace

int rekey_command(const Options& options) {
  const auto place = destination_of(options);
  if (!place.ok()) return misused(place.error());
  if (const auto table = options.required("table"); !table.ok()) return misused(table.error());
  const auto given = key_given(options);
  if (!given.ok()) return misused(given.error());
  const auto done = rekey(options, place.value(), given.value());
  if (!done.ok()) return cannot(done.error());
  fmt::print("{}", options.on("json") ? json_of(done.value()) : text_of(done.value()));
  return kOk;
}

}  // namespace sluice::app
