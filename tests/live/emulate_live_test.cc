// `sluice emulate` against a real PostgreSQL: values, net effects, schema changes, restarts.
#include <algorithm>
#include <map>
#include <set>

#include "base/crc32c.h"
#include "live_database.h"

namespace sluice::live {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using Emulate = LiveDatabase;

// What one column's values become: the text between `"v":` and the end of the image.
std::vector<std::string> encoded(const std::vector<Record>& records) {
  std::vector<std::string> values;
  for (const Record& record : records) {
    const size_t at = record.after.find("\"v\":");
    if (at != std::string::npos) values.push_back(record.after.substr(at + 4, record.after.size() - at - 5));
  }
  return values;
}

struct TypeCase {
  std::string type;
  std::vector<std::string> values;    // as SQL literals
  std::vector<std::string> expected;  // as DSQL's JSON
};

class EmulateType : public LiveDatabase, public ::testing::WithParamInterface<TypeCase> {};

TEST_P(EmulateType, ArrivesAsDsqlWritesIt) {
  const TypeCase& type = GetParam();
  sql("CREATE TABLE t (n integer PRIMARY KEY, v " + type.type + ")");
  watch();
  int number = 0;
  for (const std::string& value : type.values) {
    sql("INSERT INTO t VALUES (" + std::to_string(++number) + ", " + value + ")");
  }
  EXPECT_EQ(encoded(written_now()), type.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, EmulateType,
    ::testing::Values(
        TypeCase{"smallint", {"-32768", "32767", "NULL"}, {"-32768", "32767", "null"}},
        TypeCase{"integer", {"-2147483648", "2147483647", "0"}, {"-2147483648", "2147483647", "0"}},
        TypeCase{"bigint",
                 {"-9223372036854775808", "9223372036854775807", "9007199254740993"},
                 {"-9223372036854775808", "9223372036854775807", "9007199254740993"}},
        TypeCase{"oid", {"4294967295", "0"}, {"4294967295", "0"}},
        TypeCase{"real",
                 {"0.1", "'NaN'", "'Infinity'", "'-Infinity'", "3.4028235e38", "'-0'"},
                 {"0.1", "\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "3.4028235e+38", "-0"}},
        TypeCase{
            "double precision",
            {"0.1", "'NaN'", "'Infinity'", "'-Infinity'", "5e-324", "1.7976931348623157e308", "NULL"},
            {"0.1", "\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "5e-324", "1.7976931348623157e+308", "null"}},
        TypeCase{
            "numeric(12,2)", {"1", "-1234567890.12", "'NaN'"}, {"\"1.00\"", "\"-1234567890.12\"", "\"NaN\""}},
        TypeCase{"numeric(38,37)",
                 {"-9.0000000000000000000000000000000000001"},
                 {"\"-9.0000000000000000000000000000000000001\""}},
        TypeCase{
            "numeric",
            {"123456789012345678901234567890123456789012345678901234567890", "1.50", "'Infinity'", "NULL"},
            {"\"123456789012345678901234567890123456789012345678901234567890\"", "\"1.50\"", "\"Infinity\"",
             "null"}},
        TypeCase{"boolean", {"true", "false", "NULL"}, {"true", "false", "null"}}));

INSTANTIATE_TEST_SUITE_P(
    Texts, EmulateType,
    ::testing::Values(
        TypeCase{"text",
                 {"''", "'Köln 📦'", "E'a\"b\\\\c\\n\\t\\x01'", "'null'", "NULL"},
                 {"\"\"", "\"Köln 📦\"", "\"a\\\"b\\\\c\\n\\t\\u0001\"", "\"null\"", "null"}},
        TypeCase{"varchar(5)", {"'grün'", "'ab   '"}, {"\"grün\"", "\"ab   \""}},
        TypeCase{"char(5)", {"'ab'", "''", "'a b'"}, {"\"ab\"", "\"\"", "\"a b\""}},
        TypeCase{"name", {"'a name'"}, {"\"a name\""}}, TypeCase{"\"char\"", {"'x'"}, {"\"x\""}},
        TypeCase{"bytea", {"'\\x00ff'", "''", "'\\x010203'"}, {"\"AP8=\"", "\"\"", "\"AQID\""}},
        TypeCase{
            "uuid", {"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"}, {"\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""}},
        TypeCase{
            "json", {"'{\"a\":  1, \"a\": 2}'", "'null'"}, {"\"{\\\"a\\\":  1, \\\"a\\\": 2}\"", "\"null\""}},
        TypeCase{"jsonb", {"'{\"a\":  1}'"}, {"\"{\\\"a\\\": 1}\""}},
        TypeCase{"oidvector", {"'1 2'"}, {"[]"}}));

INSTANTIATE_TEST_SUITE_P(
    Times, EmulateType,
    ::testing::Values(
        TypeCase{"date",
                 {"'1970-01-01'", "'2026-09-21'", "'0001-12-31 BC'", "'4714-11-24 BC'", "'5874897-12-31'",
                  "'infinity'", "'-infinity'"},
                 {"0", "20717", "-719163", "-2440588", "2145042905", "2147483647", "-2147483648"}},
        TypeCase{"time", {"'00:00'", "'23:59:59.999999'", "'24:00'"}, {"0", "86399999999", "86400000000"}},
        TypeCase{"timetz",
                 {"'12:00+00'", "'01:00+05'", "'23:30-02'", "'00:00:00.5+05:30'"},
                 {"43200000000", "72000000000", "5400000000", "66600500000"}},
        TypeCase{
            "timestamp",
            {"'2026-01-01 00:00:00.000001'", "'0001-01-01 00:00 BC'", "'1969-12-31 23:59:59.999999'",
             "'infinity'", "'-infinity'"},
            {"1767225600000001", "-62167219200000000", "-1", "9223372036825200000", "-9223372036832400000"}},
        TypeCase{"timestamptz",
                 {"'2026-01-01 01:00:00+01'", "'infinity'", "'-infinity'", "NULL"},
                 {"1767225600000000", "9223372036825200000", "-9223372036832400000", "null"}},
        TypeCase{"interval",
                 {"'1 mon'", "'1 day'", "'-00:00:00.000001'", "'1 year 2 mons -3 days 04:05:06.7'", "'30:00'",
                  "'178000000 years'", "'-1 mon 1 day -01:00'"},
                 {"2629800000000", "86400000000", "-1", "36572706700000", "108000000000", "null",
                  "-2547000000000"}}));

TEST_F(Emulate, TheEnvelopeIsDsqls) {
  sql("CREATE SCHEMA depot; CREATE TABLE depot.parcel (parcel_no bigint PRIMARY KEY, label text)");
  watch();
  sql("BEGIN; INSERT INTO depot.parcel VALUES (1, 'a'); INSERT INTO depot.parcel VALUES (2, NULL); COMMIT");
  sql("UPDATE depot.parcel SET label = 'b' WHERE parcel_no = 1");
  const std::vector<Record> records = written_now();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_THAT(stories(records), ElementsAre("c parcel null -> {\"parcel_no\":1,\"label\":\"a\"}",
                                            "c parcel null -> {\"parcel_no\":2,\"label\":null}",
                                            "u parcel null -> {\"parcel_no\":1,\"label\":\"b\"}"));
  for (const Record& record : records) {
    EXPECT_EQ(record.type, "full");
    EXPECT_EQ(record.schema, "depot");
    EXPECT_EQ(record.tx_id.size(), 26U);
    EXPECT_GE(record.processed_ts_ns, record.commit_ts_ns);
  }
  EXPECT_EQ(records[0].tx_id, records[1].tx_id);
  EXPECT_EQ(records[0].commit_ts_ns, records[1].commit_ts_ns);
  EXPECT_NE(records[1].tx_id, records[2].tx_id);
  EXPECT_LT(records[1].commit_ts_ns, records[2].commit_ts_ns);
  EXPECT_EQ(summary.transactions, 2);
  EXPECT_EQ(summary.changes, 3);
}

TEST_F(Emulate, ATransactionIsToldByItsNetEffect) {
  sql("CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  watch();
  sql("BEGIN; INSERT INTO t VALUES (4, 'd'); UPDATE t SET v = 'dd' WHERE id = 4;"
      "UPDATE t SET v = 'aa' WHERE id = 1; UPDATE t SET v = 'aaa' WHERE id = 1;"
      "DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (2, 'again');"
      "INSERT INTO t VALUES (5, 'e'); DELETE FROM t WHERE id = 5;"
      "UPDATE t SET v = 'cc' WHERE id = 3; DELETE FROM t WHERE id = 3; COMMIT");
  EXPECT_THAT(told_now(), UnorderedElementsAre(
                              "c t null -> {\"id\":4,\"v\":\"dd\"}", "u t null -> {\"id\":1,\"v\":\"aaa\"}",
                              "u t null -> {\"id\":2,\"v\":\"again\"}", "d t {\"id\":3} -> null"));
}

TEST_F(Emulate, WhatWasRolledBackIsNotTold) {
  sql("CREATE TABLE t (id integer PRIMARY KEY, v text)");
  watch();
  sql("BEGIN; INSERT INTO t VALUES (1, 'never'); ROLLBACK");
  sql("BEGIN; INSERT INTO t VALUES (2, 'yes'); SAVEPOINT s; UPDATE t SET v = 'no' WHERE id = 2; ROLLBACK TO "
      "s; COMMIT");
  EXPECT_THAT(told_now(), ElementsAre("c t null -> {\"id\":2,\"v\":\"yes\"}"));
}

TEST_F(Emulate, ADeleteHasTheKeyInKeyOrder) {
  sql("CREATE TABLE item (line integer, note text, \"order\" bigint, PRIMARY KEY (\"order\", line))");
  sql("INSERT INTO item VALUES (7, 'x', 42)");
  watch();
  sql("DELETE FROM item");
  EXPECT_THAT(told_now(), ElementsAre("d item {\"order\":42,\"line\":7} -> null"));
}

TEST_F(Emulate, AChangedKeyIsADeleteAndAnInsertWithOneTime) {
  sql("CREATE TABLE t (a integer, b integer, v text, PRIMARY KEY (a, b)); INSERT INTO t VALUES (1, 2, 'x')");
  watch();
  sql("UPDATE t SET b = 3");
  const std::vector<Record> records = written_now();
  EXPECT_THAT(stories(records), UnorderedElementsAre("d t {\"a\":1,\"b\":2} -> null",
                                                     "c t null -> {\"a\":1,\"b\":3,\"v\":\"x\"}"));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].commit_ts_ns, records[1].commit_ts_ns);
}

TEST_F(Emulate, ATableWithoutAKeyDeletesWithoutAnImage) {
  sql("CREATE TABLE note (v text); INSERT INTO note VALUES ('old'), ('old')");
  watch();
  sql("INSERT INTO note VALUES ('a')");
  sql("UPDATE note SET v = 'b' WHERE v = 'a'");
  sql("DELETE FROM note WHERE v = 'old'");
  sql("BEGIN; INSERT INTO note VALUES ('x'); DELETE FROM note WHERE v = 'x'; COMMIT");
  EXPECT_THAT(told_now(), ElementsAre("c note null -> {\"v\":\"a\"}", "u note null -> {\"v\":\"b\"}",
                                      "d note null -> null", "d note null -> null"));
}

TEST_F(Emulate, AnOutOfLineValueThatWasLeftAloneIsStillWhole) {
  sql("CREATE TABLE t (id integer PRIMARY KEY, big text, n integer); ALTER TABLE t ALTER big SET STORAGE "
      "EXTERNAL");
  sql("INSERT INTO t SELECT 1, string_agg(md5(i::text), ''), 0 FROM generate_series(1, 4000) i");
  watch();
  sql("UPDATE t SET n = 1");
  const std::vector<Record> records = written_now();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].after, "{\"id\":1,\"big\":\"" + value_of("SELECT big FROM t") + "\",\"n\":1}");
  EXPECT_GT(records[0].after.size(), 128'000U);
}

TEST_F(Emulate, ALargeRecordIsSplitAndFitsTogetherAgain) {
  sql("CREATE TABLE t (id integer PRIMARY KEY, v text)");
  watch();
  options.oversize_bytes = 1000;
  sql("INSERT INTO t VALUES (1, repeat('Größe \"5\" ', 500)), (2, 'small')");
  const std::vector<Record> records = written_now();
  const auto head =
      std::find_if(records.begin(), records.end(), [](const Record& r) { return r.type == "chunked"; });
  ASSERT_NE(head, records.end());
  EXPECT_EQ(head->after, "null");
  EXPECT_EQ(head->total_fragments + 2, records.size());
  std::string image;
  for (uint64_t index = 0; index < head->total_fragments; ++index) {
    for (const Record& piece : records) {
      if (piece.type == "fragment" && piece.chunk_id == head->chunk_id && piece.index == index)
        image += piece.data;
    }
  }
  EXPECT_EQ(std::to_string(crc32c(image)), head->crc32c);
  EXPECT_THAT(image, testing::StartsWith("{\"id\":1,\"v\":\"Größe \\\"5\\\" "));
  EXPECT_THAT(records, Contains(Field(&Record::after, "{\"id\":2,\"v\":\"small\"}")));
}

TEST_F(Emulate, RecordsHaveTheColumnsOfTheirOwnTime) {
  sql("CREATE TABLE t (id integer PRIMARY KEY, a text)");
  watch();
  Following following(options);
  sql("INSERT INTO t VALUES (1, 'x')");
  following.wait_for(1);
  sql("ALTER TABLE t ADD b integer DEFAULT 5");
  sql("INSERT INTO t VALUES (2, 'y', 6)");
  sql("BEGIN; ALTER TABLE t RENAME a TO c; UPDATE t SET c = 'z' WHERE id = 1; ALTER TABLE t DROP b; COMMIT");
  sql("DELETE FROM t WHERE id = 2");
  sql("CREATE TABLE late (id integer PRIMARY KEY, v text); ALTER TABLE late ALTER v SET STORAGE EXTERNAL");
  sql("INSERT INTO late VALUES (1, repeat('v', 3000)); UPDATE late SET id = 2");
  const std::vector<std::string> told = stories(following.stop());
  ASSERT_EQ(told.size(), 5U);
  EXPECT_EQ(told[0], "c t null -> {\"id\":1,\"a\":\"x\"}");
  EXPECT_EQ(told[1], "c t null -> {\"id\":2,\"a\":\"y\",\"b\":6}");
  EXPECT_EQ(told[2], "u t null -> {\"id\":1,\"c\":\"z\",\"b\":5}");
  EXPECT_EQ(told[3], "d t {\"id\":2} -> null");
  EXPECT_EQ(told[4], "c late null -> {\"id\":2,\"v\":\"" + std::string(3000, 'v') + "\"}");
}

TEST_F(Emulate, ATableMadeWhileNobodyLooksIsWhole) {
  watch();
  sql("CREATE TABLE late (v text)");
  sql("INSERT INTO late VALUES ('a'); UPDATE late SET v = 'b'; DELETE FROM late");
  sql("CREATE TABLE copied AS SELECT 1 AS id");
  sql("DELETE FROM copied");
  EXPECT_THAT(told_now(), ElementsAre("c copied null -> {\"id\":1}", "d copied null -> null"));
}

TEST_F(Emulate, AKeyThatWasRenamedMeanwhileIsFoundByItsPlace) {
  sql("CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
  watch();
  sql("DELETE FROM t");
  sql("ALTER TABLE t RENAME id TO ident");
  EXPECT_THAT(told_now(), ElementsAre("d t {\"id\":1} -> null"));
}

TEST_F(Emulate, ARunContinuesWhereTheLastOneStopped) {
  sql("CREATE TABLE t (id integer PRIMARY KEY)");
  watch();
  sql("INSERT INTO t VALUES (1)");
  const std::vector<Record> first = written_now();
  sql("INSERT INTO t VALUES (2)");
  const std::vector<Record> second = written_now();
  EXPECT_THAT(stories(first), ElementsAre("c t null -> {\"id\":1}"));
  EXPECT_THAT(stories(second), ElementsAre("c t null -> {\"id\":2}"));
  EXPECT_LT(first[0].commit_ts_ns, second[0].commit_ts_ns);
  EXPECT_THAT(told_now(), IsEmpty());
}

TEST_F(Emulate, WhatCouldNotBeWrittenComesAgain) {
  sql("CREATE TABLE t (id integer PRIMARY KEY)");
  watch();
  for (int id = 1; id <= 5; ++id) sql("INSERT INTO t VALUES (" + std::to_string(id) + ")");
  KeepingOut full;
  full.fail_after = 2;
  const std::atomic<bool> stop{false};
  Result<emulate::PostgresSummary> failed = emulate::emulate_postgres(options, full, stop);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().message, "the disk is full");
  std::set<std::string> seen;
  for (const std::string& line : full.lines()) seen.insert(parse_record(line).story());
  for (const std::string& story : told_now()) seen.insert(story);
  EXPECT_EQ(seen.size(), 5U);
}

TEST_F(Emulate, CommitTimesGrowAlsoAcrossRuns) {
  sql("CREATE TABLE t (id integer PRIMARY KEY)");
  watch();
  sql("DO $$ BEGIN FOR i IN 1..300 LOOP INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$");
  // As if an earlier run had already written times of the next hour.
  const std::string schema = "sluice_" + options.slot;
  const std::string ahead = value_of("SELECT ((extract(epoch FROM now()) + 3600) * 1e9)::bigint");
  sql("COMMENT ON SCHEMA " + schema + " IS 'sluice emulate: written up to commit time " + ahead + "'");
  const std::vector<Record> records = written_now();
  ASSERT_EQ(records.size(), 300U);
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].commit_ts_ns, std::stoll(ahead) + static_cast<int64_t>(i) + 1);
  }
  sql("DELETE FROM t WHERE id = 1");
  EXPECT_EQ(written_now().at(0).commit_ts_ns, std::stoll(ahead) + 301);
}

TEST_F(Emulate, BadDeliveryRepeatsAndReordersButLosesNothing) {
  sql("CREATE TABLE t (id integer PRIMARY KEY, v integer)");
  watch();
  sql("DO $$ BEGIN FOR i IN 1..500 LOOP INSERT INTO t VALUES (i, 0); COMMIT; END LOOP; END $$");
  options.delivery.duplicates = 0.2;
  options.delivery.reorder = 50;
  const std::vector<Record> records = written_now();
  EXPECT_GT(records.size(), 520U);
  const std::vector<std::string> told = stories(records);
  EXPECT_EQ(std::set<std::string>(told.begin(), told.end()).size(), 500U);
  EXPECT_FALSE(std::is_sorted(records.begin(), records.end(), [](const Record& a, const Record& b) {
    return a.commit_ts_ns < b.commit_ts_ns;
  }));
  std::map<std::string, int64_t> times;
  for (const Record& record : records) {
    EXPECT_EQ(times.emplace(record.story(), record.commit_ts_ns).first->second, record.commit_ts_ns);
  }
  EXPECT_THAT(told_now(), IsEmpty());
}

TEST_F(Emulate, WhatDsqlDoesNotHaveIsNoticed) {
  sql("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE t (id integer PRIMARY KEY, m mood, tags "
      "text[])");
  watch();
  sql("INSERT INTO t VALUES (1, 'good', '{a,b}')");
  sql("TRUNCATE t");
  EXPECT_THAT(told_now(), ElementsAre("c t null -> {\"id\":1,\"m\":\"good\",\"tags\":\"{a,b}\"}"));
  EXPECT_THAT(notices, Contains(AllOf(HasSubstr("column m of public.t"), HasSubstr("mood"))));
  EXPECT_THAT(notices, Contains(HasSubstr("column tags of public.t")));
  EXPECT_THAT(notices, Contains(HasSubstr("TRUNCATE of public.t is not told")));
}

TEST_F(Emulate, PartitionsSpeakWithTheirParentsName) {
  sql("CREATE TABLE p (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
  watch();
  sql("INSERT INTO p VALUES (1, 'a')");
  sql("UPDATE p SET v = 'b'");
  sql("DELETE FROM p");
  EXPECT_THAT(told_now(), ElementsAre("c p null -> {\"id\":1,\"v\":\"a\"}",
                                      "u p null -> {\"id\":1,\"v\":\"b\"}", "d p {\"id\":1} -> null"));
}

TEST_F(Emulate, ASecondReaderOfTheSlotIsRefused) {
  sql("CREATE TABLE t (id integer PRIMARY KEY)");
  watch();
  Following following(options);
  sql("INSERT INTO t VALUES (1)");
  following.wait_for(1);
  KeepingOut out;
  const std::atomic<bool> stop{false};
  Result<emulate::PostgresSummary> second = emulate::emulate_postgres(options, out, stop);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("slot " + options.slot + " is in use"));
  following.stop();
}

TEST_F(Emulate, AValueThatTheLogLeftOutIsRefusedByName) {
  sql("CREATE TABLE t (id integer PRIMARY KEY, n integer, big text); ALTER TABLE t ALTER big SET STORAGE "
      "EXTERNAL");
  sql("INSERT INTO t VALUES (1, 0, repeat('v', 5000)), (2, 0, 'small')");
  watch();
  sql("ALTER TABLE t REPLICA IDENTITY DEFAULT");
  sql("UPDATE t SET n = 1 WHERE id = 2");
  EXPECT_THAT(told_now(), ElementsAre("u t null -> {\"id\":2,\"n\":1,\"big\":\"small\"}"));
  EXPECT_EQ(value_of("SELECT relreplident FROM pg_class WHERE relname = 't'"), "f");
  sql("ALTER TABLE t REPLICA IDENTITY DEFAULT");
  sql("UPDATE t SET n = 1 WHERE id = 1");
  KeepingOut out;
  const std::atomic<bool> stop{false};
  Result<emulate::PostgresSummary> done = emulate::emulate_postgres(options, out, stop);
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message, HasSubstr("the unchanged value of public.t.big"));
  EXPECT_EQ(out.size(), 0U);
}

TEST_F(Emulate, WithoutASuperuserItSaysWhatToDoAndWorksWithAPublicationOfOnesOwn) {
  sql("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN REPLICATION; CREATE TABLE t (id integer PRIMARY "
      "KEY);"
      "ALTER TABLE t OWNER TO plain");
  const std::string database = value_of("SELECT current_database()");
  sql("GRANT CREATE ON DATABASE " + database + " TO plain");
  options.dsn = dsn() + " user=plain";
  KeepingOut out;
  const std::atomic<bool> stop{false};
  Result<emulate::PostgresSummary> done = emulate::emulate_postgres(options, out, stop);
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().message, HasSubstr("CREATE PUBLICATION sluice_emulate FOR TABLE"));
  sql("SET ROLE plain; CREATE PUBLICATION sluice_emulate FOR TABLE t; RESET ROLE");
  watch();
  sql("INSERT INTO t VALUES (1); DELETE FROM t");
  sql("INSERT INTO t VALUES (2)");
  EXPECT_THAT(told_now(), ElementsAre("c t null -> {\"id\":2}"));
  EXPECT_THAT(notices, Contains(HasSubstr("not a superuser")));
  EXPECT_TRUE(emulate::drop_emulation(options).ok());
  options.dsn = dsn();
  sql("DROP OWNED BY plain; DROP TABLE IF EXISTS t; DROP ROLE plain");
}

TEST_F(Emulate, NothingStaysAfterDropping) {
  sql("CREATE TABLE t (id integer PRIMARY KEY)");
  watch();
  ASSERT_TRUE(emulate::drop_emulation(options).ok());
  EXPECT_EQ(
      value_of("SELECT (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_event_trigger) + "
               "(SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'sluice%') + "
               "(SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" +
               options.slot + "')"),
      "0");
  ASSERT_TRUE(emulate::drop_emulation(options).ok());
}

TEST(EmulateRefuses, AConnectionStringWithoutShowingIt) {
  KeepingOut out;
  const std::atomic<bool> stop{false};
  for (const char* dsn : {"host=127.0.0.1 port=1 password=secret", "password = 'secret", "secret"}) {
    emulate::PostgresOptions options;
    options.dsn = dsn;
    Result<emulate::PostgresSummary> done = emulate::emulate_postgres(options, out, stop);
    ASSERT_FALSE(done.ok());
    EXPECT_THAT(done.error().message, AllOf(HasSubstr("--postgres"), testing::Not(HasSubstr("secret"))));
  }
}

}  // namespace
}  // namespace sluice::live
