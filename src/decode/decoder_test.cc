#include "decode/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "decode/decoder_fixture.h"

namespace sluice::decode {
namespace {

using change::Change;
using change::ChunkedHead;
using change::CommitTimeFrom;
using change::Fragment;
using change::ValueKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSource =
    R"("source":{"version":"1.0","ts_ms":1790000123456,"ts_ns":1790000123456789017,"txId":"mzq4","schema":"depot","table":"parcel"})";

std::string upsert(std::string_view after, std::string_view op = "c") {
  return R"({"type":"full","op":")" + std::string(op) + R"(","before":null,"after":)" + std::string(after) +
         "," + std::string(kSource) + R"(,"ts_ms":1790000123519,"ts_ns":1790000123519004420})";
}

std::string with_source(std::string_view source) {
  return R"({"op":"c","after":{"id":1},"source":)" + std::string(source) + "}";
}

using DecoderTest = DecoderFixture;

TEST_F(DecoderTest, ReadsAnInsertWithEveryFieldOfItsOrigin) {
  const Change change = read_change(
      R"({"type":"full","op":"c","before":null,"after":{"parcel_no":900719925474099312,"weight_kg":"12.0750","fragile":true,
 "label":"Köln 📦","scanned_at":1790000123400001,"meta":"{\"lane\": 4}","photo":null},
 "source":{"version":"1.0","ts_ms":1790000123456,"ts_ns":1790000123456789017,"txId":"mzq4tavk2ro7dnw5xhge3ysbil",
 "schema":"depot","table":"parcel","db":"postgres","cluster":"qk7vn2hd4tz5bmx3wlc6jrp2as"},
 "ts_ms":1790000123519,"ts_ns":1790000123519004420})");
  EXPECT_EQ(change.origin.schema, "depot");
  EXPECT_EQ(change.origin.table, "parcel");
  EXPECT_EQ(change.origin.op, "c");
  EXPECT_EQ(change.origin.tx_id, "mzq4tavk2ro7dnw5xhge3ysbil");
  EXPECT_EQ(change.origin.commit_ts_ns, 1790000123456789017);
  EXPECT_EQ(change.origin.commit_time_from, CommitTimeFrom::Nanoseconds);
  EXPECT_FALSE(change.origin.unknown_version);
  EXPECT_FALSE(change.origin.is_delete());
  EXPECT_TRUE(change.has_image);
  EXPECT_THAT(keys(change.image),
              ElementsAre("parcel_no", "weight_kg", "fragile", "label", "scanned_at", "meta", "photo"));
  EXPECT_THAT(kinds(change.image),
              ElementsAre(ValueKind::BigInt, ValueKind::String, ValueKind::Bool, ValueKind::String,
                          ValueKind::Int, ValueKind::String, ValueKind::Null));
  EXPECT_THAT(values(change.image), ElementsAre("900719925474099312", R"("12.0750")", "true", R"("Köln 📦")",
                                                "1790000123400001", R"("{\"lane\": 4}")", "null"));
}

TEST_F(DecoderTest, ReadsAnUpdateWithInfinityAndNaNAndAProcessingTimeBeforeTheCommit) {
  const Change change = read_change(
      R"({"type":"full","op":"u","before":null,"after":{"lease_no":51,"ends_at":9223372036825200000,"drift":"NaN","term":31557600000000},
 "source":{"version":"1.0","ts_ms":1790000200001,"ts_ns":1790000200001900300,"txId":"b2vnd6kqz4ltywc7hxsj5mgoar",
 "schema":"depot","table":"lease","db":"postgres","cluster":"qk7vn2hd4tz5bmx3wlc6jrp2as"},
 "ts_ms":1790000199999,"ts_ns":1790000199999100000})");
  EXPECT_EQ(change.origin.op, "u");
  EXPECT_EQ(change.origin.commit_ts_ns, 1790000200001900300);
  EXPECT_THAT(kinds(change.image),
              ElementsAre(ValueKind::Int, ValueKind::BigInt, ValueKind::NonFinite, ValueKind::Int));
}

TEST_F(DecoderTest, ReadsADeleteAsItsKey) {
  const Change change =
      read_change(R"({"type":"full","op":"d","before":{"aisle":7,"slot":"B-02"},"after":null,
 "source":{"version":"1.0","ts_ms":1790000300000,"ts_ns":1790000300000000455,"txId":"tf7xwla3cnq2ozu6vdyb4kpesh",
 "schema":"depot","table":"bin_slot","db":"postgres","cluster":"qk7vn2hd4tz5bmx3wlc6jrp2as"},
 "ts_ms":1790000300077,"ts_ns":1790000300077120004})");
  EXPECT_TRUE(change.origin.is_delete());
  EXPECT_TRUE(change.has_image);
  EXPECT_EQ(change.image.json, R"({"aisle":7,"slot":"B-02"})");
  EXPECT_THAT(keys(change.image), ElementsAre("aisle", "slot"));
}

TEST_F(DecoderTest, ReadsADeleteOnATableWithoutAKeyAsOneWithoutImage) {
  const std::string source =
      R"("source":{"version":"1.0","ts_ms":1790000301000,"ts_ns":1790000301000000002,"txId":"hsy5ceo2pmj7uqt4wbzg6nikla",
 "schema":"public","table":"scratch_note","db":"postgres","cluster":"qk7vn2hd4tz5bmx3wlc6jrp2as"},
 "ts_ms":1790000301050,"ts_ns":1790000301050000900})";
  for (const std::string images : {R"("before":null,"after":null,)", R"("before":{},"after":null,)", ""}) {
    const Change change = read_change(R"({"type":"full","op":"d",)" + images + source);
    EXPECT_FALSE(change.has_image);
    EXPECT_THAT(change.image.fields, IsEmpty());
    EXPECT_EQ(change.image.json, "");
  }
}

TEST_F(DecoderTest, ReadsAHeadAndItsFragmentsWhoseTextMakesUpTheImage) {
  const ChunkedHead head = read_head(R"({"type":"chunked","op":"c","before":null,"after":null,
 "source":{"version":"1.0","ts_ms":1790000400000,"ts_ns":1790000400000000031,"txId":"d3gkrv6yoq2mxi5cltnw7fbsza",
 "schema":"depot","table":"draft","db":"postgres","cluster":"qk7vn2hd4tz5bmx3wlc6jrp2as"},
 "chunked":{"after":{"chunk_id":"c-7f3a","total_fragments":2,"crc32c":"2055659661"}},
 "ts_ms":1790000400130,"ts_ns":1790000400130000777})");
  ASSERT_THAT(head.awaited, SizeIs(1));
  EXPECT_EQ(head.deciding, 0);
  EXPECT_EQ(head.awaited[0].chunk_id, "c-7f3a");
  EXPECT_EQ(head.awaited[0].total_fragments, 2U);
  EXPECT_EQ(head.awaited[0].crc32c, 2055659661U);
  EXPECT_EQ(head.origin.commit_ts_ns, 1790000400000000031);

  const Fragment second = read_fragment(
      R"({"type":"fragment","chunk_id":"c-7f3a","index":1,"data":"µm – \\\"ok\\\"\",\"rev\":3}"})");
  const Fragment first = read_fragment(
      R"({"type":"fragment","chunk_id":"c-7f3a","index":0,"data":"{\"draft_no\":77,\"body\":\"Größe: 5 "})");
  EXPECT_EQ(first.chunk_id, "c-7f3a");
  EXPECT_EQ(first.index, 0U);
  EXPECT_EQ(second.index, 1U);
  const std::string whole = std::string(first.data) + std::string(second.data);
  EXPECT_EQ(whole, R"({"draft_no":77,"body":"Größe: 5 µm – \"ok\"","rev":3})");
  EXPECT_THAT(keys(scan_image(whole).value()), ElementsAre("draft_no", "body", "rev"));
}

TEST_F(DecoderTest, HandsTheImageOnByteForByte) {
  const std::string image =
      "{ \"a\" :\t1.50,\"b\\u0061\":\"\\u00e9\\/\\u0000\",\r\n\"c\":[1 , 2],\"d\":1E+2, "
      "\"e\":-0,\"f\":\"\x7F\" }";
  const Change change = read_change(upsert(image));
  EXPECT_EQ(change.image.json, image);
  EXPECT_THAT(values(change.image),
              ElementsAre("1.50", R"("\u00e9\/\u0000")", "[1 , 2]", "1E+2", "-0", "\"\x7F\""));
  EXPECT_THAT(keys(change.image), ElementsAre("a", R"(b\u0061)", "c", "d", "e", "f"));
  EXPECT_TRUE(change.image.fields[1].key_escaped);
  EXPECT_FALSE(change.image.fields[0].key_escaped);
}

TEST_F(DecoderTest, CopiesNothingOfARecordWithoutEscapes) {
  const std::string_view record = keep(upsert(R"({"id":1})"));
  Decoded decoded;
  ASSERT_TRUE(decoder_.decode({{}, record}, arena_, decoded).ok());
  const auto& change = std::get<Change>(decoded);
  for (const std::string_view view :
       {change.image.json, change.origin.table, change.origin.schema, change.origin.op, change.origin.tx_id,
        change.image.fields[0].key, change.image.fields[0].value}) {
    EXPECT_GE(view.data(), record.data());
    EXPECT_LE(view.data() + view.size(), record.data() + record.size());
  }
  EXPECT_EQ(arena_.reserved_bytes(), 0U);
}

TEST_F(DecoderTest, GivesThePositionOfTheRecord) {
  Decoded decoded;
  for (const std::string_view record :
       {std::string_view(R"({"type":"fragment","chunk_id":"c","index":0,"data":""})")}) {
    ASSERT_TRUE(decoder_.decode({{"shard", "17"}, keep(record)}, arena_, decoded).ok());
    EXPECT_EQ(std::get<Fragment>(decoded).position.sequence, "17");
  }
  ASSERT_TRUE(decoder_.decode({{"shard", "18"}, keep(upsert(R"({"id":1})"))}, arena_, decoded).ok());
  EXPECT_EQ(std::get<Change>(decoded).position.sequence, "18");
}

TEST_F(DecoderTest, ForgetsTheRecordBeforeWhenThePlaceForTheResultIsUsedAgain) {
  Decoded decoded;
  ASSERT_TRUE(decoder_.decode({{}, keep(upsert(R"({"id":1})"))}, arena_, decoded).ok());
  ASSERT_TRUE(
      decoder_
          .decode({{}, keep(R"({"op":"d","source":{"ts_ms":5,"schema":"s","table":"t","version":"9"}})")},
                  arena_, decoded)
          .ok());
  const auto& change = std::get<Change>(decoded);
  EXPECT_FALSE(change.has_image);
  EXPECT_EQ(change.image.json, "");
  EXPECT_EQ(change.origin.tx_id, "");
  EXPECT_TRUE(change.origin.unknown_version);
  EXPECT_EQ(change.origin.commit_time_from, CommitTimeFrom::Milliseconds);
  ASSERT_TRUE(decoder_.decode({{}, keep(upsert(R"({"id":1})"))}, arena_, decoded).ok());
  EXPECT_TRUE(change.has_image);
  EXPECT_FALSE(change.origin.unknown_version);
  EXPECT_EQ(change.origin.commit_time_from, CommitTimeFrom::Nanoseconds);
}

// The constants of a stream are soon known by heart; what differs from them must still be read as it is.
TEST_F(DecoderTest, ReadsWhatDiffersFromTheUsualAfterAThousandRecordsThatDoNot) {
  const std::string usual = upsert(R"({"id":1})");
  const auto with = [&usual](std::string_view from, std::string_view to) {
    std::string record = usual;
    const size_t at = record.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return record.replace(at, from.size(), to);
  };
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(reads(usual));
  EXPECT_EQ(read_change(with(R"("parcel")", R"("parcels")")).origin.table, "parcels");
  EXPECT_EQ(read_change(with(R"("parcel")", R"("parce")")).origin.table, "parce");
  EXPECT_EQ(read_change(with(R"("parcel")", R"("p\u0061rcel")")).origin.table, "parcel");
  EXPECT_EQ(read_change(with(R"("parcel")", R"( "parcel" )")).origin.table, "parcel");
  EXPECT_EQ(read_change(with(R"("op":"c")", R"("op":"u")")).origin.op, "u");
  EXPECT_EQ(read_change(with(R"("mzq4")", "null")).origin.tx_id, "");
  EXPECT_TRUE(read_change(with(R"("1.0")", R"("1.00")")).origin.unknown_version);
  EXPECT_TRUE(read_change(with(R"("1.0")", "1.0")).origin.unknown_version);
  EXPECT_THAT(keys(read_change(with(R"("c","before":null)", R"("d","before":{"id":7})")).image),
              ElementsAre("id"));
  EXPECT_EQ(reason(with(R"("full")", R"("fuller")")), "unknown-type");
  EXPECT_EQ(reason(with(R"("full")", R"("full"x)")), "not-json");
  EXPECT_EQ(reason(with(R"("full")", R"("full)")), "not-json");
  EXPECT_EQ(reason(with(R"("before":null)", R"("before":nullify)")), "not-json");
  EXPECT_EQ(reason(with(R"("before":null)", R"("before":nul)")), "not-json");
  EXPECT_EQ(reason(with(R"("before":null)", R"("type":"full")")), "duplicate-field");
  const Change change = read_change(usual);
  EXPECT_EQ(change.origin.table, "parcel");
  EXPECT_EQ(change.origin.op, "c");
}

TEST_F(DecoderTest, UnescapesANameHoweverOftenItComes) {
  const std::string record = with_source(R"({"schema":"\u0073","table":"or\"der","ts_ns":1})");
  for (int i = 0; i < 1000; ++i) {
    const Change change = read_change(record);
    ASSERT_EQ(change.origin.schema, "s");
    ASSERT_EQ(change.origin.table, "or\"der");
  }
}

TEST_F(DecoderTest, ReadsFieldsInAnyOrderAndWithAnySpace) {
  const Change change = read_change(
      " \r\n\t{ \"ts_ns\" : 9 ,\"source\"\t:\n{\"table\":\"t\" , \"schema\" : \"s\",\"txId\":\"x\",\n"
      "\"ts_ns\" : 7 } ,\"after\" : { \"id\" : 1 } , \"op\" : \"u\" , \"before\" : null }\r\n ");
  EXPECT_EQ(change.origin.table, "t");
  EXPECT_EQ(change.origin.commit_ts_ns, 7);
  EXPECT_EQ(change.image.json, "{ \"id\" : 1 }");
}

TEST_F(DecoderTest, ReadsKeysAndNamesThatAreWrittenWithEscapes) {
  const Change change = read_change(
      R"({"\u0074ype":"f\u0075ll","\u006fp":"\u0063","\u0061fter":{"id":1},"\u0073ource":{"ts\u005fns":7,"\u0074able":"or\"d\u00e9r","schema":"\ud83d\ude00","txI\u0064":"a\/b"}})");
  EXPECT_EQ(change.origin.op, "c");
  EXPECT_EQ(change.origin.table, "or\"d\xC3\xA9r");
  EXPECT_EQ(change.origin.schema, "\xF0\x9F\x98\x80");
  EXPECT_EQ(change.origin.tx_id, "a/b");
  EXPECT_EQ(change.origin.commit_ts_ns, 7);
}

TEST_F(DecoderTest, ReadsRecordsOfThePreview) {
  const Change change = read_change(
      R"({"op":"c","after":{"id":1},"source":{"version":"1.0","ts_ms":1790000123456,"schema":"s","table":"t"},"ts_ms":1790000123999})");
  EXPECT_EQ(change.origin.commit_ts_ns, 1790000123456000000);
  EXPECT_EQ(change.origin.commit_time_from, CommitTimeFrom::Milliseconds);
  EXPECT_EQ(change.origin.tx_id, "");

  const Change older = read_change(
      R"({"op":"c","after":{"id":1},"source":{"schema":"s","table":"t","ts_ns":null},"ts_ms":1790000123999,"ts_ns":1790000123999000001})");
  EXPECT_EQ(older.origin.commit_ts_ns, 1790000123999000001);
  EXPECT_EQ(older.origin.commit_time_from, CommitTimeFrom::Envelope);
  EXPECT_FALSE(older.origin.unknown_version);

  const Change oldest =
      read_change(R"({"op":"c","after":{"id":1},"source":{"schema":"s","table":"t"},"ts_ms":1790000123999})");
  EXPECT_EQ(oldest.origin.commit_ts_ns, 1790000123999000000);
  EXPECT_EQ(oldest.origin.commit_time_from, CommitTimeFrom::Envelope);
}

TEST_F(DecoderTest, KeepsTheCommitTimeExactBeyondWhatADoubleHolds) {
  for (const int64_t ns : {int64_t{0}, int64_t{9007199254740993}, int64_t{1790000123456789017}, INT64_MAX}) {
    const Change change =
        read_change(with_source(R"({"schema":"s","table":"t","ts_ns":)" + std::to_string(ns) + "}"));
    EXPECT_EQ(change.origin.commit_ts_ns, ns);
  }
}

TEST_F(DecoderTest, LandsAnUnknownOpAsTheUpsertThatItsAfterSays) {
  const Change change = read_change(upsert(R"({"id":1})", "merge"));
  EXPECT_TRUE(change.origin.is_unknown_op());
  EXPECT_EQ(change.origin.op, "merge");
  EXPECT_EQ(change.image.json, R"({"id":1})");
  EXPECT_FALSE(read_change(upsert(R"({"id":1})", "u")).origin.is_unknown_op());
}

TEST_F(DecoderTest, AcceptsAndMarksAnUnknownVersion) {
  for (const std::string_view version : {R"("1.1")", R"("2")", "2", "1.0", "{}"}) {
    const Change change = read_change(
        with_source(R"({"version":)" + std::string(version) + R"(,"schema":"s","table":"t","ts_ns":1})"));
    EXPECT_TRUE(change.origin.unknown_version) << version;
  }
  EXPECT_FALSE(read_change(with_source(R"({"version":"1\u002e0","schema":"s","table":"t","ts_ns":1})"))
                   .origin.unknown_version);
}

TEST_F(DecoderTest, IgnoresMembersThatItDoesNotKnow) {
  const Change change = read_change(
      R"({"new":{"op":"d","a":[1,{"source":2}]},"op":"c","before":null,"opp":"x","after":{"id":1},"":0,"source":{"schema":"s","x":{"table":1},"table":"t","ts_ns":1,"lsn":[[]]},"new":2})");
  EXPECT_EQ(change.origin.op, "c");
  EXPECT_EQ(change.origin.table, "t");
}

TEST_F(DecoderTest, TakesTheImageThatDecidesWhenBothAreThere) {
  const std::string both = R"("before":{"id":1},"after":{"id":2,"x":3},)" + std::string(kSource) + "}";
  EXPECT_EQ(read_change(R"({"op":"u",)" + both).image.json, R"({"id":2,"x":3})");
  EXPECT_THAT(keys(read_change(R"({"op":"u",)" + both).image), ElementsAre("id", "x"));
  EXPECT_EQ(read_change(R"({"op":"d",)" + both).image.json, R"({"id":1})");
  EXPECT_THAT(keys(read_change(R"({"op":"d",)" + both).image), ElementsAre("id"));
}

TEST_F(DecoderTest, LetsAZeroCharacterAndEveryOtherLegalOneSurviveInAnImage) {
  const std::string image =
      "{\"a\":\"\\u0000\",\"b\":\"\x7F\xEF\xBF\xBF\xF4\x8F\xBF\xBF\",\"c\":\"\\ud83d\\ude00\"}";
  EXPECT_EQ(read_change(upsert(image)).image.json, image);
}

TEST_F(DecoderTest, ReadsAHeadWhoseImagesAreBothSplit) {
  const ChunkedHead head = read_head(
      R"({"type":"chunked","op":"u","chunked":{"before":{"chunk_id":"b","total_fragments":1,"crc32c":"0"},"after":{"crc32c":"4294967295","total_fragments":10000,"chunk_id":"a\u002f1"}},)" +
      std::string(kSource) + "}");
  ASSERT_THAT(head.awaited, SizeIs(2));
  EXPECT_EQ(head.deciding, 1);
  EXPECT_EQ(head.awaited[1].chunk_id, "a/1");
  EXPECT_EQ(head.awaited[1].crc32c, 4294967295U);
  EXPECT_EQ(head.awaited[1].total_fragments, 10'000U);
}

TEST_F(DecoderTest, ReadsAHeadWhoseDecidingImageIsInline) {
  const ChunkedHead head = read_head(
      R"({"type":"chunked","op":"d","before":{"id":5},"chunked":{"before":null,"after":{"chunk_id":"a","total_fragments":1,"crc32c":7}},)" +
      std::string(kSource) + "}");
  ASSERT_THAT(head.awaited, SizeIs(1));
  EXPECT_EQ(head.deciding, -1);
  EXPECT_EQ(head.inline_image.json, R"({"id":5})");
  EXPECT_EQ(head.awaited[0].crc32c, 7U);
}

TEST_F(DecoderTest, UnescapesTheTextOfAFragment) {
  EXPECT_EQ(read_fragment(R"({"type":"fragment","chunk_id":"c","index":9999,"data":""})").data, "");
  EXPECT_EQ(read_fragment(R"({"type":"fragment","chunk_id":"c","index":0,"data":"NaN"})").data, "NaN");
  const Fragment fragment = read_fragment(
      R"({"type":"fragment","chunk_id":"c","index":0,"data":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000"})");
  EXPECT_EQ(fragment.data, std::string("\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80\0", 15));
}

TEST_F(DecoderTest, ReadsAnImageOfTwentyMebibytes) {
  const std::string image = R"({"id":1,"blob":")" + std::string(20 << 20, 'A') + R"("})";
  EXPECT_EQ(read_change(upsert(image)).image.json.size(), image.size());
}

TEST_F(DecoderTest, AllowsAThousandLevelsInARecordAndNotOneMore) {
  const auto nested = [](size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  const auto deep_after = [&](size_t levels) { return upsert("{\"doc\":" + nested(levels) + "}"); };
  const auto deep_unknown = [&](size_t levels) {
    return R"({"new":)" + nested(levels) + "," + upsert("{\"id\":1}").substr(1);
  };
  const auto deep_source = [&](size_t levels) {
    return with_source(R"({"new":)" + nested(levels) + R"(,"schema":"s","table":"t","ts_ns":1})");
  };
  // The record's own object is the first level, `after` and `source` are the second.
  EXPECT_TRUE(reads(deep_after(998)));
  EXPECT_EQ(reason(deep_after(999)), "too-deep");
  EXPECT_TRUE(reads(deep_source(998)));
  EXPECT_EQ(reason(deep_source(999)), "too-deep");
  EXPECT_TRUE(reads(deep_unknown(999)));
  EXPECT_EQ(reason(deep_unknown(1000)), "too-deep");
  EXPECT_TRUE(scan_image("{\"doc\":" + nested(999) + "}").ok());
  EXPECT_EQ(scan_image("{\"doc\":" + nested(1000) + "}").error().reason, "too-deep");
  EXPECT_THAT(message(deep_unknown(1000)),
              HasSubstr("record at byte 1006: nested more than 1000 levels deep"));
}

}  // namespace
}  // namespace sluice::decode
