#include "lambda/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lambda/function_fixture_for_test.h"

namespace sluice::lambda {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kShard = "shardId-000000000000";
constexpr int64_t kDayNs = int64_t{86'400} * 1'000'000'000;

// A function whose every batch brings one row, so that only what a sweep does is left to be looked at.
class SweepTest : public ::testing::Test {
 protected:
  void take(const std::vector<std::string>& texts, int first_sequence) {
    const change::Block block = block_of(texts, first_sequence);
    const Consumed consumed = process.consume(block, world.redshift.clock.steady_ns() + 60'000'000'000);
    ASSERT_FALSE(consumed.first_failed) << consumed.trouble;
  }
  void batch(int64_t seconds = 60) {
    const std::vector<StreamRecord> records = {{std::to_string(++sequence_), change_text(sequence_)}};
    ASSERT_TRUE(process.invoke(kinesis_event(kShard, records), world.now_ms() + seconds * 1000).ok());
  }
  // So many that every list has been looked at.
  void batches(int count = 6) {
    for (int i = 0; i < count; ++i) batch();
  }
  void days_pass(int days) { world.redshift.clock.advance_ns(days * kDayNs); }

  World world;
  FunctionProcess process{world};
  const CutImage cut = cut_image("c-1", R"({"id":7,"body":"long"})", 3);

 private:
  int sequence_ = 5000;
};

TEST_F(SweepTest, WhatNeverBecomesWholeGoesToQuarantineWithEverythingThatArrived) {
  take({cut.fragments[0], cut.head}, 100);
  days_pass(7);
  batches();
  EXPECT_EQ(world.pieces.count("pieces/"), 2);
  days_pass(2);
  batches();
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
  ASSERT_EQ(world.kept.objects.size(), 1U);
  const std::string& lines = world.kept.objects.begin()->second;
  for (const std::string& bytes : {cut.fragments[0], cut.head})
    EXPECT_THAT(lines, HasSubstr(base64_encode(bytes)));
  EXPECT_THAT(lines, HasSubstr(R"("reason":"incomplete-chunk")"));
  EXPECT_THAT(lines, HasSubstr(R"("chunk_id":"c-1")"));
  EXPECT_THAT(lines, HasSubstr(R"("sequence":"100")"));
  EXPECT_THAT(process.metrics(), HasSubstr(R"("Expired":2)"));
  // What comes after all is put beside it, and nothing waits for ever.
  take({cut.fragments[1]}, 300);
  EXPECT_TRUE(world.is_quarantined(kShard, "300"));
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
}

TEST_F(SweepTest, NothingGoesBeforeItIsInQuarantine) {
  take({cut.fragments[0]}, 100);
  days_pass(9);
  world.kept.fault = [](const std::string&) { return unavailable("S3 is down"); };
  batches();
  EXPECT_EQ(world.pieces.count("pieces/"), 1);
  EXPECT_EQ(world.pieces.count("done/"), 0);
  world.kept.fault = [](const std::string&) { return std::nullopt; };
  days_pass(1);
  batches();
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
  EXPECT_TRUE(world.is_quarantined(kShard, "100"));
}

TEST_F(SweepTest, WhatIsWholeAfterAllIsLandedAndNotQuarantined) {
  // Its last piece was written by a process that was killed, and given up by the mapping.
  take({cut.fragments[0], cut.fragments[1], cut.fragments[2]}, 100);
  World other;
  FunctionProcess elsewhere(other);
  const change::Block block = block_of({cut.head}, 200);
  (void)elsewhere.consume(block, other.redshift.clock.steady_ns() + 60'000'000'000);
  for (const auto& [key, body] : other.pieces.objects) world.pieces.objects[key] = body;
  days_pass(9);
  batches();
  EXPECT_TRUE(world.has_row(kShard, "200"));
  EXPECT_THAT(world.kept.objects, IsEmpty());
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
  EXPECT_EQ(world.pieces.count("done/"), 1);
}

TEST_F(SweepTest, WhatAnEndedRecordLeftBehindIsRemoved) {
  take({cut.fragments[0]}, 100);
  const auto left = *world.pieces.objects.begin();
  take({cut.fragments[1], cut.fragments[2], cut.head}, 101);
  world.pieces.objects.insert(left);
  days_pass(9);
  batches();
  EXPECT_EQ(world.pieces.count("pieces/"), 0);
  EXPECT_THAT(world.kept.objects, IsEmpty());
}

TEST_F(SweepTest, ABatchLooksThroughOneListAndAfterAllOfThemIsLeftAloneForAnHour) {
  for (int i = 0; i < 10; ++i)
    take({cut_image("c-" + std::to_string(i), R"({"id":1})", 2).fragments[0]}, 100 + i);
  world.pieces.objects_a_page = 3;
  int lists = 0;
  world.pieces.fault = [&lists](const std::string& call) -> std::optional<Error> {
    lists += call == "list pieces/" ? 1 : 0;
    return std::nullopt;
  };
  batch();
  EXPECT_EQ(lists, 1);
  batches(20);
  const int all = lists;
  EXPECT_LE(all, 8);
  batches(20);
  EXPECT_EQ(lists, all);
  world.redshift.clock.advance_ns(int64_t{3'700} * 1'000'000'000);
  batch();
  EXPECT_EQ(lists, all + 1);
}

TEST_F(SweepTest, WithoutTimeForItNothingIsBegun) {
  take({cut.fragments[0]}, 100);
  days_pass(9);
  for (int i = 0; i < 5; ++i) batch(2);
  EXPECT_EQ(world.pieces.count("pieces/"), 1);
}

TEST_F(SweepTest, ARecordThatExpiredIsPutTogetherAnewOnceItIsForgotten) {
  take({cut.fragments[0], cut.head}, 100);
  days_pass(9);
  batches();
  SharedFragments fragments(world.pieces, world.redshift.clock);
  Arena arena;
  decode::Decoder decoder;
  decode::Decoded decoded;
  const change::Block block = block_of({cut.head}, 101);
  ASSERT_TRUE(decoder.decode(block.records[0], arena, decoded).ok());
  ASSERT_TRUE(fragments.forget(DecodedPiece(std::get<change::ChunkedHead>(decoded))).ok());
  take({cut.fragments[0], cut.fragments[1], cut.fragments[2], cut.head}, 400);
  EXPECT_TRUE(world.has_row(kShard, "403"));
  // One that landed is not forgotten.
  ASSERT_TRUE(fragments.forget(DecodedPiece(std::get<change::ChunkedHead>(decoded))).ok());
  EXPECT_EQ(world.pieces.count("done/"), 1);
}

}  // namespace
}  // namespace sluice::lambda
