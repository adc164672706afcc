#include "emulate/generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/crc32c.h"
#include "base/json_text.h"
#include "base/text.h"
#include "emulate/generator_poison.h"
#include "emulate/generator_unusual.h"

namespace sluice::emulate {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Pair;

using Table = std::pair<std::string, std::string>;
// (table, record_id) → the row's text
using Truth = std::map<std::pair<Table, std::string>, std::string>;

std::string text_of(simdjson::simdjson_result<simdjson::dom::element> value) {
  return std::string(std::string_view(value));
}

// What a run gave.
struct Generated {
  std::vector<std::string> records;
  std::vector<std::string> truth_lines;
  GenerateSummary summary;
  catalog::Catalog catalog;
};

Generated generate(const GenerateOptions& options) {
  Generated run;
  Result<Generator> generator = Generator::make(options);
  EXPECT_TRUE(generator.ok()) << generator.error().message;
  const auto into = [](std::vector<std::string>& to) {
    return [&to](std::string_view text) -> Result<void> {
      EXPECT_EQ(text.find('\n'), std::string_view::npos) << "one line each";
      to.emplace_back(text);
      return {};
    };
  };
  EXPECT_TRUE(generator.value().run(into(run.records)).ok());
  EXPECT_TRUE(generator.value().write_truth(into(run.truth_lines)).ok());
  run.summary = generator.value().summary();
  run.catalog = generator.value().catalog();
  return run;
}

Truth truth_of(const Generated& run) {
  Truth truth;
  for (const std::string& line : run.truth_lines) {
    simdjson::dom::parser parser;
    const simdjson::dom::element row = parser.parse(line);
    const size_t at = line.find(",\"row\":");
    const Table table{text_of(row["schema"]), text_of(row["table"])};
    const std::string id = text_of(row["record_id"]);
    EXPECT_TRUE(truth.emplace(std::pair(table, id), line.substr(at + 7, line.size() - at - 8)).second);
  }
  return truth;
}

// A value as record_id wants it, from simdjson's reading of it.
std::string key_text(const simdjson::dom::element& value, bool bare) {
  if (value.is_string()) {
    if (bare) return std::string(std::string_view(value));
    std::string text;
    append_json_string(text, std::string_view(value));
    return text;
  }
  return simdjson::minify(value);
}

// The reference: puts chunks together, then the last writer wins. It knows the keys from the catalog, and of
// every record only what simdjson tells.
class Reference {
 public:
  explicit Reference(const catalog::Catalog& catalog) : catalog_(catalog) {}

  void read(const std::string& record) {
    simdjson::dom::parser parser;
    simdjson::dom::element envelope;
    ASSERT_EQ(parser.parse(record).get(envelope), simdjson::SUCCESS) << record.substr(0, 400);
    std::string_view type = "full";
    if (envelope["type"].error() == simdjson::SUCCESS) type = envelope["type"];
    if (type == "fragment") {
      std::string& piece = pieces_[text_of(envelope["chunk_id"])][uint64_t(envelope["index"])];
      const std::string data = text_of(envelope["data"]);
      EXPECT_TRUE(is_utf8(data));
      EXPECT_TRUE(piece.empty() || piece == data) << "a repeated fragment is the same";
      piece = data;
    } else if (type == "chunked") {
      heads_.push_back(record);
    } else {
      const bool deletes = std::string_view(envelope["op"]) == "d";
      land(envelope, envelope[deletes ? "before" : "after"].is_null() ? "" : image_text(record, deletes));
    }
  }

  Truth finish() {
    for (const std::string& record : heads_) {
      simdjson::dom::parser parser;
      const simdjson::dom::element envelope = parser.parse(record);
      const bool deletes = std::string_view(envelope["op"]) == "d";
      const simdjson::dom::element chunk = envelope["chunked"][deletes ? "before" : "after"];
      const auto& pieces = pieces_[text_of(chunk["chunk_id"])];
      EXPECT_EQ(pieces.size(), uint64_t(chunk["total_fragments"]));
      std::string image;
      for (const auto& [index, data] : pieces) image += data;
      EXPECT_EQ(std::to_string(crc32c(image)), std::string_view(chunk["crc32c"]));
      land(envelope, image);
    }
    Truth truth;
    for (auto& [key, version] : rows_) {
      if (!version.second.empty()) truth.emplace(key, version.second);
    }
    return truth;
  }

 private:
  // The image's own bytes.
  static std::string image_text(const std::string& record, bool deletes) {
    simdjson::ondemand::parser parser;
    const simdjson::padded_string padded(record);
    simdjson::ondemand::document document = parser.iterate(padded);
    for (simdjson::ondemand::field field : document.get_object()) {
      if (std::string_view(field.unescaped_key()) != (deletes ? "before" : "after")) continue;
      simdjson::ondemand::object image = field.value().get_object();
      const std::string_view raw = image.raw_json();
      return std::string(raw.substr(0, raw.find_last_of('}') + 1));
    }
    ADD_FAILURE() << "no image in " << record;
    return {};
  }

  void land(const simdjson::dom::element& envelope, const std::string& image) {
    const simdjson::dom::element source = envelope["source"];
    const change::TableName name{text_of(source["schema"]), text_of(source["table"])};
    const bool deletes = std::string_view(envelope["op"]) == "d";
    if (image.empty()) {
      EXPECT_TRUE(deletes && catalog_.find(name)->key.empty());
      ++keyless_deletes_;
      return;
    }
    int64_t version = 0;
    if (source["ts_ns"].get(version) != simdjson::SUCCESS) version = int64_t(source["ts_ms"]) * 1'000'000;
    auto& [newest, row] = rows_[{{name.schema, name.table}, id_of(name, image)}];
    if (version > newest) {
      newest = version;
      row = deletes ? "" : image;
    }
  }

  std::string id_of(const change::TableName& name, const std::string& image) {
    const std::vector<std::string>& key = catalog_.find(name)->key;
    if (key.empty()) return "image:" + sha256_hex(image);
    simdjson::dom::parser parser;
    const simdjson::dom::element row = parser.parse(image);
    std::string id;
    for (const std::string& column : key) {
      id += (id.empty() ? "[" : ",") + key_text(row[column], false);
      if (key.size() == 1) return key_text(row[column], true);
    }
    id += "]";
    return id.size() > 2048 ? "sha256:" + sha256_hex(id) : id;
  }

 public:
  int64_t keyless_deletes() const { return keyless_deletes_; }

 private:
  const catalog::Catalog& catalog_;
  std::map<std::string, std::map<uint64_t, std::string>> pieces_;
  std::vector<std::string> heads_;
  std::map<std::pair<Table, std::string>, std::pair<int64_t, std::string>> rows_;
  int64_t keyless_deletes_ = 0;
};

void expect_truth(const Generated& run) {
  Reference reference(run.catalog);
  for (const std::string& record : run.records) reference.read(record);
  const Truth found = reference.finish();
  const Truth expected = truth_of(run);
  EXPECT_EQ(found.size(), expected.size());
  EXPECT_EQ(static_cast<int64_t>(expected.size()), run.summary.truth_rows);
  int differences = 0;
  for (const auto& [key, row] : expected) {
    const auto match = found.find(key);
    if (match != found.end() && match->second == row) continue;
    if (++differences > 3) break;
    ADD_FAILURE() << key.first.second << " " << key.second << "\nexpected " << row << "\nfound "
                  << (match == found.end() ? "nothing" : match->second);
  }
}

TEST(Generator, GivesATruthThatTheLastWriterWinsArrivesAt) {
  GenerateOptions options;
  options.changes = 6000;
  options.unusual = 0.2;
  options.schema_changes = 0.05;
  const Generated run = generate(options);
  EXPECT_EQ(run.summary.changes, 6000);
  EXPECT_GT(run.summary.model.compacted, 100);
  EXPECT_GT(run.summary.model.key_updates, 20);
  EXPECT_GT(run.summary.model.schema_changes, 20);
  EXPECT_THAT(run.summary.unusual, Contains(Pair("unknown-op", Gt(10))));
  expect_truth(run);
}

TEST(Generator, GivesTheSameTruthHoweverBadlyItIsDelivered) {
  GenerateOptions options;
  options.seed = 42;
  options.changes = 4000;
  options.oversize = 0.05;
  options.oversize_bytes = 1500;
  options.fragment_bytes = 400;
  const Generated calm = generate(options);
  options.duplicates = 0.2;
  options.reorder = kShuffleAll;
  const Generated wild = generate(options);
  EXPECT_GT(wild.summary.head_records, 50);
  EXPECT_GT(wild.summary.fragment_records, wild.summary.head_records);
  EXPECT_GT(wild.summary.delivery.repeats, 500);
  EXPECT_EQ(calm.truth_lines, wild.truth_lines);
  expect_truth(calm);
  expect_truth(wild);
}

TEST(Generator, SplitsEveryRecordWhenTheLimitIsTiny) {
  GenerateOptions options;
  options.changes = 300;
  options.oversize_bytes = 1;
  options.fragment_bytes = 100;
  const Generated run = generate(options);
  EXPECT_EQ(run.summary.full_records, run.summary.keyless_deletes) << "nothing to split there";
  expect_truth(run);
}

TEST(Generator, WritesPreviewRecordsWithOneCommitPerMillisecond) {
  GenerateOptions options;
  options.changes = 3000;
  options.preview = true;
  options.duplicates = 0.1;
  options.reorder = 100;
  const Generated run = generate(options);
  for (const std::string& record : run.records) {
    simdjson::dom::parser parser;
    const simdjson::dom::element envelope = parser.parse(record);
    ASSERT_EQ(envelope["type"].error(), simdjson::NO_SUCH_FIELD);
    ASSERT_EQ(envelope["ts_ns"].error(), simdjson::NO_SUCH_FIELD);
    ASSERT_EQ(envelope["source"]["ts_ns"].error(), simdjson::NO_SUCH_FIELD);
    ASSERT_EQ(envelope["source"]["txId"].error(), simdjson::NO_SUCH_FIELD);
  }
  EXPECT_THAT(run.summary.operations, ::testing::Not(Contains(Key("u"))));
  expect_truth(run);
}

TEST(Generator, CommitsSeveralTimesWithinAMicrosecond) {
  GenerateOptions options;
  options.changes = 2000;
  options.unusual = 0;
  std::map<int64_t, std::set<int64_t>> by_microsecond;
  std::map<std::string, std::set<int64_t>> by_transaction;
  for (const std::string& record : generate(options).records) {
    simdjson::dom::parser parser;
    const simdjson::dom::element source = parser.parse(record)["source"];
    const int64_t commit_ts_ns = source["ts_ns"];
    by_microsecond[commit_ts_ns / 1000].insert(commit_ts_ns);
    by_transaction[text_of(source["txId"])].insert(commit_ts_ns);
  }
  EXPECT_GT(std::count_if(by_microsecond.begin(), by_microsecond.end(),
                          [](const auto& each) { return each.second.size() > 2; }),
            20);
  EXPECT_THAT(by_transaction, Each(Pair(::testing::_, ::testing::SizeIs(1))));
}

// What catches a reader that orders by milliseconds, or by nanoseconds in a double (which steps by 256).
TEST(Generator, ChangesARowSeveralTimesWithinAMillisecondAndWithin256Nanoseconds) {
  GenerateOptions options;
  options.changes = 3000;
  options.tables = {"orders"};
  options.unusual = 0;
  std::map<int64_t, int64_t> last_by_key;
  int within_millisecond = 0;
  int within_a_double = 0;
  for (const std::string& record : generate(options).records) {
    simdjson::dom::parser parser;
    const simdjson::dom::element envelope = parser.parse(record);
    const int64_t commit_ts_ns = envelope["source"]["ts_ns"];
    const bool deletes = text_of(envelope["op"]) == "d";
    int64_t& last = last_by_key[int64_t(envelope[deletes ? "before" : "after"]["id"])];
    within_millisecond += last / 1'000'000 == commit_ts_ns / 1'000'000 ? 1 : 0;
    within_a_double += commit_ts_ns - last < 128 ? 1 : 0;
    last = commit_ts_ns;
  }
  EXPECT_GT(within_millisecond, 100);
  EXPECT_GT(within_a_double, 10);
}

TEST(Generator, ShowsADeleteOfEveryTableWhoseKeyMustBeLearnt) {
  for (const uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    GenerateOptions options;
    options.seed = seed;
    options.changes = 200;
    options.deletes = 0;
    options.unusual = 0;
    std::map<std::string, std::set<std::string>> ops;
    for (const std::string& record : generate(options).records) {
      simdjson::dom::parser parser;
      const simdjson::dom::element envelope = parser.parse(record);
      ops[text_of(envelope["source"]["table"])].insert(text_of(envelope["op"]));
    }
    EXPECT_THAT(ops.at("order_items"), Contains("d"));
    EXPECT_THAT(ops.at("orders"), ::testing::Not(Contains("d"))) << "its key is called id";
    for (const ModelTable& table : model_tables()) {
      if (table.key.size() > 1 && ops.contains(table.name.table)) {
        EXPECT_THAT(ops[table.name.table], Contains("d")) << table.name.table;
      }
    }
  }
}

TEST(Generator, GivesTheSameBytesForTheSameOptions) {
  GenerateOptions options;
  options.seed = 9;
  options.changes = 1500;
  options.duplicates = 0.1;
  options.reorder = 50;
  options.poison = 0.05;
  options.oversize = 0.01;
  options.oversize_bytes = 2000;
  const Generated first = generate(options);
  const Generated second = generate(options);
  EXPECT_EQ(first.records, second.records);
  EXPECT_EQ(first.truth_lines, second.truth_lines);
  EXPECT_EQ(first.summary.to_json(), second.summary.to_json());
  // Holds on every machine: a change here is a change of every seed that somebody wrote down.
  std::string all;
  for (const std::string& record : first.records) all += record + "\n";
  EXPECT_EQ(sha256_hex(all).substr(0, 16), "f1c9a5b089bff336");
  options.seed = 10;
  EXPECT_NE(generate(options).records, first.records);
}

TEST(Generator, AddsPoisonOfEveryClassAndTheGoodRecordsStayTheTruth) {
  GenerateOptions options;
  options.seed = 3;
  options.changes = 3000;
  options.poison = 0.3;
  const Generated run = generate(options);
  for (const std::string_view name : poison_classes()) {
    EXPECT_THAT(run.summary.poison, Contains(Pair(std::string(name), Ge(1))));
  }
  EXPECT_EQ(static_cast<int64_t>(run.records.size()), run.summary.full_records + run.summary.head_records +
                                                          run.summary.fragment_records +
                                                          run.summary.poison_records);
  options.poison = 0;
  const Generated good = generate(options);
  EXPECT_EQ(good.truth_lines, run.truth_lines);
  std::multiset<std::string> rest(run.records.begin(), run.records.end());
  for (const std::string& record : good.records) {
    const auto found = rest.find(record);
    ASSERT_NE(found, rest.end()) << "poison must not change a good record";
    rest.erase(found);
  }
  EXPECT_EQ(static_cast<int64_t>(rest.size()), run.summary.poison_records);
  EXPECT_GT(run.summary.quarantined_at_least, 500);
}

TEST(Generator, DoesTheShopsMixInRecordsOfAFewHundredBytes) {
  GenerateOptions options;
  options.changes = 4000;
  options.tables = {"shop"};
  options.unusual = 0;
  const Generated run = generate(options);
  size_t bytes = 0;
  for (const std::string& record : run.records) bytes += record.size();
  EXPECT_GT(bytes / run.records.size(), 300U);
  EXPECT_LT(bytes / run.records.size(), 650U);
  expect_truth(run);
}

TEST(Generator, KeepsTheRowsWithinTheirBound) {
  GenerateOptions options;
  options.changes = 5000;
  options.tables = {"orders"};
  options.rows_per_table = 50;
  EXPECT_LE(generate(options).summary.truth_rows, 50);
}

TEST(Generator, SumsUpInJson) {
  GenerateOptions options;
  options.changes = 500;
  options.poison = 0.1;
  simdjson::dom::parser parser;
  const simdjson::dom::element summary = parser.parse(generate(options).summary.to_json());
  EXPECT_EQ(int64_t(summary["changes"]), 500);
  EXPECT_GT(int64_t(summary["operations"]["c"]), 0);
  EXPECT_TRUE(summary["poison"].is_object());
}

TEST(Generator, RefusesOptionsThatMakeNoSense) {
  const auto message = [](const auto& change) {
    GenerateOptions options;
    change(options);
    const Result<Generator> generator = Generator::make(options);
    return generator.ok() ? std::string("accepted") : generator.error().message;
  };
  EXPECT_THAT(message([](GenerateOptions& to) { to.poison = 1.5; }), HasSubstr("--poison is 1.5"));
  EXPECT_THAT(message([](GenerateOptions& to) { to.changes = 0; }), HasSubstr("--changes"));
  EXPECT_THAT(message([](GenerateOptions& to) { to.updates = 0.95; }), HasSubstr("--updates and --deletes"));
  EXPECT_THAT(message([](GenerateOptions& to) { to.tables = {"shopp"}; }), HasSubstr("'shop'"));
}

TEST(Generator, StopsAtTheTakersError) {
  Result<Generator> generator = Generator::make({});
  ASSERT_TRUE(generator.ok());
  int taken = 0;
  const Result<void> outcome = generator.value().run([&taken](std::string_view) -> Result<void> {
    if (++taken == 10) return refused("The disk is full.");
    return {};
  });
  EXPECT_EQ(taken, 10);
  EXPECT_FALSE(outcome.ok());
}

TEST(Unusual, RecordsMeanTheSame) {
  EnvelopeFields fields;
  fields.op = "c";
  fields.after = R"({"a" : "\u0041","b":[1,{"c":"}"}]})";
  fields.schema = "s\"x";
  fields.table = "t";
  const std::string record = full_record(fields);
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    const std::string spelled = spelled_unusually(record, draw_unusual(random));
    simdjson::dom::parser parser;
    simdjson::dom::element envelope;
    ASSERT_EQ(parser.parse(spelled).get(envelope), simdjson::SUCCESS) << spelled;
    EXPECT_EQ(std::string_view(envelope["source"]["schema"]), "s\"x");
    EXPECT_EQ(std::string_view(envelope["op"]), "c");
    EXPECT_THAT(spelled, HasSubstr(*fields.after)) << "the image keeps its bytes";
  }
}

TEST(Poison, IsReadByNobodyAsAWholeRow) {
  Random random(6);
  const PoisonOrigin origin{"public", "orders", 1'790'000'000'000'000'000};
  for (size_t poison_class = 0; poison_class < poison_classes().size(); ++poison_class) {
    for (int round = 0; round < 20; ++round) {
      const Poison poison = make_poison(poison_class, origin, random);
      EXPECT_EQ(poison.name, poison_classes()[poison_class]);
      EXPECT_GT(poison.quarantined_at_least + poison.never_complete, 0);
      for (const std::string& record : poison.records) {
        EXPECT_EQ(record.find('\n'), std::string::npos);
        EXPECT_FALSE(record.empty());
      }
    }
  }
}

}  // namespace
}  // namespace sluice::emulate
