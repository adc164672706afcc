#include "storm/storm.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>

#include "sink/duckdb/sink.h"
#include "storm/bad_disk.h"
#include "storm/judge.h"
#include "storm/landed.h"
#include "storm/voyage.h"

namespace sluice::storm {

using emulate::Random;
using pipeline::Durable;
using pipeline::ModelSink;

namespace {

constexpr uint64_t kStormStream = 0x57;
constexpr uint64_t kDeliveryStream = 0x58;
constexpr int64_t kFewestModelRows = 20;
constexpr int64_t kFewestFileRows = 150;

void append(std::vector<std::string>& to, std::vector<std::string> findings) {
  std::ranges::move(findings, std::back_inserter(to));
}

Voyage::OpenSink model_sinks(Durable& durable, bool skip_repeats) {
  return [&durable, skip_repeats]() -> Result<std::unique_ptr<sink::Sink>> {
    return std::unique_ptr<sink::Sink>(std::make_unique<ModelSink>(durable, skip_repeats));
  };
}

StormReport storm_in_memory(const World& world) {
  Random random(world.options.seed, kStormStream);
  Voyage voyage(world, random, kFewestModelRows);
  if (random.one_in(4)) voyage.set_catalog(world.catalog);
  const bool skip_repeats = random.one_in(3);
  voyage.course().repeats_skipped = skip_repeats;
  Durable durable;
  const Voyage::OpenSink open = model_sinks(durable, skip_repeats);
  voyage.sail(open, random.between(0, 8));
  append(voyage.findings(), judge(world, landed_in(durable), voyage.course()));
  voyage.wait_nine_days(open);
  append(voyage.findings(), judge(world, landed_in(durable), voyage.course()));
  append(voyage.findings(), durable.violations);
  return {"in memory: " + voyage.story(), voyage.findings()};
}

void judge_current_tables(Voyage& voyage, const std::string& path) {
  sink::duckdb::SinkOptions options;
  options.path = path;
  options.create = false;
  const auto store = sink::duckdb::open_sink(options);
  const auto checks = store.ok() ? store.value()->check_current() : store.error();
  if (!checks.ok()) {
    voyage.findings().push_back("the maintained tables cannot be read: " + checks.error().message);
    return;
  }
  for (const sink::CurrentCheck& one : checks.value()) {
    if (one.agrees()) continue;
    voyage.findings().push_back(
        fmt::format("the maintained table of {}: {} rows are missing, {} are too many", one.table.table,
                    one.missing, one.surplus));
  }
}

void judge_file(const World& world, Voyage& voyage, const std::string& path) {
  const auto landed = landed_in_file(path);
  if (!landed.ok()) {
    voyage.findings().push_back("the file cannot be read: " + landed.error().message);
    return;
  }
  append(voyage.findings(), judge(world, landed.value(), voyage.course()));
  const auto& catalog = voyage.options().catalog;
  const auto views = judge_views(world, path, catalog ? &*catalog : nullptr);
  if (views.ok()) {
    append(voyage.findings(), views.value());
  } else {
    voyage.findings().push_back("the views cannot be read: " + views.error().message);
  }
  judge_current_tables(voyage, path);
}

// Some tables are kept in cdc_current, some no longer, and of the rest nothing is said: drawn anew at each
// start.
sql::ViewOptions draw_current_tables(const World& world, Random& random) {
  sql::ViewOptions options;
  for (const auto& [name, table] : world.catalog.tables) {
    if (random.one_in(2)) options[name].current_table = !random.one_in(4);
  }
  return options;
}

StormReport storm_in_file(const World& world, const std::string& folder, bool bad_disk) {
  Random random(world.options.seed, kStormStream + (bad_disk ? 2 : 1));
  Voyage voyage(world, random, kFewestFileRows);
  // By the seed itself, so that a few seeds in a row have both.
  if (world.options.seed % 4 == 3) voyage.set_catalog(world.catalog);
  sink::duckdb::SinkOptions options;
  options.path = (std::filesystem::path(folder) / "storm.duckdb").string();
  options.repeats = random.one_in(3) ? sink::Repeats::Skip : sink::Repeats::Land;
  options.catalog = voyage.options().catalog;
  voyage.course().repeats_skipped = options.repeats == sink::Repeats::Skip;
  Random choices(world.options.seed, kStormStream + 3);
  options.views = draw_current_tables(world, choices);
  const Voyage::OpenSink open = [&]() -> Result<std::unique_ptr<sink::Sink>> {
    options.views = draw_current_tables(world, choices);
    return std::unique_ptr<sink::Sink>(TRY(sink::duckdb::open_sink(options)));
  };
  if (bad_disk) {
    sail_on_a_bad_disk(voyage, options, random);
    voyage.sail(open, 0);
  } else {
    voyage.sail(open, random.between(1, 4));
  }
  judge_file(world, voyage, options.path);
  voyage.wait_nine_days(open);
  judge_file(world, voyage, options.path);
  return {(bad_disk ? "bad disk: " : "in a file: ") + voyage.story(), voyage.findings()};
}

// What must not depend on the order of delivery.
struct Outcome {
  State state;
  std::set<std::tuple<change::TableName, std::string, std::string, int64_t, std::string, std::string>> rows;
  std::set<std::string> quarantined;
  std::map<change::TableName, std::set<std::tuple<std::string, int, int64_t, uint32_t>>> columns;
  std::map<change::TableName, std::vector<std::string>> keys;
};

Outcome outcome_of(const Landed& landed) {
  Outcome outcome;
  outcome.state = last_writer_wins(landed.rows);
  for (const auto& row : landed.rows)
    outcome.rows.emplace(row.table, row.operation, row.record_id, row.commit_ts_ns, row.image, row.tx_id);
  for (const auto& record : landed.quarantine) outcome.quarantined.insert(record.bytes);
  for (const change::TableState& table : landed.tables) {
    outcome.keys[table.name] = table.key.columns;
    for (const change::SeenColumn& column : table.columns)
      outcome.columns[table.name].emplace(column.name, column.kinds, column.first_commit_ts_ns,
                                          column.ordinal);
  }
  return outcome;
}

template <typename Set>
void compare(const Set& one, const Set& other, const std::string& what, std::vector<std::string>& findings) {
  if (one == other) return;
  findings.push_back(fmt::format("{} are not the same in every order of delivery: {} and {}", what,
                                 one.size(), other.size()));
}

std::vector<pipeline::MemoryShard> spread(const std::vector<std::string>& records, size_t shards,
                                          Random& random) {
  std::vector<pipeline::MemoryShard> spread(shards);
  for (size_t at = 0; at < shards; ++at) spread[at].name = fmt::format("shard-{}", at);
  for (const std::string& record : records) spread[random.index(shards)].records.push_back(record);
  return spread;
}

}  // namespace

StormReport run_storm(const World& world, Destination destination, const std::string& folder) {
  if (destination == Destination::Model) return storm_in_memory(world);
  return storm_in_file(world, folder, destination == Destination::DuckDbFull);
}

StormReport compare_deliveries(const World& world) {
  Random random(world.options.seed, kDeliveryStream);
  std::vector<std::string> findings;
  const auto deliver = [&](const std::vector<std::string>& records, size_t shards, int64_t mishaps) {
    Voyage voyage(world, random, kFewestModelRows);
    voyage.set_shards(spread(records, shards, random));
    Durable durable;
    const Voyage::OpenSink open = model_sinks(durable, false);
    voyage.sail(open, mishaps);
    voyage.wait_nine_days(open);
    append(findings, voyage.findings());
    append(findings, durable.violations);
    return outcome_of(landed_in(durable));
  };
  const Outcome as_delivered = deliver(world.records, 1, 0);
  std::vector<std::string> shuffled = world.records;
  for (size_t at = shuffled.size(); at > 1; --at) std::swap(shuffled[at - 1], shuffled[random.index(at)]);
  std::vector<std::string> doubled = shuffled;
  doubled.insert(doubled.end(), world.records.begin(), world.records.end());
  const std::pair<const char*, Outcome> others[] = {{"shuffled", deliver(shuffled, 1, 0)},
                                                    {"doubled", deliver(doubled, 3, 0)},
                                                    {"cut in pieces", deliver(shuffled, 5, 6)}};
  for (const auto& [name, other] : others) {
    append(findings, differences(as_delivered.state, other.state, name));
    compare(as_delivered.rows, other.rows, fmt::format("the rows of the log ({})", name), findings);
    compare(as_delivered.quarantined, other.quarantined, fmt::format("the records in quarantine ({})", name),
            findings);
    compare(as_delivered.columns, other.columns, fmt::format("the columns seen ({})", name), findings);
    compare(as_delivered.keys, other.keys, fmt::format("the keys ({})", name), findings);
  }
  return {"in any order", findings};
}

}  // namespace sluice::storm
