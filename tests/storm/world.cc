#include "storm/world.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "emulate/generator_poison.h"
#include "emulate/random.h"

namespace sluice::storm {
namespace {

using emulate::Random;

constexpr uint64_t kWorldStream = 0x570;
constexpr uint64_t kPoisonStream = 0x571;

emulate::GenerateOptions draw_options(uint64_t seed, int64_t changes) {
  Random random(seed, kWorldStream);
  const auto one_of = [&random](std::initializer_list<double> of) {
    return of.begin()[random.index(of.size())];
  };
  emulate::GenerateOptions options;
  options.seed = seed;
  options.changes = changes;
  options.duplicates = one_of({0, 0.05, 0.3});
  constexpr size_t kReorder[] = {0, 20, 1000, emulate::kShuffleAll, emulate::kShuffleAll};
  options.reorder = kReorder[random.index(std::size(kReorder))];
  options.oversize = one_of({0.01, 0.05});
  options.oversize_bytes = static_cast<size_t>(one_of({700, 2000}));
  options.fragment_bytes = static_cast<size_t>(one_of({100, 400, 2000}));
  options.preview = random.one_in(10);
  options.unusual = one_of({0.01, 0.2});
  options.schema_changes = one_of({0.001, 0.05});
  options.deletes = one_of({0.05, 0.15, 0.3});
  options.rows_per_table = static_cast<size_t>(one_of({3, 40, 5000}));
  options.most_statements = static_cast<int64_t>(one_of({1, 20, 200}));
  const std::vector<std::string> groups[] = {
      {}, {"shop", "keyless"}, {"keys"}, {"types", "keys"}, {"names", "keyless"}};
  options.tables = groups[random.index(std::size(groups))];
  return options;
}

// What an independent parser says of a good record.
enum class Shape { Row, KeylessDelete, Head, Fragment };

Shape shape_of(simdjson::dom::parser& parser, const std::string& record) {
  const simdjson::dom::element envelope = parser.parse(record);
  std::string_view type = "full";
  if (envelope["type"].error() == simdjson::SUCCESS) type = envelope["type"];
  if (type == "fragment") return Shape::Fragment;
  if (type == "chunked") return Shape::Head;
  const bool deletes = std::string_view(envelope["op"]) == "d";
  return deletes && envelope["before"].is_null() ? Shape::KeylessDelete : Shape::Row;
}

Result<void> take_truth(World& world, const emulate::Generator& generator) {
  simdjson::dom::parser parser;
  return generator.write_truth([&](std::string_view line) -> Result<void> {
    const simdjson::dom::element row = parser.parse(simdjson::padded_string(line));
    const auto text = [&row](const char* name) { return std::string(std::string_view(row[name])); };
    const size_t at = line.find(",\"row\":") + 7;
    world.truth[{text("schema"), text("table")}][text("record_id")] =
        std::string(line.substr(at, line.size() - at - 1));
    return {};
  });
}

// Sorts out what was delivered, repeats included: what is a row, what is set aside.
void count_good(World& world) {
  simdjson::dom::parser parser;
  std::set<std::string> heads;
  for (const std::string& record : world.records) {
    switch (shape_of(parser, record)) {
      case Shape::Row:
        ++world.good_full;
        break;
      case Shape::KeylessDelete: {
        BadRecord& bad = world.bad[record];
        bad.poison_class = "keyless-delete";
        ++bad.delivered;
        break;
      }
      case Shape::Head: {
        const simdjson::dom::element chunked = parser.parse(record)["chunked"];
        for (const char* image : {"before", "after"}) {
          simdjson::dom::element chunk_id;
          if (chunked[image]["chunk_id"].get(chunk_id) == simdjson::SUCCESS)
            heads.emplace(std::string_view(chunk_id));
        }
        break;
      }
      case Shape::Fragment:
        break;
    }
  }
  world.good_chunks = static_cast<int64_t>(heads.size());
}

bool comes_in_pieces(std::string_view poison_class) {
  static const std::set<std::string_view> kClasses = {"wrong-crc",          "chunk-not-object",
                                                      "orphan-fragment",    "lone-head",
                                                      "index-beyond-total", "conflicting-fragment"};
  return kClasses.contains(poison_class);
}

// Puts bad records of every class between the good ones, some of them more than once.
void mix_in_poison(World& world, int64_t first_ns, int64_t last_ns) {
  Random random(world.options.seed, kPoisonStream);
  const size_t classes = emulate::poison_classes().size();
  std::vector<change::TableName> tables;
  for (const auto& [name, table] : world.catalog.tables) tables.push_back(name);
  std::vector<std::string> records;
  for (size_t number = 0; number < classes + classes / 2; ++number) {
    const change::TableName& table = tables[random.index(tables.size())];
    const emulate::PoisonOrigin origin{table.schema, table.table, random.between(first_ns, last_ns)};
    const emulate::Poison poison =
        emulate::make_poison(number < classes ? number : random.index(classes), origin, random);
    const int times = random.one_in(4) ? 2 : 1;
    for (int time = 0; time < times; ++time) {
      for (const std::string& record : poison.records) {
        BadRecord& bad = world.bad[record];
        bad.poison_class = poison.name;
        bad.is_piece = comes_in_pieces(poison.name);
        ++bad.delivered;
        records.push_back(record);
      }
    }
    if (poison.never_complete > 0 || comes_in_pieces(poison.name)) {
      const std::string& piece = poison.records.front();
      const size_t at = piece.find("poison-");
      world.hopeless_chunks.insert(piece.substr(at, 23));
    }
  }
  world.poison_records = static_cast<int64_t>(records.size());
  for (std::string& record : records) {
    const size_t place = random.index(world.records.size() + 1);
    world.records.insert(world.records.begin() + static_cast<std::ptrdiff_t>(place), std::move(record));
  }
}

}  // namespace

std::string World::story() const {
  const std::string late = options.reorder == emulate::kShuffleAll
                               ? "in any order"
                               : fmt::format("up to {} late", options.reorder);
  return fmt::format(
      "{} records ({} bad, {} images in pieces){}, {}, repeats {}, deletes {}, rows per table {}",
      records.size(), poison_records, good_chunks, options.preview ? ", preview" : "", late,
      options.duplicates, options.deletes, options.rows_per_table);
}

Result<World> make_world(uint64_t seed, int64_t changes) {
  World world;
  world.options = draw_options(seed, changes);
  emulate::Generator generator = TRY(emulate::Generator::make(world.options));
  TRY(generator.run([&world](std::string_view record) -> Result<void> {
    world.records.emplace_back(record);
    return {};
  }));
  TRY(take_truth(world, generator));
  world.catalog = generator.catalog();
  count_good(world);
  mix_in_poison(world, generator.summary().first_commit_ts_ns, generator.summary().last_commit_ts_ns);
  return world;
}

const std::set<std::string_view>& reasons_of(std::string_view poison_class) {
  using Reasons = std::set<std::string_view>;
  static const std::map<std::string_view, Reasons> kReasons = {
      {"not-json", {"not-json", "ends-early", "not-object", "invalid-utf8"}},
      {"truncated", {"ends-early", "invalid-utf8"}},
      {"not-object", {"not-object"}},
      {"bad-op", {"bad-op"}},
      {"unknown-op-without-after", {"unknown-op"}},
      {"unknown-type", {"unknown-type"}},
      {"bad-source", {"no-source", "bad-source", "no-table"}},
      {"bad-table", {"no-table"}},
      {"no-time", {"no-commit-time"}},
      {"negative-time", {"bad-commit-time"}},
      {"float-time", {"bad-commit-time"}},
      {"text-time", {"bad-commit-time"}},
      {"endless-time", {"bad-commit-time"}},
      {"upsert-without-after", {"no-image"}},
      {"after-not-object", {"no-image"}},
      {"delete-without-before", {"keyless-delete"}},
      {"keyless-delete", {"keyless-delete"}},
      {"duplicate-column", {"duplicate-key"}},
      {"duplicate-field", {"duplicate-field"}},
      {"too-deep", {"too-deep"}},
      {"lone-surrogate", {"lone-surrogate"}},
      {"invalid-utf8", {"invalid-utf8"}},
      {"empty-image", {"empty-image"}},
      {"wrong-crc", {"crc-mismatch"}},
      {"chunk-not-object", {"not-object", "ends-early", "empty-image", "duplicate-key"}},
      {"orphan-fragment", {"incomplete-chunk"}},
      {"lone-head", {"incomplete-chunk"}},
      {"index-beyond-total", {"crc-mismatch", "fragment-out-of-range"}},
      {"negative-index", {"bad-fragment"}},
      {"fragment-without-data", {"bad-fragment"}},
      {"zero-total", {"bad-chunk"}},
      {"huge-total", {"bad-chunk"}},
      {"bad-crc-text", {"bad-chunk"}},
      {"conflicting-fragment", {"crc-mismatch", "conflicting-fragment"}},
  };
  static const Reasons kNone;
  const auto found = kReasons.find(poison_class);
  return found == kReasons.end() ? kNone : found->second;
}

}  // namespace sluice::storm
