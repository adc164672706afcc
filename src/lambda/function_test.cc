#include "lambda/function.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lambda/function_fixture_for_test.h"
#include "lambda/metrics.h"

namespace sluice::lambda {
namespace {

using sink::redshift::FakeDataApi;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kMinuteNs = 60'000'000'000;
const char* const kShard = "shardId-000000000000";
const std::string kNothingFailed = R"({"batchItemFailures":[]})";

std::string failed_from(const std::string& sequence) {
  return R"({"batchItemFailures":[{"itemIdentifier":")" + sequence + R"("}]})";
}

class FunctionTest : public ::testing::Test {
 protected:
  Consumed consume(const std::vector<std::string>& texts, int first_sequence = 1000, int64_t ns = kMinuteNs) {
    const change::Block block = block_of(texts, first_sequence, std::string("shop-cdc/") + kShard);
    return process.consume(block, world.redshift.clock.steady_ns() + ns);
  }
  std::string answer(std::string event, int64_t seconds = 60) {
    auto answered = process.invoke(std::move(event), world.now_ms() + seconds * 1000);
    return answered.ok() ? answered.value() : answered.error().message;
  }
  static std::vector<StreamRecord> changes(int first, int count) {
    std::vector<StreamRecord> records;
    for (int i = first; i < first + count; ++i) records.push_back({std::to_string(i), change_text(i)});
    return records;
  }

  World world;
  FunctionProcess process{world};
};

TEST_F(FunctionTest, ABatchLandsAndNothingIsAskedForAgain) {
  EXPECT_EQ(answer(kinesis_event(kShard, changes(100, 50))), kNothingFailed);
  for (int i = 100; i < 150; ++i) EXPECT_TRUE(world.has_row(kShard, std::to_string(i))) << i;
  EXPECT_THAT(process.metrics(), HasSubstr(R"("Stream":"shop-cdc","Received":50,"Landed":50,)"));
}

TEST_F(FunctionTest, PoisonIsKeptAsideWithItsBytesAndBlocksNothing) {
  const Consumed consumed = consume({change_text(1), "not json", change_text(2), R"({"type":"later"})"});
  EXPECT_FALSE(consumed.first_failed);
  EXPECT_EQ(consumed.account.landed, 2);
  EXPECT_EQ(consumed.account.quarantined, 2);
  EXPECT_EQ(consumed.account.quarantined_by_reason.at("not-json"), 1);
  ASSERT_EQ(world.kept.objects.size(), 1U);
  EXPECT_THAT(world.kept.objects.begin()->second, HasSubstr(base64_encode("not json")));
  EXPECT_THAT(world.kept.objects.begin()->second, HasSubstr(R"("sequence":"1001","reason":"not-json")"));
}

TEST_F(FunctionTest, WithoutAQuarantinePoisonFailsAndIsNeverSkipped) {
  FunctionProcess bare(world, {.has_quarantine = false, .has_fragments = true});
  const change::Block block = block_of({change_text(1), "not json", change_text(2)});
  const Consumed consumed = bare.consume(block, world.redshift.clock.steady_ns() + kMinuteNs);
  EXPECT_EQ(consumed.first_failed, 1U);
  EXPECT_EQ(consumed.account.landed, 2);
  EXPECT_EQ(consumed.account.failed, 1);
  EXPECT_THAT(consumed.trouble, HasSubstr("SLUICE_QUARANTINE"));
}

TEST_F(FunctionTest, AQuarantineThatFailsLeavesItsRecordsFailed) {
  world.kept.fault = [](const std::string&) { return unavailable("S3 is down"); };
  const Consumed consumed = consume({"not json", change_text(2)});
  EXPECT_EQ(consumed.first_failed, 0U);
  EXPECT_THAT(consumed.trouble, HasSubstr("S3 is down"));
  EXPECT_EQ(consumed.fates[1], RecordFate::Landed);
}

TEST_F(FunctionTest, ARowThatRedshiftRefusesIsQuarantinedWithItsWords) {
  std::string poison = change_text(2);
  poison.replace(poison.find(R"({"id":2})"), 8, R"({"id":2,"x":"poison"})");
  const Consumed consumed = consume({change_text(1), poison, change_text(3)});
  EXPECT_FALSE(consumed.first_failed);
  EXPECT_EQ(consumed.fates[1], RecordFate::Quarantined);
  EXPECT_THAT(world.kept.objects.begin()->second, HasSubstr(base64_encode(poison)));
  EXPECT_THAT(world.kept.objects.begin()->second, Not(HasSubstr("hush")));
}

TEST_F(FunctionTest, ADeleteOnATableWithoutAKeyIsQuarantined) {
  std::string text = change_text(1, "d");
  text.replace(text.find(R"({"id":1})"), 8, "null");
  EXPECT_EQ(consume({text}).account.quarantined_by_reason.at("keyless-delete"), 1);
}

TEST_F(FunctionTest, WhenTheSinkFailsTheLowestNumberThatIsNotDurableIsAnswered) {
  world.redshift.course = [](int) { return FakeDataApi::Course::FailNoTable; };
  // As texts "9" would come after "10".
  EXPECT_EQ(answer(kinesis_event(kShard, changes(9, 5))), failed_from("9"));
  EXPECT_THAT(process.metrics(), HasSubstr(R"("Received":5,"Landed":0,"Repeats":0,"Quarantined":0,)"
                                           R"("Waiting":0,"Failed":5)"));
}

TEST_F(FunctionTest, WithoutTimeNothingIsBegunAndEverythingComesAgain) {
  EXPECT_EQ(answer(kinesis_event(kShard, changes(1, 3)), 0), failed_from("1"));
  EXPECT_TRUE(world.redshift.seen.empty());
}

TEST_F(FunctionTest, TenThousandRecordsAndThreeSecondsLeftAnswerInTimeAndLoseNothing) {
  world.redshift.statement_ms = 900;
  const std::vector<StreamRecord> records = changes(1, 10'000);
  std::set<std::string> landed;
  size_t begin = 0;
  int invocations = 0;
  while (begin < records.size() && ++invocations < 200) {
    const int64_t deadline_ms = world.now_ms() + 3000;
    const auto answered =
        process.invoke(kinesis_event(kShard, std::span(records).subspan(begin)), deadline_ms);
    ASSERT_TRUE(answered.ok());
    EXPECT_LT(world.now_ms(), deadline_ms) << "answered too late";
    const std::string& text = answered.value();
    if (text == kNothingFailed) begin = records.size();
    for (size_t i = begin; i < records.size(); ++i) {
      if (text == failed_from(records[i].sequence)) {
        begin = i;
        break;
      }
      EXPECT_TRUE(world.has_row(kShard, records[i].sequence)) << "confirmed, but nowhere";
    }
  }
  EXPECT_EQ(begin, records.size());
  EXPECT_EQ(world.redshift.table.size(), records.size());
}

TEST_F(FunctionTest, PiecesOfOneImageMayComeInDifferentInvocations) {
  const CutImage cut = cut_image("c-1", R"({"id":7,"body":"xxxxxxxxxxxx"})", 2);
  const Consumed first = consume({cut.fragments[1], change_text(1)}, 100);
  EXPECT_EQ(first.account.waiting, 1);
  EXPECT_EQ(consume({cut.head}, 200).account.waiting, 1);
  const Consumed last = consume({cut.fragments[0]}, 300);
  EXPECT_EQ(last.account.landed, 1);
  EXPECT_EQ(last.account.rows, 1);
  EXPECT_TRUE(world.has_row(kShard, "200"));
  EXPECT_EQ(consume({cut.fragments[0]}, 300).account.repeats, 1);
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
}

TEST_F(FunctionTest, AnImageThatDoesNotLandIsNotFinished) {
  const CutImage cut = cut_image("c-1", R"({"id":7,"body":"xxxxxxxxxxxx"})", 1);
  (void)consume({cut.fragments[0]}, 100);
  world.redshift.course = [](int) { return FakeDataApi::Course::FailNoTable; };
  EXPECT_EQ(consume({cut.head}, 200).account.failed, 1);
  EXPECT_EQ(world.pieces.count("done/"), 0);
  world.redshift.course = [](int) { return FakeDataApi::Course::Finish; };
  world.redshift.clock.advance_ns(kMinuteNs);  // before that, the token finds the statement that failed
  EXPECT_EQ(consume({cut.head}, 200).account.landed, 1);
  EXPECT_EQ(world.pieces.count("done/"), 1);
}

TEST_F(FunctionTest, AnAssembledImageThatRedshiftRefusesIsQuarantinedPieceByPiece) {
  const CutImage cut = cut_image("c-1", R"({"id":7,"body":"poison"})", 2);
  (void)consume({cut.fragments[0], cut.fragments[1]}, 100);
  const Consumed last = consume({cut.head}, 200);
  EXPECT_EQ(last.account.quarantined, 1);
  EXPECT_FALSE(last.first_failed);
  for (const char* sequence : {"100", "101", "200"})
    EXPECT_TRUE(world.is_quarantined(kShard, sequence)) << sequence;
  for (const std::string& bytes : {cut.fragments[0], cut.fragments[1], cut.head})
    EXPECT_THAT(world.kept.objects.begin()->second, HasSubstr(base64_encode(bytes)));
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
}

TEST_F(FunctionTest, WithoutAPlaceForPiecesTheyFailAndTheReasonIsTold) {
  FunctionProcess bare(world, {.has_quarantine = true, .has_fragments = false});
  const change::Block block = block_of({change_text(1), cut_image("c", "{}", 1).head});
  const Consumed consumed = bare.consume(block, world.redshift.clock.steady_ns() + kMinuteNs);
  EXPECT_EQ(consumed.first_failed, 1U);
  EXPECT_THAT(consumed.trouble, HasSubstr("SLUICE_FRAGMENTS"));
}

TEST_F(FunctionTest, AKeyComesFromTheCatalogAndATableWithoutOneIsCounted) {
  catalog::Catalog catalog;
  catalog::Table table;
  table.name = {"public", "orders"};
  table.key = {"id"};
  catalog.tables[table.name] = table;
  world.keys.catalog = catalog;
  const Consumed consumed = consume({change_text(1), change_text(2, "c", "unknown")});
  EXPECT_EQ(consumed.account.rows, 2);
  EXPECT_EQ(consumed.account.rows_without_key, 1);
}

TEST_F(FunctionTest, AnUnknownEventFailsTheInvocation) {
  const auto answered = process.invoke("{}", world.now_ms() + 1000);
  ASSERT_FALSE(answered.ok());
  EXPECT_EQ(answered.error().kind, ErrorKind::Malformed);
}

class RedriveTest : public FunctionTest {
 protected:
  RedriveTest() { world.stream.shards[kShard] = changes(100, 20); }
  std::string queue_event(const std::string& body) const {
    std::string text;
    append_json_string(text, body);
    return R"({"Records":[{"messageId":"m","receiptHandle":"r","eventSource":"aws:sqs","eventSourceARN":"q","body":)" +
           text + "}]}";
  }
};

TEST_F(RedriveTest, ExactlyTheRangeIsReadAndLanded) {
  world.stream.throttles = 2;
  EXPECT_EQ(answer(queue_event(failure_document(kShard, "105", "112", 8))), kNothingFailed);
  EXPECT_EQ(world.redshift.table.size(), 8U);
  EXPECT_FALSE(world.has_row(kShard, "104"));
  EXPECT_TRUE(world.has_row(kShard, "105"));
  EXPECT_TRUE(world.has_row(kShard, "112"));
  EXPECT_FALSE(world.has_row(kShard, "113"));
}

TEST_F(RedriveTest, AMessageStaysWhileAnyRecordIsNotDurable) {
  world.redshift.course = [](int) { return FakeDataApi::Course::FailNoTable; };
  EXPECT_EQ(answer(queue_event(failure_document(kShard, "105", "112", 8))), failed_from("m"));
}

TEST_F(RedriveTest, WhatHasExpiredIsNamedExactlyTheRestLandsAndTheMessageStays) {
  auto& shard = world.stream.shards[kShard];
  shard.erase(shard.begin(), shard.begin() + 8);  // 108 is the first that is left
  FailedRange range =
      std::get<FailedRange>(parse_failure_note(failure_document(kShard, "105", "112", 8)).value());
  const Redriven redriven = process.redrive().land(range, world.redshift.clock.steady_ns() + kMinuteNs);
  EXPECT_FALSE(redriven.is_done);
  EXPECT_TRUE(redriven.has_expired);
  EXPECT_EQ(redriven.account.landed, 5);
  EXPECT_THAT(redriven.trouble, HasSubstr("LOST: the records from 105 to before 108"));
  EXPECT_THAT(redriven.trouble, HasSubstr("3 of 8 records are missing"));
  EXPECT_THAT(redriven.trouble, HasSubstr("arrived A to B"));
  EXPECT_EQ(answer(queue_event(failure_document(kShard, "105", "112", 8))), failed_from("m"));
}

TEST_F(RedriveTest, AShardThatIsGoneIsALossAndNotASuccess) {
  world.stream.shards.clear();
  FailedRange range =
      std::get<FailedRange>(parse_failure_note(failure_document(kShard, "1", "2", 2)).value());
  const Redriven redriven = process.redrive().land(range, world.redshift.clock.steady_ns() + kMinuteNs);
  EXPECT_TRUE(redriven.has_expired);
  EXPECT_THAT(redriven.trouble, HasSubstr("neither this shard nor these records"));
}

TEST_F(RedriveTest, AnExpiredRangeWhoseDocumentHasTheEventLandsFromIt) {
  const std::vector<StreamRecord> lost = world.stream.shards[kShard];
  world.stream.shards[kShard].clear();
  FailedRange range =
      std::get<FailedRange>(parse_failure_note(failure_document(kShard, "100", "119", 20)).value());
  range.payload = kinesis_event(kShard, lost);
  const Redriven redriven = process.redrive().land(range, world.redshift.clock.steady_ns() + kMinuteNs);
  EXPECT_TRUE(redriven.is_done) << redriven.trouble;
  EXPECT_EQ(world.redshift.table.size(), 20U);
  range.payload = kinesis_event(kShard, std::span(lost).subspan(1));
  EXPECT_FALSE(process.redrive().land(range, world.redshift.clock.steady_ns() + kMinuteNs).is_done);
}

TEST_F(RedriveTest, RecordsOfEightMebibytesAndPiecesThatCameByBothWaysLand) {
  std::string large = change_text(900);
  large.replace(large.find(R"({"id":900})"), 10,
                R"({"id":900,"body":")" + std::string(size_t{8} << 20, 'y') + R"("})");
  const CutImage cut = cut_image("c-1", R"({"id":7,"body":"xxxxxxxxxxxx"})", 2);
  EXPECT_EQ(consume({cut.head, cut.fragments[1]}, 10).account.waiting, 2);
  world.stream.shards[kShard] = {{"500", large}, {"501", cut.fragments[0]}};
  world.redshift.max_statement_bytes = size_t{1} << 30;
  const std::string answered = answer(queue_event(failure_document(kShard, "500", "501", 2)));
  EXPECT_EQ(answered, kNothingFailed);
  EXPECT_TRUE(world.has_row(kShard, "500") || world.is_quarantined(kShard, "500"));
  EXPECT_TRUE(world.has_row(kShard, "10"));
}

TEST_F(RedriveTest, ABucketsDocumentIsRemovedOnlyOnceItsRangeIsDurable) {
  world.documents["d"] = failure_document(kShard, "105", "112", 8);
  const std::string notice =
      R"({"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"b"},"object":{"key":"d"}}}]})";
  world.redshift.course = [](int) { return FakeDataApi::Course::FailNoTable; };
  EXPECT_FALSE(process.invoke(notice, world.now_ms() + 60'000).ok());
  EXPECT_EQ(world.documents.size(), 1U);
  world.redshift.course = [](int) { return FakeDataApi::Course::Finish; };
  world.redshift.clock.advance_ns(kMinuteNs);  // before that, the token finds the statement that failed
  EXPECT_TRUE(process.invoke(notice, world.now_ms() + 60'000).ok());
  EXPECT_TRUE(world.documents.empty());
}

TEST(MetricsTest, ALineIsOneJsonObjectWithBoundedValues) {
  Account account;
  account.received = account.landed = account.rows = 1000;
  for (int i = 0; i < 1000; ++i) account.commit_to_landed_ms.push_back(1000 - i);
  const std::string line = metrics_line(account, "s\"1", 1'790'000'000'123'456'789);
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(line).value();
  EXPECT_EQ(int64_t(json["_aws"]["Timestamp"]), 1'790'000'000'123);
  EXPECT_EQ(std::string_view(json["Stream"]), "s\"1");
  EXPECT_EQ(json["CommitToLanded"].get_array().size(), 100U);
  EXPECT_EQ(int64_t(json["CommitToLanded"].at(0)), 1);
  EXPECT_EQ(int64_t(json["CommitToLanded"].at(99)), 1000);
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace sluice::lambda
