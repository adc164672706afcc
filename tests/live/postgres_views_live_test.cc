// The texts of the sql room in a real PostgreSQL: every type's edge, the current state and the past.
#include <gmock/gmock.h>

#include "live_database.h"
#include "sql/maintained.h"
#include "sql/postgres.h"
#include "sql/quote.h"

namespace sluice::live {
namespace {

using catalog::Type;

class PostgresViews : public LiveDatabase {
 protected:
  PostgresViews() { sql(sql::postgres_schema()); }

  void make(const std::vector<sql::View>& views) {
    for (const sql::View& view : views) {
      sql(view.create_view);
      if (!view.create_function.empty()) sql(view.create_function);
    }
  }

  void declare(const std::vector<std::pair<std::string, Type>>& columns) {
    catalog::Catalog catalog;
    catalog::Table& table = catalog.tables[{"public", "t"}];
    table.name = {"public", "t"};
    for (const auto& [name, type] : columns) table.columns.push_back({name, {type, {}, {}, {}}, true});
    make(sql::postgres_views({}, &catalog));
  }

  void land(const std::string& id, const std::string& image, const std::string& op = "u",
            int64_t commit_ts_ns = 1) {
    sql("INSERT INTO cdc_events (source_schema, source_table, operation, record_id, event_data, "
        "commit_ts_ns, shard_id, "
        "sequence_number, event_text) VALUES ('public', 't', '" +
        op + "', " + sql::quote_literal(id) + ", cdc_jsonb(" + sql::quote_literal(image) + "), " +
        std::to_string(commit_ts_ns) + ", 's', '1', " + sql::quote_literal(image) + ")");
  }

  // How the view shows one value of a type.
  std::string shown(Type type, const std::string& json) {
    sql("DROP VIEW IF EXISTS t_current, t_history; DROP FUNCTION IF EXISTS t_as_of(timestamptz); "
        "TRUNCATE cdc_events");
    declare({{"v", type}});
    land("1", "{\"v\":" + json + "}");
    return value_of("SELECT coalesce(v::text, 'NULL') FROM t_current");
  }
};

TEST_F(PostgresViews, EveryTypeAtItsEdges) {
  struct Case {
    Type type;
    std::string json;
    std::string shown;
  };
  const std::vector<Case> cases = {
      {Type::SmallInt, "32767", "32767"},
      {Type::SmallInt, "32768", "NULL"},
      {Type::Integer, "-2147483648", "-2147483648"},
      {Type::Integer, "2147483648", "NULL"},
      {Type::BigInt, "9223372036854775807", "9223372036854775807"},
      {Type::BigInt, "9223372036854775808", "NULL"},
      {Type::BigInt, "\"x\"", "NULL"},
      {Type::Real, "3.4028235e38", "3.4028235e+38"},
      {Type::Real, "1e39", "NULL"},
      {Type::Real, "\"NaN\"", "NaN"},
      {Type::DoublePrecision, "1.7976931348623157e308", "1.7976931348623157e+308"},
      {Type::DoublePrecision, "5e-324", "5e-324"},
      {Type::DoublePrecision, "1e-400", "0"},
      {Type::DoublePrecision, "1e309", "NULL"},
      {Type::DoublePrecision, "\"-Infinity\"", "-Infinity"},
      {Type::DoublePrecision, "{}", "NULL"},
      {Type::Numeric, "\"12345678901234567890123456789012345678.10\"",
       "12345678901234567890123456789012345678.10"},
      {Type::Numeric, "\"NaN\"", "NaN"},
      {Type::Numeric, "\"Infinity\"", "Infinity"},
      {Type::Numeric, "\"1,5\"", "NULL"},
      {Type::Boolean, "true", "true"},
      {Type::Boolean, "1", "NULL"},
      {Type::Text, "\"a\\nb\"", "a\nb"},
      {Type::Text, "1.10", "1.10"},
      {Type::Bytea, "\"AAH/\"", "\\x0001ff"},
      {Type::Bytea, "\"\"", "\\x"},
      {Type::Bytea, "\"A===\"", "NULL"},
      {Type::Uuid, "\"00000000-0000-0000-0000-00000000000A\"", "00000000-0000-0000-0000-00000000000a"},
      {Type::Uuid, "\"not one\"", "NULL"},
      {Type::Date, "0", "1970-01-01"},
      {Type::Date, "2145042905", "5874897-12-31"},
      {Type::Date, "2145042906", "infinity"},
      {Type::Date, "-2440588", "4714-11-24 BC"},
      {Type::Date, "-2440589", "-infinity"},
      {Type::Time, "86399999999", "23:59:59.999999"},
      {Type::Time, "86400000000", "24:00:00"},
      {Type::Time, "86400000001", "NULL"},
      {Type::TimeTz, "1", "00:00:00.000001"},
      {Type::Timestamp, "1790000123456789", "2026-09-21 14:15:23.456789"},
      {Type::Timestamp, "9223372036825200000", "infinity"},
      {Type::Timestamp, "-9223372036832400000", "-infinity"},
      {Type::Timestamp, "9223372036854775807", "294247-01-10 04:00:54.775807"},
      {Type::Timestamp, "-210866803200000001", "NULL"},
      {Type::Interval, "9223372036854775807", "2562047788:00:54.775807"},
      {Type::Interval, "-9223372036854775808", "-2562047788:00:54.775808"},
      {Type::Interval, "null", "NULL"},
      {Type::Json, "\"{ \\\"b\\\":1,\\\"a\\\":2 }\"", "{ \"b\":1,\"a\":2 }"},
      {Type::Json, "\"{\"", "NULL"},
      {Type::Jsonb, "\"{ \\\"b\\\":1,\\\"a\\\":2 }\"", "{\"a\": 2, \"b\": 1}"},
      {Type::OidVector, "[]", "[]"},
  };
  for (const Case& each : cases) EXPECT_EQ(shown(each.type, each.json), each.shown) << each.json;
}

TEST_F(PostgresViews, TimesWithAZoneAreTheSameInstantInEverySession) {
  declare({{"v", Type::TimestampTz}});
  land("1", "{\"v\":1790000123456789}");
  sql("SET TimeZone = 'America/New_York'");
  EXPECT_EQ(value_of("SELECT v FROM t_current"), "2026-09-21 10:15:23.456789-04");
  EXPECT_EQ(value_of("SELECT v = timestamptz '2026-09-21 14:15:23.456789+00' FROM t_current"), "t");
}

TEST_F(PostgresViews, TheNewestCommitWinsAndADeleteHides) {
  declare({{"v", Type::Text}});
  const auto current = [this] {
    return value_of("SELECT coalesce(string_agg(v, ',' ORDER BY v), '') FROM t_current");
  };
  land("1", R"({"v":"new"})", "u", 30);
  land("1", R"({"v":"old"})", "c", 10);
  EXPECT_EQ(current(), "new");
  land("1", R"({"id":1})", "d", 40);
  EXPECT_EQ(current(), "");
  land("1", R"({"v":"late"})", "u", 35);
  EXPECT_EQ(current(), "");
  // At one commit r gives way to d, d to anything else, and the greater text wins.
  land("2", R"({"v":"backfill"})", "r", 10);
  land("2", R"({"v":"a"})", "u", 10);
  land("2", R"({"id":2})", "d", 10);
  land("2", R"({"v":"b"})", "m", 10);
  land("3", R"({"v":"backfill"})", "r", 10);
  land("3", R"({"id":3})", "d", 10);
  EXPECT_EQ(current(), "b");
}

TEST_F(PostgresViews, AsOfIncludesTheWholeMicrosecond) {
  declare({{"v", Type::Text}});
  const int64_t start = 1'767'225'600'000'000'000;  // 2026-01-01
  land("1", R"({"v":"first"})", "c", start + 999);
  land("1", R"({"v":"second"})", "u", start + 1000);
  const auto as_of = [this](const std::string& moment) {
    return value_of("SELECT coalesce(string_agg(v, ','), 'nothing') FROM t_as_of('" + moment + "')");
  };
  EXPECT_EQ(as_of("2025-12-31 23:59:59.999999+00"), "nothing");
  EXPECT_EQ(as_of("2026-01-01 00:00:00+00"), "first");
  EXPECT_EQ(as_of("2026-01-01 00:00:00.000001+00"), "second");
  EXPECT_EQ(as_of("infinity"), "second");
  EXPECT_EQ(as_of("-infinity"), "nothing");
  EXPECT_EQ(as_of("294000-01-01"), "second");
}

TEST_F(PostgresViews, HostileNamesAreViewsAndColumnsLikeAnyOther) {
  std::vector<change::TableState> tables(3);
  tables[0].name = {"public", "order\"s; drop"};
  tables[1].name = {"a'b", "täble"};
  tables[2].name = {"public", std::string(63, 'x')};
  for (change::TableState& table : tables) {
    uint32_t ordinal = 0;
    for (const char* name : {"select", "it's \"so\" \\", "", "Id", "id", "ts"})
      table.columns.push_back({name, change::kind_bit(change::ValueKind::Int), 1, ordinal++});
  }
  const auto views = sql::postgres_views(tables, nullptr);
  make(views);
  for (const sql::View& view : views) {
    EXPECT_EQ(value_of("SELECT count(*) FROM " + sql::quote_identifier(view.view_name)), "0");
    if (view.kind != sql::ViewKind::Current) continue;
    EXPECT_EQ(value_of("SELECT count(*) FROM " + sql::quote_identifier(view.function_name) + "(now())"), "0");
  }
}

// What stands in tests/golden for a maintained table is what runs here.
TEST_F(PostgresViews, AMaintainedTableIsFilledFromWhateverIdIsNext) {
  sql(sql::postgres_maintained_schema());
  sql("ALTER TABLE cdc_events DISABLE TRIGGER USER");
  for (const char* id : {"", "a", "b", "c", "d"}) {
    land(id, R"({"v":"old"})", "c", 10);
    land(id, R"({"v":"new"})", "u", 20);
    land(id, R"({"v":"same time, less"})", "r", 20);
  }
  const auto fill = [this](bool from_the_start, const std::string& after) {
    std::string text = sql::postgres_fill_current(from_the_start);
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"$1", "'public'"}, {"$2", "'t'"}, {"$3", "'" + after + "'"}, {"$4", "2"}})
      for (size_t at = text.find(name); at != std::string::npos; at = text.find(name))
        text.replace(at, name.size(), value);
    return value_of(text);
  };
  EXPECT_EQ(fill(true, ""), "a");
  EXPECT_EQ(fill(false, "a"), "c");
  EXPECT_EQ(fill(false, "c"), "d");
  EXPECT_EQ(
      value_of(
          "SELECT string_agg(record_id || (event_data ->> 'v'), ',' ORDER BY record_id) FROM cdc_current"),
      "new,anew,bnew,cnew,dnew");
}

TEST_F(PostgresViews, ASmallTableOfALargeLogIsReadThroughTheIndex) {
  declare({{"v", Type::Text}});
  sql("INSERT INTO cdc_events (source_schema, source_table, operation, record_id, event_data, commit_ts_ns, "
      "shard_id, "
      "sequence_number, event_text) SELECT 'public', CASE WHEN i <= 10 THEN 't' ELSE 'other' END, 'u', "
      "i::text, '{}', i, 's', "
      "i::text, '{}' FROM generate_series(1, 20000) AS i; ANALYZE cdc_events");
  EXPECT_EQ(value_of("SELECT count(*) FROM t_current"), "10");
  sql("CREATE TABLE plan (line text)");
  sql("DO $$ DECLARE one text; BEGIN FOR one IN EXPLAIN SELECT * FROM t_current LOOP INSERT INTO plan VALUES "
      "(one); END LOOP; "
      "END $$");
  EXPECT_EQ(value_of("SELECT count(*) FROM plan WHERE line LIKE '%Seq Scan on cdc_events%'"), "0");
  EXPECT_NE(value_of("SELECT count(*) FROM plan WHERE line LIKE '%cdc_events_newest%'"), "0");
}

// The views of orders with every option, over a log with a commit time for people as the sink writes it.
class PostgresKinds : public PostgresViews {
 protected:
  void make_orders(const sql::TableOptions& chosen = {}) {
    catalog::Catalog catalog;
    catalog::Table& table = catalog.tables[{"public", "t"}];
    table.name = {"public", "t"};
    table.key = {"id"};
    for (const auto& [name, type] : std::vector<std::pair<std::string, Type>>{
             {"id", Type::BigInt}, {"email", Type::Text}, {"items", Type::Json}, {"tags", Type::Jsonb}})
      table.columns.push_back({name, {type, {}, {}, {}}, true});
    make(sql::postgres_views({}, &catalog, {{{"public", "t"}, chosen}}));
  }
  void change(const std::string& id, const std::string& image, const std::string& op, int64_t at_ns) {
    land(id, image, op, at_ns);
    sql("UPDATE cdc_events SET tx_id = 'tx', commit_timestamp = timestamptz '1970-01-01 00:00:00+00' + "
        "commit_ts_ns / 1000 * interval '1 microsecond'");
  }
  std::string all(const std::string& columns, const std::string& from) {
    return value_of("SELECT coalesce(string_agg(concat_ws('|', " + columns +
                    "), ' ' ORDER BY concat_ws('|', " + columns + ")), '') FROM " + from);
  }
};

TEST_F(PostgresKinds, HistoryChangesAndTransactionsCountARepeatOnce) {
  make_orders();
  change("1", R"({"id":1,"email":"a"})", "c", 1'000'000'000);
  change("1", R"({"id":1,"email":"a"})", "c", 1'000'000'000);
  change("1", R"({"id":1,"email":"b"})", "u", 2'000'000'000);
  change("1", R"({"id":1})", "d", 3'000'000'000);
  change("2", R"({"id":2,"email":"x"})", "r", 86'400'000'000'000);
  EXPECT_EQ(all("record_id, operation, extract(epoch FROM valid_from)::int, extract(epoch FROM "
                "valid_to)::int, email",
                "t_history"),
            "1|c|1|2|a 1|d|3 1|u|2|3|b 2|r|86400|x");
  EXPECT_EQ(all("day, operation, changes, records", "t_changes"),
            "1970-01-01|c|1|1 1970-01-01|d|1|1 1970-01-01|u|1|1 1970-01-02|r|1|1");
  EXPECT_EQ(all("tx_id, commit_ts_ns, changes, tables, inserts, deletes", "cdc_transactions"),
            "tx|1000000000|3|1|1|1");
  for (const char* moment : {"1970-01-01 00:00:00.999999+00", "1970-01-01 00:00:01+00",
                             "1970-01-01 00:00:02+00", "1970-01-01 00:00:03+00", "1970-01-03+00"}) {
    const std::string at = std::string("timestamptz '") + moment + "'";
    EXPECT_EQ(all("id, email", "t_history WHERE valid_from <= " + at + " AND (valid_to > " + at +
                                   " OR valid_to IS NULL) AND operation <> 'd'"),
              all("id, email", "t_as_of(" + at + ")"))
        << moment;
  }
}

TEST_F(PostgresKinds, EveryOptionOfATable) {
  sql::TableOptions chosen;
  chosen.exclude = {"tags"};
  chosen.rename = {{"items", "lines"}};
  chosen.hash = {"email"};
  chosen.unnest = {"items", "tags"};
  make_orders(chosen);
  change("1", R"({"id":1,"email":"a@example.com","items":"[{\"n\": 1}, null]","tags":"[1]"})", "c",
         1'000'000'000);
  change("2", R"({"id":2,"email":null,"items":"{}"})", "c", 1'000'000'000);
  EXPECT_EQ(all("id, email, lines", "t_current"), "1|[{\"n\": 1}, null] 2|{}");
  sql("INSERT INTO cdc_mask_key VALUES (repeat('a', 64), repeat('b', 64))");
  // The same digest as in DuckDB.
  EXPECT_EQ(all("id, email", "t_current"),
            "1|8f982c95a042840679df3aa6f1454b2bfbceebab6c28a6377dc7bff944a61ea4 2");
  EXPECT_EQ(all("record_id <> id::text, length(record_id)", "t_history"), "t|64 t|64");
  EXPECT_EQ(all("id, ordinal, item", "t_lines_each"), "1|1|{\"n\": 1} 1|2|null");
  EXPECT_EQ(value_of("SELECT to_regclass('t_tags_each') IS NULL"), "t");
}

TEST_F(PostgresKinds, WhoMayReadAViewNeedsNeitherTheLogNorTheKey) {
  sql::TableOptions chosen;
  chosen.hash = {"email"};
  make_orders(chosen);
  sql("INSERT INTO cdc_mask_key VALUES (repeat('a', 64), repeat('b', 64))");
  change("1", R"({"id":1,"email":"a@example.com"})", "c", 1'000'000'000);
  sql("DROP ROLE IF EXISTS sluice_test_reader; CREATE ROLE sluice_test_reader");
  sql("GRANT SELECT ON t_current, t_history TO sluice_test_reader; SET ROLE sluice_test_reader");
  EXPECT_EQ(value_of("SELECT length(email) FROM t_current"), "64");
  EXPECT_EQ(value_of("SELECT length(email) FROM t_history"), "64");
  for (const char* hidden :
       {"SELECT * FROM cdc_events", "SELECT * FROM cdc_mask_key", "SELECT * FROM t_as_of(now())"})
    EXPECT_THAT(failure_of(hidden), testing::HasSubstr("permission denied")) << hidden;
  sql("RESET ROLE");
  sql("DROP OWNED BY sluice_test_reader; DROP ROLE sluice_test_reader");
}

}  // namespace
}  // namespace sluice::live
