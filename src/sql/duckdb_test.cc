// The current state and the past as the real DuckDB answers through the views.
#include "sql/duckdb.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "base/json_text.h"
#include "sql/log_for_test.h"

namespace sluice::sql {
namespace {

using catalog::Type;
using change::kind_bit;
using change::TableName;
using change::ValueKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

constexpr int64_t kSecond = 1'000'000'000;
constexpr auto kText = kind_bit(ValueKind::String);

std::string image(int64_t id, const std::string& status) {
  return "{\"id\":" + std::to_string(id) + ",\"status\":\"" + status + "\"}";
}

// public.t with the columns id and status.
std::vector<View> small_views() {
  const std::vector<change::TableState> tables = {
      seen_table({"public", "t"}, {{"id", kind_bit(ValueKind::Int)}, {"status", kText}})};
  return duckdb_views(tables, nullptr);
}

class CurrentState : public testing::Test {
 protected:
  CurrentState() { log.make(small_views()); }
  Texts current() { return log.lines("SELECT id, status FROM t_current"); }
  Texts as_of(const std::string& bound) { return log.lines("SELECT id, status FROM t_as_of(" + bound + ")"); }
  LogForTest log;
};

TEST_F(CurrentState, TheNewestCommitWinsWhateverArrivedLast) {
  log.land({{"1", image(1, "new"), "u", 30}, {"1", image(1, "old"), "c", 10}});
  EXPECT_THAT(current(), ElementsAre("1|new"));
}

TEST_F(CurrentState, ANanosecondDecides) {
  log.land({{"1", image(1, "a"), "u", 1790000123456789017}, {"1", image(1, "b"), "u", 1790000123456789016}});
  EXPECT_THAT(current(), ElementsAre("1|a"));
}

TEST_F(CurrentState, ADeleteHidesTheRowUntilALaterWriteBringsItBack) {
  log.land({{"1", image(1, "a"), "c", 10}, {"1", "{\"id\":1}", "d", 20}});
  EXPECT_THAT(current(), IsEmpty());
  log.land({{"1", image(1, "late"), "u", 15}});
  EXPECT_THAT(current(), IsEmpty());
  log.land({{"1", image(1, "again"), "c", 21}});
  EXPECT_THAT(current(), ElementsAre("1|again"));
}

TEST_F(CurrentState, ABackfilledRowGivesWayToAnEventOfTheSameInstant) {
  log.land({{"1", image(1, "backfill"), "r", 10},
            {"1", image(1, "event"), "u", 10},
            {"2", image(2, "backfill"), "r", 10},
            {"2", "{\"id\":2}", "d", 10},
            {"3", image(3, "backfill"), "r", 11},
            {"3", image(3, "event"), "u", 10}});
  EXPECT_THAT(current(), ElementsAre("1|event", "3|backfill"));
}

TEST_F(CurrentState, AnUnknownOperationIsAnUpsert) {
  log.land({{"1", image(1, "a"), "c", 10}, {"1", image(1, "merged"), "m", 20}});
  EXPECT_THAT(current(), ElementsAre("1|merged"));
}

TEST_F(CurrentState, AtOneInstantAnUpsertBeatsADeleteAndTheGreaterTextBeatsTheOther) {
  log.land({{"1", "{\"id\":1}", "d", 10},
            {"1", image(1, "a"), "u", 10},
            {"2", image(2, "a"), "u", 10},
            {"2", image(2, "b"), "u", 10}});
  EXPECT_THAT(current(), ElementsAre("1|a", "2|b"));
}

TEST_F(CurrentState, OtherTablesAndSchemasWithTheSameKeyDoNotMatter) {
  log.land({{"1", image(1, "mine"), "u", 10},
            {"1", image(1, "other schema"), "u", 20, {"sales", "t"}},
            {"1", "{\"id\":1}", "d", 30, {"public", "T"}}});
  EXPECT_THAT(current(), ElementsAre("1|mine"));
}

TEST_F(CurrentState, AsOfShowsEachMomentAndIncludesTheWholeMicrosecond) {
  const int64_t start = 1'767'225'600 * kSecond;  // 2026-01-01 00:00:00
  log.land({{"1", image(1, "first"), "c", start + 999},
            {"1", image(1, "second"), "u", start + 1000},
            {"1", "{\"id\":1}", "d", start + 2 * kSecond}});
  EXPECT_THAT(as_of("TIMESTAMP '2025-12-31 23:59:59.999999'"), IsEmpty());
  EXPECT_THAT(as_of("TIMESTAMP '2026-01-01'"), ElementsAre("1|first"));
  EXPECT_THAT(as_of("TIMESTAMP '2026-01-01 00:00:00.000001'"), ElementsAre("1|second"));
  EXPECT_THAT(as_of("(SELECT min(commit_timestamp) FROM cdc_events)"), ElementsAre("1|first"));
  EXPECT_THAT(as_of("now()"), IsEmpty());
}

TEST_F(CurrentState, AsOfReadsEverySpellingOfAMomentTheSameInEveryZone) {
  const int64_t noon = 1'767'268'800 * kSecond;  // 2026-01-01 12:00:00 UTC
  log.land({{"1", image(1, "before"), "c", noon - 1}, {"1", image(1, "noon"), "u", noon}});
  for (const char* zone : {"UTC", "Asia/Kolkata", "America/New_York"}) {
    log.run(std::string("SET TimeZone = '") + zone + "'");
    for (const char* bound :
         {"TIMESTAMP '2026-01-01 12:00:00'", "TIMESTAMPTZ '2026-01-01 12:00:00+00'", "'2026-01-01 12:00'",
          "'2026-01-01T12:00:00Z'", "'2026-01-01 13:00:00+01'", "'2026-01-01 13:00+01:00'",
          "' 2026-01-01 12:00:00.0 '", "TIMESTAMP_NS '2026-01-01 12:00:00.000000000'", "DATE '2026-01-02'",
          "'2026-01-02'", "'infinity'", "TIMESTAMP 'infinity'", "'294000-01-01'",
          "'2026-01-01 12:00:00 UTC'"}) {
      EXPECT_THAT(as_of(bound), ElementsAre("1|noon")) << bound << " in " << zone;
    }
    for (const char* bound : {"TIMESTAMP '2026-01-01 11:59:59.999999'", "'2026-01-01 11:59:59.999999'",
                              "'2026-01-01 12:59:59.999999+01'"}) {
      EXPECT_THAT(as_of(bound), ElementsAre("1|before")) << bound << " in " << zone;
    }
    for (const char* bound : {"DATE '2026-01-01'", "'2026-01-01'", "'-infinity'", "'0001-01-01'", "NULL"}) {
      EXPECT_THAT(as_of(bound), IsEmpty()) << bound << " in " << zone;
    }
  }
  EXPECT_THAT(log.failure("FROM t_as_of('yesterday')"), HasSubstr("yesterday"));
}

TEST_F(CurrentState, CountingRowsReadsFewerImagesThanShowingThem) {
  log.land({{"1", image(1, "a"), "c", 10}, {"2", image(2, "b"), "u", 20}});
  const auto reads_of_images = [this](const std::string& sql) {
    const std::string plan = log.text_rows("EXPLAIN " + sql)[0][1];
    int times = 0;
    for (size_t at = plan.find("event_data"); at != std::string::npos; at = plan.find("event_data", at + 1))
      ++times;
    return times;
  };
  EXPECT_LT(reads_of_images("SELECT count(*) FROM t_current"),
            reads_of_images("SELECT status FROM t_current"));
}

TEST_F(CurrentState, IsTheSameForEveryOrderAndRepetition) {
  // Each order of the same events is a story about two rows of its own.
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5};
  std::vector<Event> landed;
  Texts expected;
  for (int64_t story = 0; std::next_permutation(order.begin(), order.end()); ++story) {
    const std::string one = std::to_string(story) + ".1";
    const std::string two = std::to_string(story) + ".2";
    const std::vector<Event> events = {{one, image(story, "a"), "c", 10}, {one, image(story, "b"), "u", 20},
                                       {one, image(story, "c"), "u", 20}, {one, "{\"id\":1}", "d", 20},
                                       {two, image(story, "r"), "r", 20}, {two, image(story, "u"), "u", 20}};
    for (const size_t at : order) landed.push_back(events[at]);
    landed.push_back(events[order[0]]);
    expected.push_back(std::to_string(story) + "|c");
    expected.push_back(std::to_string(story) + "|u");
  }
  log.land(landed);
  EXPECT_THAT(current(), UnorderedElementsAreArray(expected));
}

// The whole truth about current state in a few lines: of each row's events up to a bound, the greatest.
Texts last_writers(const std::vector<Event>& events, int64_t through_ns) {
  const auto rank = [](const Event& event) {
    const int of_operation = event.operation == "r" ? 0 : event.operation == "d" ? 1 : 2;
    return std::tuple(event.commit_ts_ns, of_operation, event.image);
  };
  std::map<std::string, Event> newest;
  for (const Event& event : events) {
    if (event.commit_ts_ns > through_ns || event.table != TableName{"public", "t"}) continue;
    const auto [at, is_new] = newest.try_emplace(event.record_id, event);
    if (!is_new && rank(at->second) < rank(event)) at->second = event;
  }
  Texts images;
  for (const auto& [id, event] : newest) {
    if (event.operation != "d") images.push_back(event.image);
  }
  std::sort(images.begin(), images.end());
  return images;
}

TEST(Reference, ViewsAgreeWithTheLastWriterOnRandomEvents) {
  constexpr int64_t kStart = 1'767'225'600 * kSecond;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto below = [&random](unsigned limit) { return static_cast<int>(random() % limit); };
    std::vector<Event> events;
    for (int at = 0; at < 2000; ++at) {
      const int id = below(seed % 2 == 0 ? 20 : 600);
      static constexpr std::array<const char*, 6> kOperations = {"c", "u", "u", "d", "r", "x"};
      events.push_back({std::to_string(id), image(id, std::to_string(below(4))),
                        kOperations[static_cast<size_t>(below(6))], kStart + below(40) * 500,
                        below(10) == 0 ? TableName{"sales", "t"} : TableName{"public", "t"}});
      if (below(5) == 0)
        events.push_back(events[static_cast<size_t>(below(static_cast<unsigned>(events.size())))]);
    }
    LogForTest log;
    log.make(small_views());
    log.land(events);
    const std::string as_image = R"(SELECT '{"id":' || id || ',"status":"' || status || '"}' FROM )";
    EXPECT_EQ(log.lines(as_image + "t_current"), last_writers(events, INT64_MAX));
    for (const int64_t us : {0, 3, 7, 12, 19}) {
      EXPECT_EQ(log.lines(as_image + "t_as_of(make_timestamp(" + std::to_string(kStart / 1000 + us) + "))"),
                last_writers(events, kStart + us * 1000 + 999));
    }
  }
}

// Names that have broken somebody's quoting, as tables, as schemas and as columns.
const std::vector<std::string>& hostile_names() {
  static const std::vector<std::string> kNames = {"order\"s; drop",
                                                  "\"",
                                                  "\"\"",
                                                  "'",
                                                  "''; DROP TABLE cdc_events; --",
                                                  "\\",
                                                  "\\\"",
                                                  "a\\nb",
                                                  "a\nb",
                                                  "\t",
                                                  "\x01",
                                                  "\x7F",
                                                  "select",
                                                  "null",
                                                  "order",
                                                  "ts",
                                                  "v",
                                                  "event_data",
                                                  "record_id",
                                                  "through_ns",
                                                  "cdc_events",
                                                  "columns",
                                                  "/",
                                                  "//",
                                                  "/a",
                                                  "a/",
                                                  "~",
                                                  "~0",
                                                  "~1",
                                                  "~01",
                                                  "a/b~c",
                                                  "$",
                                                  "$.a",
                                                  "$a",
                                                  "$$",
                                                  "$a$",
                                                  "$1",
                                                  "?",
                                                  "*",
                                                  ".",
                                                  "a.b",
                                                  "..",
                                                  "[0]",
                                                  "0",
                                                  "-1",
                                                  "#",
                                                  "@",
                                                  "%",
                                                  "--",
                                                  "/*",
                                                  "{}",
                                                  " ",
                                                  "   ",
                                                  "a b",
                                                  "\u00A0",
                                                  "\u2003x",
                                                  "\u2028",
                                                  "\uFEFF",
                                                  "é",
                                                  "e\u0301",
                                                  "caf\u00E9",
                                                  "😀",
                                                  "名前",
                                                  "ÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜÜ_",
                                                  "Id",
                                                  "iD",
                                                  "id",
                                                  "ID",
                                                  std::string(63, 'x')};
  return kNames;
}

// As a JSON string with every character outside of letters and digits spelled as an escape.
std::string all_escaped(std::string_view text) {
  std::string plain;
  append_json_string(plain, text);
  std::string out;
  for (const char c : plain) {
    static constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    const bool escapable = byte < 0x80 && byte >= 0x20 && c != '"' && c != '\\' && out.size() > 1;
    if (escapable && (out.empty() || out.back() != '\\') && plain.find('\\') == std::string::npos) {
      out += std::string("\\u00") + kDigits[byte >> 4] + kDigits[byte & 15];
    } else {
      out.push_back(c);
    }
  }
  return out;
}

TEST(HostileNames, WorkAsColumnsHoweverTheImageSpellsThem) {
  const std::vector<std::string>& names = hostile_names();
  std::string plain = "{";
  std::string escaped = "{";
  std::vector<std::pair<std::string, change::KindSet>> columns;
  for (size_t at = 0; at < names.size(); ++at) {
    const std::string comma = at == 0 ? "" : ",";
    plain += comma;
    append_json_string(plain, names[at]);
    plain += ":\"value " + std::to_string(at) + "\"";
    escaped += comma + all_escaped(names[at]) + ":\"value " + std::to_string(at) + "\"";
    columns.emplace_back(names[at], kText);
  }
  const std::vector<change::TableState> tables = {seen_table({"public", "t"}, columns)};
  LogForTest log;
  log.make(duckdb_views(tables, nullptr));
  log.land({{"plain", plain + "}"}, {"escaped", escaped + "}"}});

  Texts expected;
  for (size_t at = 0; at < names.size(); ++at) expected.push_back("value " + std::to_string(at));
  EXPECT_THAT(log.rows("FROM t_current"), ElementsAre(expected, expected));
  EXPECT_THAT(log.rows("FROM t_as_of(now() + INTERVAL 100 YEAR)"), ElementsAre(expected, expected));
  for (size_t at = 0; at < names.size(); ++at) {
    if (names[at] == "Id" || names[at] == "iD" || names[at] == "ID") continue;
    EXPECT_EQ(log.value("SELECT DISTINCT " + quote_identifier(names[at]) + " FROM t_current"), expected[at])
        << names[at];
  }
}

TEST(HostileNames, AnEscapedSpellingOfAKeyIsTheSameColumn) {
  const std::vector<change::TableState> tables = {
      seen_table({"public", "t"}, {{"café", kText}, {"a\"b/", kText}})};
  LogForTest log;
  log.make(duckdb_views(tables, nullptr));
  log.land({{"1", R"({"caf\u00e9":"x","\u0061\u0022b\/":"y"})"}});
  EXPECT_THAT(log.lines("FROM t_current"), ElementsAre("x|y"));
}

TEST(HostileNames, WorkAsTablesAndAsSchemas) {
  std::vector<change::TableState> tables;
  std::vector<Event> events;
  std::map<TableName, std::string> expected;
  for (const std::string& name : hostile_names()) {
    for (const TableName& table : {TableName{"public", name}, TableName{name, name}}) {
      tables.push_back(seen_table(table, {{"x", kText}}));
      expected[table] = "table " + std::to_string(expected.size());
      events.push_back({"1", "{\"x\":\"" + expected[table] + "\"}", "u", 10, table});
    }
  }
  LogForTest log;
  log.land(events);
  const std::vector<View> views = duckdb_views(tables, nullptr);
  log.make(views);
  ASSERT_EQ(views.size(), 3 * expected.size());
  for (const View& view : views) {
    if (view.kind == ViewKind::Changes) {
      EXPECT_EQ(log.value("SELECT changes FROM " + quote_identifier(view.view_name)), "1") << view.view_name;
      continue;
    }
    if (view.kind == ViewKind::History) {
      EXPECT_EQ(log.value("SELECT x FROM " + quote_identifier(view.view_name)), expected[view.table]);
      continue;
    }
    EXPECT_EQ(log.value("FROM " + quote_identifier(view.view_name)), expected[view.table]) << view.view_name;
    if (view.table.schema != "public") continue;
    EXPECT_EQ(log.value("FROM " + quote_identifier(view.function_name) + "('infinity')"),
              expected[view.table]);
  }
  EXPECT_EQ(log.value("SELECT count(*) FROM cdc_events"), std::to_string(events.size()));
}

TEST(Views, AreTheSameInWhateverOrderTheTablesAreGiven) {
  std::vector<change::TableState> tables = {
      seen_table({"public", "a_b"}, {{"x", kText}}), seen_table({"a", "b"}, {{"x", kText}}),
      seen_table({"A", "B"}, {{"X", kText}, {"x", kText}}), seen_table({"public", "A_b"}, {{"x", kText}})};
  const auto by_name = [](const auto& left, const auto& right) { return left.name < right.name; };
  std::sort(tables.begin(), tables.end(), by_name);
  const std::vector<View> expected = duckdb_views(tables, nullptr);
  while (std::next_permutation(tables.begin(), tables.end(), by_name)) {
    ASSERT_EQ(duckdb_views(tables, nullptr), expected);
  }
}

TEST(Views, OfTablesThatOnlyTheCatalogKnowsAreEmptyAndTyped) {
  const catalog::Catalog catalog =
      one_table_catalog({"sales", "orders"}, {{"id", {Type::BigInt, {}, {}, {}}}});
  const std::vector<change::TableState> seen = {seen_table({"public", "t"}, {{"x", kText}})};
  LogForTest log;
  const std::vector<View> views = duckdb_views(seen, &catalog);
  log.make(views);
  ASSERT_EQ(views.size(), 6U);
  EXPECT_EQ(views[3].view_name, "sales_orders_current");
  EXPECT_THAT(log.rows("SELECT column_name, column_type FROM (DESCRIBE sales_orders_current)"),
              ElementsAre(ElementsAre("id", "BIGINT")));
  EXPECT_THAT(log.rows("FROM sales_orders_current"), IsEmpty());
}

TEST(Views, OfATableWithoutKnownColumnsShowTheImage) {
  const std::vector<change::TableState> tables = {seen_table({"public", "t"}, {})};
  LogForTest log;
  log.make(duckdb_views(tables, nullptr));
  log.land({{"key", "{}"}});
  EXPECT_THAT(log.lines("SELECT record_id, event_data FROM t_current"), ElementsAre("key|{}"));
}

TEST(Views, CanBeReplacedAsColumnsAppearAndWiden) {
  LogForTest log;
  const auto refresh = [&log](const std::vector<std::pair<std::string, change::KindSet>>& columns) {
    const std::vector<change::TableState> tables = {seen_table({"public", "t"}, columns)};
    log.make(duckdb_views(tables, nullptr));
  };
  const auto integer = kind_bit(ValueKind::Int);
  log.land({{"1", "{\"x\":1}"}});
  refresh({{"x", integer}});
  EXPECT_EQ(log.value("SELECT sum(x) FROM t_current"), "1");
  log.land({{"2", "{\"x\":\"two\",\"y\":true}"}});
  EXPECT_THAT(log.lines("FROM t_current"), ElementsAre("1", "NULL"));
  refresh({{"x", static_cast<change::KindSet>(integer | kText)}, {"y", kind_bit(ValueKind::Bool)}});
  EXPECT_THAT(log.lines("FROM t_current"), ElementsAre("1|NULL", "two|true"));
}

TEST(Views, CanBeReadFromAnotherDatabaseThatAttachesThisOne) {
  LogForTest log;
  log.run("ATTACH ':memory:' AS shop; USE shop;");
  log.run(duckdb_schema());
  log.make(small_views());
  log.land({{"1", image(1, "a")}});
  log.run("USE memory");
  EXPECT_THAT(log.lines("SELECT status FROM shop.t_current"), ElementsAre("a"));
  log.run("USE shop");
  EXPECT_THAT(log.lines("SELECT status FROM t_as_of('infinity')"), ElementsAre("a"));
}

TEST(Schema, CanBeRunAgainOverALogInUse) {
  LogForTest log;
  log.make(small_views());
  log.land({{"1", image(1, "a")}});
  log.run(duckdb_schema());
  EXPECT_EQ(log.value("SELECT status FROM t_current"), "a");
}

TEST(Schema, HasTheColumnsOfTheEventLogInTheirOrder) {
  LogForTest log;
  EXPECT_THAT(
      log.rows("SELECT column_name, column_type FROM (DESCRIBE cdc_events)"),
      ElementsAre(ElementsAre("event_id", "BIGINT"), ElementsAre("source_schema", "VARCHAR"),
                  ElementsAre("source_table", "VARCHAR"), ElementsAre("operation", "VARCHAR"),
                  ElementsAre("record_id", "VARCHAR"), ElementsAre("event_data", "JSON"),
                  ElementsAre("commit_timestamp", "TIMESTAMP"), ElementsAre("commit_ts_ns", "BIGINT"),
                  ElementsAre("tx_id", "VARCHAR"), ElementsAre("shard_id", "VARCHAR"),
                  ElementsAre("sequence_number", "VARCHAR"), ElementsAre("ingested_at", "TIMESTAMP")));
}

}  // namespace
}  // namespace sluice::sql
