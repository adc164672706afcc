// Every reason for which a record is refused, and that the message helps without showing what is in the row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "decode/decoder_fixture.h"

namespace sluice::decode {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSource = R"("source":{"ts_ns":7,"schema":"s","table":"t"})";

// A record with these members and a good source.
std::string record(std::string_view members) {
  return "{" + std::string(members) + "," + std::string(kSource) + "}";
}

class RefusalTest : public DecoderFixture {
 protected:
  void expect_refused(std::string_view text, std::string_view reason, std::string_view saying) {
    const Error error = refusal(text);
    EXPECT_EQ(error.reason, reason) << text;
    EXPECT_THAT(error.message, HasSubstr(std::string(saying))) << text;
  }
};

TEST_F(RefusalTest, OfNothing) {
  for (const std::string_view text : {"", " ", "\r", "\n\t \r\n"})
    expect_refused(text, "empty", "the record is empty");
}

TEST_F(RefusalTest, OfWhatIsNotJson) {
  expect_refused("hello", "not-json", "record at byte 0: not JSON");
  expect_refused("{\"op\":\"c\";}", "not-json", "record at byte 9: not JSON");
  expect_refused("{\"op\":tru}", "not-json", "record at byte 6");
  expect_refused("\x1f\x8b\x08", "not-json", "record at byte 0");
  expect_refused(std::string_view("\0", 1), "not-json", "record at byte 0");
  expect_refused("{'op':1}", "not-json", "record at byte 1");
  expect_refused(record(R"("op":"c","after":{"id":1,})"), "not-json", "record at byte 26");
  expect_refused(record(R"("op":"c","after":{"id":1})") + "x", "not-json",
                 "record at byte 73: something follows the JSON text");
  expect_refused(record(R"("op":"c","after":{"id":1})") + "{}", "not-json", "something follows");
}

TEST_F(RefusalTest, OfJsonThatIsNoObject) {
  for (const std::string_view text : {"[]", "[{\"op\":\"c\"}]", "1", "\"text\"", "null", " true "})
    expect_refused(text, "not-object", "the record is JSON, but not an object");
  expect_refused("[1", "ends-early", "record at byte 2");
  expect_refused("1 2", "not-json", "record at byte 2");
}

TEST_F(RefusalTest, OfTextThatEndsEarly) {
  expect_refused("{", "ends-early", "record at byte 1: the JSON text ends too early");
  expect_refused(R"({"op":"c","after":{"id":1)", "ends-early", "record at byte 25");
}

TEST_F(RefusalTest, OfAGoodRecordCutAnywhere) {
  const std::string whole =
      R"({"type":"full","op":"c","before":null,"after":{"id":-12,"w":1.5e+3,"n":null,"t":true,"s":"Gr\u00f6ße \ud83d\ude00","j":[{"a":[]},{}]},"source":{"version":"1.0","ts_ms":1790000123456,"ts_ns":1790000123456789017,"txId":"mzq4","schema":"depot","table":"parcel"},"ts_ms":1790000123519})";
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(reads(whole));
    for (size_t length = 1; length < whole.size(); ++length) {
      const Error error = refusal(whole.substr(0, length));
      EXPECT_THAT(error.reason, AnyOf("ends-early", "invalid-utf8")) << whole.substr(0, length);
    }
  }
}

TEST_F(RefusalTest, OfTextThatIsNotUtf8) {
  expect_refused(record("\"op\":\"c\",\"after\":{\"s\":\"ab\xFF\"}"), "invalid-utf8",
                 "record at byte 26: not UTF-8");
  expect_refused(record("\"op\":\"c\",\"after\":{\"k\xC3\":1}"), "invalid-utf8", "record at byte 21");
  expect_refused(record("\"op\":\"c\",\"after\":{\"s\":[\"\xED\xA0\x80\"]}"), "invalid-utf8",
                 "record at byte 25");
  expect_refused(record("\"new\":\"\xC0\x80\",\"op\":\"c\",\"after\":{\"id\":1}"), "invalid-utf8",
                 "record at byte 8");
  EXPECT_EQ(scan_image("{\"s\":\"\xFF\"}").error().reason, "invalid-utf8");
}

TEST_F(RefusalTest, OfWhatTheKinesisProducerLibraryPacked) {
  expect_refused("\xF3\x89\x9A\xC2\x0A\x03key\x1A\x07" + record(R"("op":"c","after":{"id":1})"),
                 "kpl-aggregated", "several records in one");
}

TEST_F(RefusalTest, OfHalfACharacter) {
  expect_refused(record(R"("op":"c","after":{"s":"ab\uD83D"})"), "lone-surrogate",
                 "record at byte 26: half of a");
  expect_refused(record(R"("op":"c","after":{"\uDC00":1})"), "lone-surrogate", "record at byte 20");
}

TEST_F(RefusalTest, OfTooDeepNesting) {
  expect_refused(record(R"("op":"c","after":{"s":)" + std::string(2000, '[') + std::string(2000, ']') + "}"),
                 "too-deep", "nested more than 1000 levels deep");
}

TEST_F(RefusalTest, OfAColumnNamedTwice) {
  expect_refused(record(R"("op":"c","after":{"id":1,"x":2,"id":3})"), "duplicate-key",
                 "record at byte 18: the image that begins here names one column twice");
  expect_refused(record(R"("op":"d","before":{"id":1,"\u0069d":3})"), "duplicate-key", "record at byte 19");
  expect_refused(record(R"("op":"d","before":{"id":1},"after":{"a":1,"a":1})"), "duplicate-key",
                 "at byte 36");
}

TEST_F(RefusalTest, OfAnEnvelopeFieldThatStandsThereTwice) {
  expect_refused(record(R"("op":"c","after":{"id":1},"op":"d")"), "duplicate-field", "record at byte 28");
  expect_refused(record(R"("op":"c","after":{"id":1},"\u006fp":"d")"), "duplicate-field",
                 "record at byte 28");
  expect_refused(record(R"("op":"c","after":null,"after":{"id":1})"), "duplicate-field", "record at byte 24");
  expect_refused(record(R"("op":"c","after":{"id":1},"source":{})"), "duplicate-field", "");
  expect_refused(R"({"op":"c","after":{"id":1},"source":{"ts_ns":7,"schema":"s","table":"t","ts_ns":8}})",
                 "duplicate-field", "record at byte 73");
  expect_refused(
      record(
          R"("type":"chunked","op":"c","chunked":{"after":{"chunk_id":"a","total_fragments":1,"crc32c":"1","crc32c":"2"}})"),
      "duplicate-field", "`chunked` at byte");
}

TEST_F(RefusalTest, OfATypeThatIsNotKnown) {
  expect_refused(record(R"("type":"heartbeat","op":"c","after":{"id":1})"), "unknown-type",
                 "`type` is none of full, chunked, fragment");
  expect_refused(record(R"("type":"","op":"c","after":{"id":1})"), "unknown-type", "`type`");
  expect_refused(record(R"("type":1,"op":"c","after":{"id":1})"), "unknown-type", "`type` is not a string");
}

TEST_F(RefusalTest, OfAnOpThatCannotBeRead) {
  for (const std::string_view op :
       {R"("op":null,)", R"("op":1,)", R"("op":"",)", R"("op":["c"],)", R"("op":"elevenbytes",)", ""}) {
    expect_refused(record(std::string(op) + R"("after":{"id":1})"), "bad-op",
                   "`op` is missing, not a string");
  }
  EXPECT_TRUE(reads(record(R"("op":"tenbytes__","after":{"id":1})")));
  expect_refused(record(R"("op":"x","after":null)"), "unknown-op", "`op` is none of c, u, d");
  expect_refused(record(R"("op":"x")"), "unknown-op", "without an `after`");
}

TEST_F(RefusalTest, OfASourceThatIsMissingOrNoObject) {
  expect_refused(R"({"op":"c","after":{"id":1}})", "no-source", "the record has no `source`");
  expect_refused(R"({"op":"c","after":{"id":1},"source":null})", "no-source", "`source`");
  for (const std::string_view source : {"1", "[]", "\"s\"", "true"}) {
    expect_refused(R"({"op":"c","after":{"id":1},"source":)" + std::string(source) + "}", "bad-source",
                   "`source` is not an object");
  }
}

TEST_F(RefusalTest, OfARecordWithoutATable) {
  const auto with = [](std::string_view names) {
    return R"({"op":"c","after":{"id":1},"source":{"ts_ns":7)" + std::string(names) + "}}";
  };
  for (const std::string_view names :
       {R"(,"schema":"s")", R"(,"schema":"s","table":null)", R"(,"schema":"s","table":1)",
        R"(,"schema":"s","table":"")", R"(,"schema":"s","table":{})",
        R"(,"schema":"s","table":"a\u0000b")"}) {
    expect_refused(with(names), "no-table", "`source.table` is missing");
  }
  expect_refused(with(R"(,"table":"t")"), "no-table", "`source.schema` is missing");
  expect_refused(with(R"(,"schema":"s","table":")" + std::string(129, 't') + "\""), "no-table",
                 "longer than 128");
  EXPECT_TRUE(reads(with(R"(,"schema":"s","table":")" + std::string(128, 't') + "\"")));
}

TEST_F(RefusalTest, OfACommitTimeThatIsNoTime) {
  const auto with = [](std::string_view times) {
    return R"({"op":"c","after":{"id":1},"source":{"schema":"s","table":"t")" + std::string(times);
  };
  for (const std::string_view time : {"-1", "1.5", "1e18", "\"1790000123456789017\"", "9223372036854775808",
                                      "true", "{}", "99999999999999999999999999"}) {
    expect_refused(with(",\"ts_ns\":" + std::string(time) + "},\"ts_ns\":5}"), "bad-commit-time",
                   "`source.ts_ns` is not a whole number");
  }
  expect_refused(with(",\"ts_ms\":-1}}"), "bad-commit-time", "`source.ts_ms`");
  expect_refused(with(",\"ts_ms\":9223372036855}}"), "bad-commit-time", "`source.ts_ms`");
  expect_refused(with("},\"ts_ns\":1.0}"), "bad-commit-time", "`ts_ns`");
  expect_refused(with("},\"ts_ms\":\"5\"}"), "bad-commit-time", "`ts_ms`");
  expect_refused(with("}}"), "no-commit-time", "neither source.ts_ns nor any other time");
  expect_refused(with(",\"ts_ns\":null},\"ts_ms\":null}"), "no-commit-time",
                 "its place in the order is unknown");
}

TEST_F(RefusalTest, OfAnUpsertWithoutItsRow) {
  for (const std::string_view op : {"c", "u"}) {
    const std::string start = R"("op":")" + std::string(op) + "\"";
    expect_refused(record(start), "no-image", "without `after`");
    expect_refused(record(start + R"(,"after":null)"), "no-image", "without `after`");
    expect_refused(record(start + R"(,"before":{"id":1},"after":null)"), "no-image", "without `after`");
    expect_refused(record(start + R"(,"after":[1])"), "no-image", "`after` is neither an object nor null");
    expect_refused(record(start + R"(,"after":"{}")"), "no-image", "`after` is neither an object nor null");
    expect_refused(record(start + R"(,"after":{})"), "empty-image", "`after` has no columns");
    expect_refused(record(start + R"(,"after":{ })"), "empty-image", "`after` has no columns");
  }
  expect_refused(record(R"("op":"d","before":7)"), "no-image", "`before` is neither an object nor null");
}

TEST_F(RefusalTest, OfAHeadThatDoesNotSayWhatToAwait) {
  const auto head = [](std::string_view chunked) {
    return record(R"("type":"chunked","op":"c",)" + std::string(chunked));
  };
  const auto after = [&head](std::string_view members) {
    return head(R"("chunked":{"after":{)" + std::string(members) + "}}");
  };
  expect_refused(head(R"("after":null)"), "bad-chunk", "without a `chunked` object");
  expect_refused(head(R"("chunked":[])"), "bad-chunk", "without a `chunked` object");
  expect_refused(head(R"("chunked":{})"), "bad-chunk", "`chunked` names no image");
  expect_refused(head(R"("chunked":{"after":1})"), "bad-chunk", "a member of `chunked` is not an object");
  expect_refused(after(R"("total_fragments":1,"crc32c":"1")"), "bad-chunk", "`chunk_id` is missing");
  expect_refused(after(R"("chunk_id":"","total_fragments":1,"crc32c":"1")"), "bad-chunk", "`chunk_id`");
  expect_refused(after(R"("chunk_id":")" + std::string(257, 'c') + R"(","total_fragments":1,"crc32c":"1")"),
                 "bad-chunk", "longer than 256 bytes");
  for (const std::string_view total : {"0", "-1", "10001", "2000000", "1.0", "\"2\"", "null"}) {
    expect_refused(after(R"("chunk_id":"a","crc32c":"1","total_fragments":)" + std::string(total)),
                   "bad-chunk", "chunk a: `total_fragments` is not a number from 1 to 10000");
  }
  for (const std::string_view crc :
       {"null", R"("")", R"("-1")", R"("4294967296")", R"("0x1")", R"(" 1")", "1.5"}) {
    expect_refused(after(R"("chunk_id":"a","total_fragments":1,"crc32c":)" + std::string(crc)), "bad-chunk",
                   "chunk a: `crc32c` is not a decimal number of 32 bits");
  }
  expect_refused(
      head(
          R"("chunked":{"before":{"chunk_id":"a","total_fragments":1,"crc32c":"1"},"after":{"chunk_id":"a","total_fragments":1,"crc32c":"1"}})"),
      "bad-chunk", "chunk a: both images name the same chunk");
  expect_refused(head(R"("chunked":{"before":{"chunk_id":"a","total_fragments":1,"crc32c":"1"}})"),
                 "no-image", "without `after`");
  expect_refused(
      record(
          R"("type":"chunked","op":"d","chunked":{"after":{"chunk_id":"a","total_fragments":1,"crc32c":"1"}})"),
      "no-image", "a chunked delete without its key");
  expect_refused(R"({"type":"chunked","op":"c","chunked":{}})", "no-source", "no `source`");
}

TEST_F(RefusalTest, OfAFragmentThatHasNoPlace) {
  const auto fragment = [](std::string_view members) {
    return R"({"type":"fragment")" + std::string(members) + "}";
  };
  expect_refused(fragment(R"(,"index":0,"data":"x")"), "bad-fragment", "`chunk_id` is missing");
  expect_refused(fragment(R"(,"chunk_id":7,"index":0,"data":"x")"), "bad-fragment", "`chunk_id` is missing");
  for (const std::string_view index : {"-1", "10000", "9999999999999", "0.0", "\"0\"", "null"}) {
    expect_refused(fragment(R"(,"chunk_id":"c","data":"x","index":)" + std::string(index)), "bad-fragment",
                   "chunk c: `index` is not a number from 0 to 9999");
  }
  expect_refused(fragment(R"(,"chunk_id":"c","index":0)"), "bad-fragment", "chunk c: `data` is missing");
  expect_refused(fragment(R"(,"chunk_id":"c","index":0,"data":{})"), "bad-fragment", "not a string");
  expect_refused(fragment(R"(,"chunk_id":"\u001b[2J","index":0)"), "bad-fragment",
                 "chunk (unprintable): `data`");
}

TEST_F(RefusalTest, OfAnImageThatIsNoneByItself) {
  EXPECT_EQ(scan_image("[1]").error().reason, "not-object");
  EXPECT_EQ(scan_image("").error().reason, "not-object");
  EXPECT_EQ(scan_image("{}").error().reason, "empty-image");
  EXPECT_EQ(scan_image("{\"a\":1} x").error().message, "image at byte 8: something follows the JSON object");
  EXPECT_EQ(scan_image("{\"a\":1").error().message, "image at byte 6: the JSON text ends too early");
  EXPECT_EQ(scan_image("{\"a\":1,\"a\":2}").error().reason, "duplicate-key");
}

TEST_F(RefusalTest, NeverShowsWhatStandsInTheRow) {
  const std::string secret = "s3cr3t";
  for (const std::string& text :
       {record(R"("op":"c","after":{"pin":"s3cr3t","pin":"s3cr3t"})"),
        record(R"("op":"c","after":{"pin":s3cr3t})"), record(R"("op":"c","after":{"pin":"s3cr3t\q"})"),
        record(R"("op":"s3cr3t","after":"s3cr3t")"), record(R"("type":"s3cr3t","op":"c")"),
        record("\"op\":\"c\",\"after\":{\"pin\":\"s3cr3t\xFF\"}"), record(R"("op":"c","after":["s3cr3t"])"),
        record(R"("op":"s3cr3t")")}) {
    const Error error = refusal(text);
    EXPECT_NE(error.reason, "none");
    EXPECT_THAT(error.message, Not(HasSubstr(secret)));
  }
}

TEST_F(RefusalTest, DoesNotSpoilTheRecordsThatFollow) {
  const std::string good = record(R"("op":"c","after":{"id":1,"name":"x"})");
  for (const std::string_view bad : {R"({"op":"c","after":{"id":1,"id")", R"({"op":)", R"({"op":"c","op":1})",
                                     R"({"op":"c","after":{"id":1,"name":2,"id":3}})", "x", ""}) {
    EXPECT_FALSE(reads(bad));
    EXPECT_EQ(read_change(good).image.json, R"({"id":1,"name":"x"})");
  }
}

}  // namespace
}  // namespace sluice::decode
