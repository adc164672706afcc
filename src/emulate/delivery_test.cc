#include "emulate/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace sluice::emulate {
namespace {

using ::testing::Each;
using ::testing::Gt;
using ::testing::Pair;

constexpr int kRecords = 5000;

class Delivering : public ::testing::Test {
 protected:
  // Delivers "0", "1", ... and returns what came out.
  std::vector<std::string> deliver(DeliveryOptions options) {
    std::vector<std::string> out;
    Delivery delivery(options, [&out](std::string_view record) -> Result<void> {
      out.emplace_back(record);
      return {};
    });
    for (int i = 0; i < kRecords; ++i) EXPECT_TRUE(delivery.add(std::to_string(i)).ok());
    EXPECT_TRUE(delivery.flush().ok());
    counts_ = delivery.counts();
    EXPECT_EQ(counts_.delivered, static_cast<int64_t>(out.size()));
    return out;
  }
  static std::map<std::string, int> tally(const std::vector<std::string>& records) {
    std::map<std::string, int> counts;
    for (const std::string& record : records) ++counts[record];
    return counts;
  }
  // The farthest that a record's first appearance is from its place among the first appearances.
  static int64_t farthest_move(const std::vector<std::string>& records) {
    std::set<std::string> seen;
    int64_t farthest = 0;
    for (const std::string& record : records) {
      const auto place = static_cast<int64_t>(seen.size());
      if (!seen.insert(record).second) continue;
      farthest = std::max<int64_t>(farthest, std::abs(std::stoll(record) - place));
    }
    return farthest;
  }
  DeliveryCounts counts_;
};

TEST_F(Delivering, WithoutMischiefKeepsOrderAndCount) {
  const std::vector<std::string> out = deliver({.seed = 1});
  ASSERT_EQ(out.size(), size_t{kRecords});
  EXPECT_EQ(farthest_move(out), 0);
}

TEST_F(Delivering, RepeatsAboutAsManyAsAskedAndLosesNone) {
  const std::vector<std::string> out = deliver({.seed = 2, .duplicates = 0.2});
  EXPECT_EQ(tally(out).size(), size_t{kRecords});
  EXPECT_EQ(static_cast<int64_t>(out.size()), kRecords + counts_.repeats);
  EXPECT_GT(counts_.repeats, kRecords / 8);
  EXPECT_LT(counts_.repeats, kRecords / 2);
  EXPECT_EQ(farthest_move(out), 0) << "first deliveries stay in order";
}

TEST_F(Delivering, ReordersWithinTheWindow) {
  const std::vector<std::string> out = deliver({.seed = 3, .duplicates = 0.1, .reorder = 50});
  EXPECT_EQ(tally(out).size(), size_t{kRecords});
  EXPECT_GT(farthest_move(out), 25);
  EXPECT_LE(farthest_move(out), 50);
}

TEST_F(Delivering, ShufflesTheWholeRun) {
  const std::vector<std::string> out = deliver({.seed = 4, .duplicates = 1, .reorder = kShuffleAll});
  EXPECT_THAT(tally(out), Each(Pair(::testing::_, Gt(1))));
  EXPECT_GT(farthest_move(out), kRecords / 2);
}

TEST_F(Delivering, GivesTheSameForTheSameSeed) {
  const DeliveryOptions options{.seed = 5, .duplicates = 0.3, .reorder = 100};
  const std::vector<std::string> first = deliver(options);
  EXPECT_EQ(first, deliver(options));
  EXPECT_NE(first, deliver({.seed = 6, .duplicates = 0.3, .reorder = 100}));
}

TEST(Delivery, RepeatsWholeSetsAndSinglePiecesAsTheSourceWouldSendThemAgain) {
  std::map<std::string, int> out;
  Delivery delivery({.seed = 7, .duplicates = 0.5}, [&out](std::string_view record) -> Result<void> {
    ++out[std::string(record)];
    return {};
  });
  const std::vector<std::string> set = {"head at 1", "piece 0", "piece 1"};
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(delivery.add(set,
                             [] {
                               return std::vector<std::string>{"head at 2", "piece 0", "piece 1"};
                             })
                    .ok());
  }
  ASSERT_TRUE(delivery.flush().ok());
  EXPECT_EQ(out["head at 1"], 200);
  EXPECT_GT(out["head at 2"], delivery.counts().sets_again);
  EXPECT_GT(delivery.counts().pieces_again, 20);
  EXPECT_GT(delivery.counts().sets_again, 20);
  EXPECT_EQ(out["head at 2"] + out["piece 0"] + out["piece 1"], 400 + delivery.counts().repeats);
}

TEST(Delivery, HoldsNoMoreThanTheWindow) {
  size_t out = 0;
  Delivery delivery({.seed = 8, .reorder = 10}, [&out](std::string_view) -> Result<void> {
    ++out;
    return {};
  });
  for (size_t added = 1; added <= 1000; ++added) {
    ASSERT_TRUE(delivery.add("record").ok());
    ASSERT_LE(added - out, 10U);
  }
}

TEST(Delivery, PassesOnTheErrorOfTheTaker) {
  Delivery delivery({}, [](std::string_view) -> Result<void> { return refused("The disk is full."); });
  const Result<void> outcome = delivery.add("record");
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message, "The disk is full.");
}

}  // namespace
}  // namespace sluice::emulate
