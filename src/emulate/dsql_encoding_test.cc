#include "emulate/dsql_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <limits>

#include "base/crc32c.h"
#include "base/text.h"

namespace sluice::emulate {
namespace {

using catalog::Type;
using ::testing::StartsWith;

template <typename Append, typename... Values>
std::string written(Append append, Values... values) {
  std::string text;
  append(text, values...);
  return text;
}

// The DSQL value for PostgreSQL's text, or "error".
std::string from_postgres(Type type, std::string_view text) {
  std::string to = "kept,";
  const Result<void> outcome = append_postgres_value(to, type, text);
  if (!outcome.ok()) {
    EXPECT_EQ(to, "kept,") << "an error must leave the text alone";
    EXPECT_EQ(outcome.error().kind, ErrorKind::Malformed);
    return "error";
  }
  EXPECT_THAT(to, StartsWith("kept,"));
  return to.substr(5);
}

EnvelopeFields insert_of(std::string_view after) {
  EnvelopeFields fields;
  fields.op = "c";
  fields.after = after;
  fields.schema = "depot";
  fields.table = "parcel";
  fields.tx_id = "mzq4tavk2ro7dnw5xhge3ysbil";
  fields.commit_ts_ns = 1790000123456789017;
  fields.processed_ts_ns = 1790000123519004420;
  return fields;
}

TEST(DsqlValue, KeepsEveryDigitOfInt64) {
  EXPECT_EQ(written(append_integer, std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(written(append_integer, std::numeric_limits<int64_t>::max()), "9223372036854775807");
}

TEST(DsqlValue, WritesNonFiniteFloatsAsStrings) {
  EXPECT_EQ(written(append_double, std::nan("")), "\"NaN\"");
  EXPECT_EQ(written(append_double, std::numeric_limits<double>::infinity()), "\"Infinity\"");
  EXPECT_EQ(written(append_real, -std::numeric_limits<float>::infinity()), "\"-Infinity\"");
  EXPECT_EQ(written(append_double, 0.1), "0.1");
  EXPECT_EQ(written(append_double, 5e-324), "5e-324");
  EXPECT_EQ(written(append_real, 16777216.0F), "16777216");
}

TEST(DsqlValue, TakesTrailingBlanksFromCharOnly) {
  EXPECT_EQ(written(append_char, " a b  "), "\" a b\"");
  EXPECT_EQ(written(append_char, "   "), "\"\"");
  EXPECT_EQ(written(append_text, " a  "), "\" a  \"");
}

TEST(DsqlValue, CountsAMonthAsThirtyPointFourDays) {
  EXPECT_EQ(written(append_interval, 12, 0, 0), "31557600000000");
  EXPECT_EQ(written(append_interval, 0, -1, 5), "-86399999995");
}

TEST(DsqlValue, WritesAnIntervalOutsideInt64AsNull) {
  EXPECT_EQ(written(append_interval, std::numeric_limits<int32_t>::max(), 0, 0), "null");
  EXPECT_EQ(written(append_interval, 0, 0, std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(written(append_interval, 0, -1, std::numeric_limits<int64_t>::min()), "null");
}

TEST(PostgresValue, ReadsNumbersOfEveryWidthAndRefusesWhatDoesNotFit) {
  EXPECT_EQ(from_postgres(Type::SmallInt, "-32768"), "-32768");
  EXPECT_EQ(from_postgres(Type::SmallInt, "32768"), "error");
  EXPECT_EQ(from_postgres(Type::BigInt, "9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(from_postgres(Type::BigInt, "9223372036854775808"), "error");
  EXPECT_EQ(from_postgres(Type::Oid, "4294967295"), "4294967295");
  EXPECT_EQ(from_postgres(Type::Oid, "-1"), "error");
  EXPECT_EQ(from_postgres(Type::DoublePrecision, "-1.5e-07"), "-1.5e-07");
  EXPECT_EQ(from_postgres(Type::Real, "Infinity"), "\"Infinity\"");
  EXPECT_EQ(from_postgres(Type::Real, "1,5"), "error");
  EXPECT_EQ(from_postgres(Type::Numeric, "12.0750"), "\"12.0750\"");
  EXPECT_EQ(from_postgres(Type::Numeric, "NaN"), "\"NaN\"");
  EXPECT_EQ(from_postgres(Type::Numeric, "1e5"), "error");
  EXPECT_EQ(from_postgres(Type::Boolean, "t"), "true");
  EXPECT_EQ(from_postgres(Type::Boolean, "f"), "false");
  EXPECT_EQ(from_postgres(Type::OidVector, "1 2"), "[]");
}

TEST(PostgresValue, ReadsDatesAcrossPostgresqlsWholeRange) {
  EXPECT_EQ(from_postgres(Type::Date, "1970-01-01"), "0");
  EXPECT_EQ(from_postgres(Type::Date, "2000-02-29"), "11016");
  EXPECT_EQ(from_postgres(Type::Date, "4714-11-24 BC"), "-2440588");
  EXPECT_EQ(from_postgres(Type::Date, "5874897-12-31"), "2145042905");
  EXPECT_EQ(from_postgres(Type::Date, "infinity"), "2147483647");
  EXPECT_EQ(from_postgres(Type::Date, "-infinity"), "-2147483648");
  EXPECT_EQ(from_postgres(Type::Date, "01/02/2000"), "error");
}

TEST(PostgresValue, ReadsTimesAndForgetsTheOffsetOfTimetz) {
  EXPECT_EQ(from_postgres(Type::Time, "24:00:00"), "86400000000");
  EXPECT_EQ(from_postgres(Type::Time, "00:00:01.5"), "1500000");
  EXPECT_EQ(from_postgres(Type::TimeTz, "01:00:00+02"), "82800000000");
  EXPECT_EQ(from_postgres(Type::TimeTz, "23:30:00-05:30"), "18000000000");
  EXPECT_EQ(from_postgres(Type::TimeTz, "24:00:00+00"), "0");
  EXPECT_EQ(from_postgres(Type::Time, "25:00:00"), "error");
}

TEST(PostgresValue, ReadsTimestampsInUtcWithTheDriversInfinities) {
  EXPECT_EQ(from_postgres(Type::Timestamp, "2026-09-21 14:13:20.123456"), "1790000000123456");
  EXPECT_EQ(from_postgres(Type::TimestampTz, "2026-09-21 16:13:20+02"), "1790000000000000");
  EXPECT_EQ(from_postgres(Type::TimestampTz, "2026-09-21 08:43:20-05:30"), "1790000000000000");
  EXPECT_EQ(from_postgres(Type::Timestamp, "0001-01-01 00:00:00 BC"), "-62167219200000000");
  EXPECT_EQ(from_postgres(Type::Timestamp, "294247-01-10 04:00:54.775807"), "9223372036854775807");
  EXPECT_EQ(from_postgres(Type::Timestamp, "294276-12-31 23:59:59"), "error") << "no int64 from 1970";
  EXPECT_EQ(from_postgres(Type::Timestamp, "infinity"), "9223372036825200000");
  EXPECT_EQ(from_postgres(Type::TimestampTz, "-infinity"), "-9223372036832400000");
  EXPECT_EQ(from_postgres(Type::TimestampTz, "2026-09-21 14:13:20"), "error");
}

TEST(PostgresValue, SaysThatATimestampIsTooLateAndNotThatItCannotBeRead) {
  const auto failure = [](Type type, std::string_view text) {
    std::string to;
    const Result<void> appended = append_postgres_value(to, type, text);
    return appended.ok() ? "none: " + to : appended.error().message;
  };
  EXPECT_EQ(failure(Type::Timestamp, "294247-01-10 04:00:54.775807"), "none: 9223372036854775807");
  for (const char* late :
       {"294247-01-10 04:00:54.775808", "294248-02-29 00:00:00", "294276-12-31 23:59:59.999999"})
    EXPECT_THAT(failure(Type::Timestamp, late), testing::HasSubstr("in 64 bits and cannot say it")) << late;
  EXPECT_THAT(failure(Type::TimestampTz, "294247-01-10 04:00:54.775807-01"),
              testing::HasSubstr("in 64 bits"));
  EXPECT_THAT(failure(Type::Timestamp, "31/12/294276 00:00:00"), testing::HasSubstr("DateStyle"));
}

TEST(PostgresValue, ReadsIntervalsInBothStyles) {
  EXPECT_EQ(from_postgres(Type::Interval, "1 year"), "31557600000000");
  EXPECT_EQ(from_postgres(Type::Interval, "2 mons -3 days +04:05:06.7"), "5015106700000");
  EXPECT_EQ(from_postgres(Type::Interval, "P2M-3DT4H5M6.7S"), "5015106700000");
  EXPECT_EQ(from_postgres(Type::Interval, "-00:00:00.000001"), "-1");
  EXPECT_EQ(from_postgres(Type::Interval, "00:00:00"), "0");
  EXPECT_EQ(from_postgres(Type::Interval, "PT0S"), "0");
  EXPECT_EQ(from_postgres(Type::Interval, "178000000 years"), "null");
  EXPECT_EQ(from_postgres(Type::Interval, "-2562047788:00:54.775808"), "-9223372036854775808");
  EXPECT_EQ(from_postgres(Type::Interval, "1 fortnight"), "error");
  EXPECT_EQ(from_postgres(Type::Interval, ""), "error");
}

TEST(PostgresValue, WritesTextsAndBytes) {
  EXPECT_EQ(from_postgres(Type::Json, "{\"lane\": 4}"), "\"{\\\"lane\\\": 4}\"");
  EXPECT_EQ(from_postgres(Type::Char, "ab   "), "\"ab\"");
  EXPECT_EQ(from_postgres(Type::Text, "\xC3"), "error");
  EXPECT_EQ(from_postgres(Type::Bytea, "\\x00ff10"), "\"AP8Q\"");
  EXPECT_EQ(from_postgres(Type::Bytea, "a\\000\\\\"), "\"YQBc\"");
  EXPECT_EQ(from_postgres(Type::Bytea, "\\xf"), "error");
  std::string null;
  ASSERT_TRUE(append_postgres_value(null, Type::Bytea, std::nullopt).ok());
  EXPECT_EQ(null, "null");
}

TEST(Envelope, IsWrittenAsTheSourceWritesIt) {
  EXPECT_EQ(full_record(insert_of(R"({"parcel_no":1})")),
            R"({"type":"full","op":"c","before":null,"after":{"parcel_no":1},"source":{"version":"1.0",)"
            R"("ts_ms":1790000123456,"ts_ns":1790000123456789017,"txId":"mzq4tavk2ro7dnw5xhge3ysbil",)"
            R"("schema":"depot","table":"parcel","db":"postgres","cluster":"qk7vn2hd4tz5bmx3wlc6jrp2as"},)"
            R"("ts_ms":1790000123519,"ts_ns":1790000123519004420})");
}

TEST(Envelope, OfThePreviewHasNeitherTypeNorNanosecondsNorTransaction) {
  EnvelopeFields fields = insert_of(R"({"parcel_no":1})");
  fields.op = "u";
  EncodingOptions options;
  options.preview = true;
  options.oversize_bytes = 10;
  const std::vector<EncodedRecord> records = encode_record(fields, options);
  ASSERT_EQ(records.size(), 1U) << "a preview record is never split";
  EXPECT_EQ(records[0].text, R"({"op":"c","before":null,"after":{"parcel_no":1},"source":{"version":"1.0",)"
                             R"("ts_ms":1790000123456,"schema":"depot","table":"parcel","db":"postgres",)"
                             R"("cluster":"qk7vn2hd4tz5bmx3wlc6jrp2as"},"ts_ms":1790000123519})");
}

TEST(Envelope, QuotesHostileTableNames) {
  EnvelopeFields fields = insert_of("{}");
  fields.table = "order\"s; drop";
  simdjson::dom::parser parser;
  const std::string record = full_record(fields);
  EXPECT_EQ(std::string_view(parser.parse(record)["source"]["table"]), "order\"s; drop");
}

TEST(Oversized, ImageComesBackFromItsFragments) {
  const std::string image = R"({"draft_no":77,"body":"Größe: 5 µm – \"ok\" 📦📦","rev":3})";
  EncodingOptions options;
  options.oversize_bytes = 100;
  options.fragment_bytes = 7;
  const std::vector<EncodedRecord> records = encode_record(insert_of(image), options);
  ASSERT_GT(records.size(), 5U);
  simdjson::dom::parser parser;
  std::string joined;
  for (size_t at = 1; at < records.size(); ++at) {
    const simdjson::dom::element fragment = parser.parse(records[at].text);
    EXPECT_EQ(uint64_t(fragment["index"]), at - 1);
    const std::string_view data = fragment["data"];
    EXPECT_TRUE(is_utf8(data));
    EXPECT_LE(data.size(), 7U);
    joined += data;
  }
  EXPECT_EQ(joined, image);
  const simdjson::dom::element head = parser.parse(records[0].text);
  EXPECT_EQ(std::string_view(head["type"]), "chunked");
  EXPECT_TRUE(head["after"].is_null());
  EXPECT_EQ(std::string_view(head["chunked"]["after"]["crc32c"]), std::to_string(crc32c(image)));
  EXPECT_EQ(uint64_t(head["chunked"]["after"]["total_fragments"]), records.size() - 1);
}

TEST(Oversized, KeyOfADeleteIsSplitAsBefore) {
  EnvelopeFields fields = insert_of("");
  fields.op = "d";
  fields.after.reset();
  const std::string key = "{\"k\":\"" + std::string(60, 'x') + "\"}";
  fields.before = key;
  EncodingOptions options;
  options.oversize_bytes = 100;
  options.fragment_bytes = 64;
  const std::vector<EncodedRecord> records = encode_record(fields, options);
  ASSERT_EQ(records.size(), 3U);
  simdjson::dom::parser parser;
  const simdjson::dom::element head = parser.parse(records[0].text);
  EXPECT_EQ(std::string_view(head["chunked"]["before"]["crc32c"]), std::to_string(crc32c(key)));
  EXPECT_EQ(head["chunked"]["after"].error(), simdjson::NO_SUCH_FIELD);
}

TEST(Oversized, ChunkIsTheSameWhenTheRecordIsSentAgain) {
  EncodingOptions options;
  options.oversize_bytes = 10;
  EnvelopeFields fields = insert_of(R"({"parcel_no":1})");
  const std::string first = encode_record(fields, options)[1].text;
  fields.processed_ts_ns += 5;
  EXPECT_EQ(encode_record(fields, options)[1].text, first);
  fields.commit_ts_ns += 5;
  EXPECT_NE(encode_record(fields, options)[1].text, first);
}

TEST(Oversized, NothingIsSplitAtTheLimitItself) {
  const EnvelopeFields fields = insert_of(R"({"parcel_no":1})");
  EncodingOptions options;
  options.oversize_bytes = full_record(fields).size();
  EXPECT_EQ(encode_record(fields, options)[0].kind, RecordKind::Full);
  --options.oversize_bytes;
  EXPECT_EQ(encode_record(fields, options)[0].kind, RecordKind::Head);
}

TEST(CutImage, MakesPiecesThatFitWithTheirEscapes) {
  using ::testing::ElementsAre;
  EXPECT_THAT(cut_image("abcdef", 4), ElementsAre("abcd", "ef"));
  EXPECT_THAT(cut_image("\"\"\"", 4), ElementsAre("\"\"", "\""));
  EXPECT_THAT(cut_image("aµb", 2), ElementsAre("a", "µ", "b"));
  EXPECT_THAT(cut_image("📦", 1), ElementsAre("📦"));
  EXPECT_THAT(cut_image("", 4), ElementsAre(""));
}

TEST(TransactionId, IsTheNumberInBase32) {
  EXPECT_EQ(transaction_id(0, 0), "aaaaaaaaaaaaaaaaaaaaaaaaaa");
  EXPECT_EQ(transaction_id(0, 33), "aaaaaaaaaaaaaaaaaaaaaaaabb");
  EXPECT_EQ(transaction_id(~uint64_t{0}, ~uint64_t{0}), "h7777777777777777777777777");
}

}  // namespace
}  // namespace sluice::emulate
