#include "sink/redshift/row_rules.h"

#include <gtest/gtest.h>

#include "sink/redshift/copy_file.h"
#include "sink/redshift/failure.h"
#include "sink/redshift/statement.h"

namespace sluice::sink::redshift {
namespace {

std::string fault(std::string_view json, int64_t max_string = 65'535) {
  const auto found = image_fault_of(json, max_string);
  return found ? found->reason : "";
}

TEST(RowRules, WhatSuperHoldsAsItIsMayGo) {
  for (const char* json :
       {R"({})", R"({"id":1,"a":{"id":1,"b":[{"id":1},{"id":2}]},"A":null})",
        R"({"e":"\ud83d\ude00 \\u0000 \" \\"})", R"({"n":-1234567890123456789012345678901234567e5})",
        R"({"a":"","b":[],"c":[[]],"d":true})", R"({"a":{"x":1},"b":{"x":2},"x":3})",
        "{\"\xF0\x9F\x98\x80\":1}"})
    EXPECT_EQ(fault(json), "") << json;
}

TEST(RowRules, WhatSuperWouldRefuseOrChangeIsNotSent) {
  EXPECT_EQ(fault(R"({"a":1,"b":2,"a":3})"), "duplicate-key");
  EXPECT_EQ(fault(R"({"a":1,"\u0061":3})"), "duplicate-key");
  EXPECT_EQ(fault(R"({"x":[{"y":{"a":1,"b":{"a":1},"a":2}}]})"), "duplicate-key");
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += "\"k" + std::to_string(i % 39) + "\":1,";
  many.back() = '}';
  EXPECT_EQ(fault(many), "duplicate-key");
  EXPECT_EQ(fault(R"({"a":"x\u0000y"})"), "nul-character");
  EXPECT_EQ(fault(R"({"\u0000":1})"), "nul-character");
  EXPECT_EQ(fault(R"({"a":"\ud83d"})"), "lone-surrogate");
  EXPECT_EQ(fault(R"({"a":"\ude00\ud83d"})"), "lone-surrogate");
  EXPECT_EQ(fault(R"({"a":"\ud83d\u0041"})"), "lone-surrogate");
  EXPECT_EQ(fault(R"({"a":)" + std::string(39, '9') + "}"), "number-too-long");
  EXPECT_EQ(fault("{\"a\":\"\xED\xA0\x80\"}"), "not-utf8");
  std::string deep = R"({"a":)" + std::string(1000, '[') + std::string(1000, ']') + "}";
  EXPECT_EQ(fault(deep), "too-deep");
  EXPECT_EQ(fault(R"({"a":")" + std::string(kMaxSuperBytes, 'x') + "\"}", 1 << 30), "value-too-large");
}

TEST(RowRules, AStringsLengthIsThatOfWhatItMeans) {
  EXPECT_EQ(fault(R"({"a":"12345"})", 5), "");
  EXPECT_EQ(fault(R"({"a":"123456"})", 5), "string-too-long");
  EXPECT_EQ(fault(R"({"a":"\n\t\"\\1"})", 5), "");
  EXPECT_EQ(fault(R"({"a":"\u00e9\u00e91"})", 5), "");
  EXPECT_EQ(fault(R"({"a":"\ud83d\ude00x"})", 5), "");
  EXPECT_EQ(fault(R"({"a":"\ud83d\ude00xy"})", 5), "string-too-long");
}

TEST(RowRules, NamesAndIdsThatACastWouldCutAreNotSent) {
  change::Row row;
  row.position = {"s", "1"};
  row.operation = "c";
  row.record_id = "1";
  row.image = R"({"id":1})";
  const change::TableName table{"public", "orders"};
  const Settings settings;
  EXPECT_FALSE(fault_of(row, table, settings));
  EXPECT_EQ(fault_of(row, {std::string(129, 's'), "t"}, settings)->reason, "too-long");
  EXPECT_EQ(fault_of(row, {"s", std::string(129, 't')}, settings)->reason, "too-long");
  change::Row other = row;
  other.operation = "an operation";
  EXPECT_EQ(fault_of(other, table, settings)->reason, "too-long");
  other = row;
  const std::string id(2049, 'x');
  other.record_id = id;
  EXPECT_EQ(fault_of(other, table, settings)->reason, "too-long");
  other = row;
  other.record_id = std::string_view("a\0b", 3);
  EXPECT_EQ(fault_of(other, table, settings)->reason, "nul-character");
  other = row;
  other.tx_id = "\xFF";
  EXPECT_EQ(fault_of(other, table, settings)->reason, "not-utf8");
}

TEST(Statement, APackedOneIsOneJsonArrayWithEveryValueInIt) {
  change::Row row;
  row.position = {"shardId-1", "4"};
  row.operation = "u";
  row.record_id = "it's\"";
  row.image = R"({"id":"x'); DROP TABLE cdc_events; --"})";
  row.commit_ts_ns = 1'790'000'000'123'456'789;
  const Settings settings;
  StatementBuilder builder(settings, 90'000, 200);
  ASSERT_TRUE(builder.add(row, {"pub", "o\"r:p"}));
  ASSERT_TRUE(builder.add(row, {"pub", "orders"}));
  const Statement statement = builder.take();
  EXPECT_EQ(statement.sql.find("DROP"), std::string::npos);
  ASSERT_EQ(statement.parameters.size(), 1U);
  const std::string first =
      R"({"s":"pub","t":"o\"r:p","o":"u","k":"it's\"","d":{"id":"x'); DROP TABLE cdc_events; --"},)"
      R"("c":"2026-09-21 14:13:20.123456","n":1790000000123456789,"h":"shardId-1","q":"4"})";
  EXPECT_EQ(statement.parameters[0].second.substr(0, first.size() + 2), "[" + first + ",");
}

TEST(Statement, ValuesAreSharedCastAndNeverEmpty) {
  change::Row row;
  row.position = {"shardId-1", "4"};
  row.operation = "d";
  row.commit_ts_ns = 5;
  Settings settings;
  settings.shape = Shape::Values;
  StatementBuilder builder(settings, 90'000, 20);
  ASSERT_TRUE(builder.add(row, {"s", "t"}));
  row.record_id = "77";
  row.image = R"({"id":77})";
  row.tx_id = "x";
  ASSERT_TRUE(builder.add(row, {"s", "t"}));
  const Statement statement = builder.take();
  EXPECT_EQ(statement.sql.substr(statement.sql.find("VALUES")),
            "VALUES (:v0::varchar(128), :v1::varchar(128), :v2::varchar(10), ''::varchar(2048), NULL, "
            ":v3::timestamp, :v4::bigint, NULL::varchar(64), :v5::varchar(128), :v6::varchar(128), SYSDATE), "
            "(:v0::varchar(128), :v1::varchar(128), :v2::varchar(10), :v7::varchar(2048), "
            "JSON_PARSE(:v8::varchar(65535)), :v3::timestamp, :v4::bigint, :v9::varchar(64), "
            ":v5::varchar(128), :v6::varchar(128), SYSDATE)");
  for (const auto& [name, value] : statement.parameters) EXPECT_FALSE(value.empty()) << name;
}

TEST(Statement, ARowThatDoesNotFitLeavesTheStatementAsItWas) {
  for (const Shape shape : {Shape::Packed, Shape::Values}) {
    change::Row row;
    row.position = {"shardId-1", "4"};
    row.operation = "c";
    row.record_id = "1";
    row.image = R"({"id":1})";
    Settings settings;
    settings.shape = shape;
    StatementBuilder one(settings, 2'000, 200);
    ASSERT_TRUE(one.add(row, {"s", "t"}));
    const Statement alone = one.take();
    StatementBuilder two(settings, 2'000, 200);
    ASSERT_TRUE(two.add(row, {"s", "t"}));
    change::Row large = row;
    const std::string image = R"({"x":")" + std::string(3'000, 'x') + "\"}";
    large.image = image;
    EXPECT_FALSE(two.add(large, {"s", "t"}));
    const Statement kept = two.take();
    EXPECT_EQ(kept.sql, alone.sql);
    EXPECT_EQ(kept.parameters, alone.parameters);
    EXPECT_LE(kept.bytes(), 2'000U);
  }
}

TEST(CopyFile, EveryFieldIsQuotedAndNullIsNot) {
  change::Row row;
  row.position = {"shardId-1", "4"};
  row.operation = "u";
  row.record_id = "a\"b,\n";
  row.image = R"({"id":"x"})";
  row.commit_ts_ns = 1'790'000'000'123'456'789;
  std::string text;
  append_csv_row(text, row, {"pub", "t"});
  EXPECT_EQ(text,
            "\"pub\",\"t\",\"u\",\"a\"\"b,\n\",\"{\"\"id\"\":\"\"x\"\"}\",\"2026-09-21 14:13:20.123456\","
            "\"1790000000123456789\",\\N,\"shardId-1\",\"4\"\n");
}

TEST(CopyFile, WhatCannotStandInAStatementIsRefused) {
  Settings settings;
  EXPECT_TRUE(check_copy_settings(settings));
  settings.shape = Shape::Copy;
  EXPECT_FALSE(check_copy_settings(settings));
  settings.copy_bucket = "shop-files";
  settings.copy_prefix = "sluice/";
  settings.copy_role = "arn:aws:iam::123456789012:role/copy";
  EXPECT_TRUE(check_copy_settings(settings));
  EXPECT_EQ(
      copy_statement(settings, "s3://shop-files/sluice/1.manifest"),
      "COPY \"public\".cdc_events (source_schema, source_table, operation, record_id, event_data, "
      "commit_timestamp, commit_ts_ns, tx_id, shard_id, sequence_number) FROM "
      "'s3://shop-files/sluice/1.manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/copy' FORMAT AS CSV GZIP "
      "MANIFEST TIMEFORMAT 'auto'");
  for (std::string Settings::*part : {&Settings::copy_bucket, &Settings::copy_prefix, &Settings::copy_role}) {
    Settings bad = settings;
    bad.*part = "x'; DROP TABLE cdc_events; --";
    EXPECT_FALSE(check_copy_settings(bad));
  }
}

TEST(Statement, ATimestampIsCutTowardsThePast) {
  EXPECT_EQ(timestamp_text(0), "1970-01-01 00:00:00.000000");
  EXPECT_EQ(timestamp_text(-1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(timestamp_text(951'782'400'000'000'999), "2000-02-29 00:00:00.000000");
  EXPECT_EQ(timestamp_text(INT64_MAX), "2262-04-11 23:47:16.854775");
  EXPECT_EQ(timestamp_text(INT64_MIN), "1677-09-21 00:12:43.145224");
}

TEST(Failure, TheWordsOfAFailureSayWhoseFaultItIs) {
  using enum FailureCause;
  const std::vector<std::pair<std::string_view, FailureCause>> table = {
      {"ERROR: Invalid JSON", Data},
      {"ERROR: value too long for type character varying(64)", Data},
      {"ERROR: Cannot insert a NULL value into column \"record_id\"", Data},
      {"ERROR: Numeric data overflow (result precision)", Data},
      {"ERROR: Load into table 'cdc_events' failed. Check 'sys_load_error_detail' system table for details.",
       Data},
      {"ERROR: 1023 DETAIL: Serializable isolation violation on table - 1, transactions", Transient},
      {"ERROR: Query cancelled on user's request", Transient},
      {"ERROR: deadlock detected", Transient},
      {"ERROR: Disk full", Transient},
      {"ERROR: permission denied for relation cdc_events", Permanent},
      {"ERROR: relation \"cdc_events\" does not exist", Permanent},
      {"ERROR: function json_parse(\"unknown\") is not unique", Permanent},
      {"ERROR: syntax error at or near \"json\"", Permanent},
      {"ERROR: the moon is in the wrong house", Unknown},
      {"", Unknown},
      // A row's own text has no say.
      {"ERROR: invalid input syntax for integer: \"permission denied\"", Data}};
  for (const auto& [words, cause] : table) EXPECT_EQ(cause_of(words), cause) << words;
}

}  // namespace
}  // namespace sluice::sink::redshift
