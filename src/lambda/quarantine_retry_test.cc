#include "lambda/quarantine_retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lambda/function_fixture_for_test.h"

namespace sluice::lambda {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kShard = "shardId-000000000000";
constexpr int64_t kMinuteNs = int64_t{60} * 1'000'000'000;

class QuarantineRetryTest : public ::testing::Test {
 protected:
  // Keeps the texts as one delivery's poison, numbered from `first_sequence` on.
  void keep(const std::vector<std::string>& texts, int first_sequence = 100,
            const std::string& reason = "bad-once") {
    const change::Block block = block_of(texts, first_sequence);
    std::vector<change::QuarantinedRecord> records;
    for (const change::RawRecord& record : block.records)
      records.push_back(
          {record.position, reason, "it was \"bad\".\n", "", record.bytes, 1'790'000'000'123'456'789});
    ASSERT_THAT(ObjectQuarantine(world.kept).keep(records).trouble, IsEmpty());
  }
  std::vector<KeptRecord> all() {
    std::vector<KeptRecord> found;
    for (const std::string& object : reader.objects().value())
      for (KeptRecord& record : reader.read(object).value()) found.push_back(std::move(record));
    return found;
  }
  Result<void> retry_all() {
    std::set<int64_t> ids;
    for (const KeptRecord& record : all()) ids.insert(record.id);
    return retry(ids);
  }
  Result<void> retry(const std::set<int64_t>& ids) {
    for (const std::string& object : reader.objects().value())
      TRY(retrier.retry(object, ids, world.redshift.clock.steady_ns() + kMinuteNs, outcome));
    return {};
  }

  World world;
  KeptRecords reader{world.kept};
  LanderRowStore rows{world.redshift.api(), world.redshift.clock, world.redshift.sleeper};
  SharedFragments fragments{world.pieces, world.redshift.clock};
  QuarantineRetry retrier{world.kept, rows, &fragments, world.keys, world.redshift.clock};
  Retried outcome;
};

TEST_F(QuarantineRetryTest, ALineReadsBackAsItWasWritten) {
  keep({std::string("\0\xFF{", 3)});
  const std::vector<KeptRecord> found = all();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].bytes, std::string("\0\xFF{", 3));
  EXPECT_EQ(found[0].shard, "shop-cdc/shardId-000000000000");
  EXPECT_EQ(found[0].sequence, "100");
  EXPECT_EQ(found[0].reason, "bad-once");
  EXPECT_EQ(found[0].message, "it was \"bad\".\n");
  EXPECT_EQ(found[0].first_seen_ns, 1'790'000'000'123'456'789);
  EXPECT_EQ(found[0].id, all()[0].id);
  EXPECT_FALSE(parse_kept_line("o", R"({"shard":"s"})"));
}

TEST_F(QuarantineRetryTest, WhatLandsLeavesTheQuarantineAndWhatIsRefusedAgainStaysAsItIs) {
  keep({change_text(1), "not json", change_text(2)});
  const std::vector<KeptRecord> before = all();
  ASSERT_TRUE(retry_all());
  EXPECT_TRUE(world.has_row(kShard, "100"));
  EXPECT_TRUE(world.has_row(kShard, "102"));
  const std::vector<KeptRecord> after = all();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].line, before[1].line);
  EXPECT_EQ(after[0].id, before[1].id);
  EXPECT_EQ(outcome.tried, 3);
  EXPECT_EQ(outcome.landed, 2);
  EXPECT_EQ(outcome.refused, 1);
  EXPECT_EQ(outcome.refused_by_reason.at("not-json"), 1);
}

TEST_F(QuarantineRetryTest, AnObjectIsRemovedWithItsLastRecord) {
  keep({change_text(1), change_text(2)});
  ASSERT_TRUE(retry_all());
  EXPECT_THAT(world.kept.objects, IsEmpty());
}

TEST_F(QuarantineRetryTest, OnlyWhatWasChosenIsTried) {
  keep({change_text(1), change_text(2)});
  keep({change_text(3)}, 200);
  ASSERT_TRUE(retry({all()[1].id}));
  EXPECT_EQ(all().size(), 2U);
  EXPECT_FALSE(world.has_row(kShard, "100"));
  EXPECT_TRUE(world.has_row(kShard, "101"));
  EXPECT_FALSE(world.has_row(kShard, "200"));
}

TEST_F(QuarantineRetryTest, WhatDoesNotBecomeDurableStays) {
  keep({change_text(1)});
  world.redshift.course = [](int) { return sink::redshift::FakeDataApi::Course::FailNoTable; };
  const auto done = retry_all();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("cdc_events does not exist"));
  EXPECT_EQ(all().size(), 1U);
}

TEST_F(QuarantineRetryTest, ARowThatLandedLeavesAtTheNextTryWhenItCouldNotBeTakenOut) {
  keep({change_text(1)});
  world.kept.fault = [](const std::string& call) -> std::optional<Error> {
    if (call.starts_with("remove")) return unavailable("S3 is down");
    return std::nullopt;
  };
  EXPECT_FALSE(retry_all());
  EXPECT_EQ(all().size(), 1U);
  world.kept.fault = [](const std::string&) { return std::nullopt; };
  ASSERT_TRUE(retry_all());
  EXPECT_THAT(world.kept.objects, IsEmpty());
}

TEST_F(QuarantineRetryTest, PiecesThatExpiredAndTheOneThatCameTooLateArePutTogether) {
  const CutImage cut = cut_image("c-1", R"({"id":7,"body":"long"})", 2);
  FunctionProcess process(world);
  const auto take = [&](const std::string& text, int sequence) {
    const change::Block block = block_of({text}, sequence);
    EXPECT_FALSE(process.consume(block, world.redshift.clock.steady_ns() + kMinuteNs).first_failed);
  };
  take(cut.fragments[0], 100);
  take(cut.head, 200);
  world.redshift.clock.advance_ns(int64_t{9} * 86'400 * 1'000'000'000);
  for (int i = 0; i < 4; ++i) {
    const std::vector<StreamRecord> records = {{std::to_string(900 + i), change_text(900 + i)}};
    ASSERT_TRUE(process.invoke(kinesis_event(kShard, records), world.now_ms() + 60'000).ok());
  }
  take(cut.fragments[1], 300);
  ASSERT_EQ(all().size(), 3U);
  ASSERT_TRUE(retry_all());
  EXPECT_TRUE(world.has_row(kShard, "200"));
  EXPECT_THAT(world.kept.objects, IsEmpty());
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
}

TEST_F(QuarantineRetryTest, ARejectedImageKeepsItsPiecesWhereverTheyCameFrom) {
  // The head is no row: its pieces were retried from one object, the head from another.
  const CutImage cut = cut_image("c-1", "no json", 2);
  keep({cut.fragments[0], cut.fragments[1]}, 100);
  keep({cut.head}, 900);
  ASSERT_TRUE(retry_all());
  std::set<std::string> kept;
  for (const KeptRecord& record : all()) kept.insert(record.bytes);
  EXPECT_EQ(kept, (std::set<std::string>{cut.head, cut.fragments[0], cut.fragments[1]}));
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
}

TEST_F(QuarantineRetryTest, ARejectedImageWhosePiecesStandTogetherStaysWhole) {
  const CutImage cut = cut_image("c-1", "no json", 2);
  keep({cut.fragments[0], cut.fragments[1], cut.head, change_text(1)});
  ASSERT_TRUE(retry_all());
  std::set<std::string> kept;
  for (const KeptRecord& record : all()) kept.insert(record.bytes);
  EXPECT_EQ(kept, (std::set<std::string>{cut.head, cut.fragments[0], cut.fragments[1]}));
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
  EXPECT_EQ(outcome.refused, 3);
  EXPECT_EQ(outcome.landed, 1);
}

TEST_F(QuarantineRetryTest, WhatAnotherProgramHasWrittenIsNamedAndLeftAlone) {
  world.kept.objects["quarantine/x.ndjson"] = "hello\n";
  const auto read = reader.read("quarantine/x.ndjson");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("quarantine/x.ndjson"));
}

}  // namespace
}  // namespace sluice::lambda
