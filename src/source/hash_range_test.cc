#include "source/hash_range.h"

#include <gtest/gtest.h>

namespace sluice::source {
namespace {

constexpr const char* kLast = "340282366920938463463374607431768211455";         // 2^128 - 1
constexpr const char* kTooMuch = "340282366920938463463374607431768211456";      // 2^128
constexpr const char* kMiddle = "170141183460469231731687303715884105727";       // 2^127 - 1
constexpr const char* kAfterMiddle = "170141183460469231731687303715884105728";  // 2^127

HashRange range(const char* first, const char* last) { return parse_hash_range(first, last).value(); }

TEST(HashRange, reads_the_decimals_up_to_the_last_key) {
  EXPECT_EQ(range("0", kLast).last, ~Uint128{0});
  EXPECT_EQ(range("0", "0").last, 0U);
}

TEST(HashRange, refuses_what_is_no_range) {
  EXPECT_FALSE(parse_hash_range("0", kTooMuch).ok());
  EXPECT_FALSE(parse_hash_range("0", "9999999999999999999999999999999999999999").ok());
  EXPECT_FALSE(parse_hash_range("5", "4").ok());
  EXPECT_FALSE(parse_hash_range("", "4").ok());
  EXPECT_FALSE(parse_hash_range("0", "-4").ok());
}

TEST(HashRange, finds_nothing_uncovered_when_the_shards_meet) {
  EXPECT_TRUE(uncovered({range("0", kLast)}).empty());
  EXPECT_TRUE(uncovered({range(kAfterMiddle, kLast), range("0", kMiddle)}).empty());
}

TEST(HashRange, accepts_ranges_that_overlap_as_a_parent_and_its_children_do) {
  EXPECT_TRUE(uncovered({range("0", kLast), range("0", kMiddle), range(kAfterMiddle, kLast)}).empty());
  EXPECT_TRUE(uncovered({range("0", kLast), range("5", "9")}).empty());
}

TEST(HashRange, finds_a_hole_of_a_single_key) {
  const std::vector<HashRange> holes = uncovered({range("0", "4"), range("6", kLast)});
  ASSERT_EQ(holes.size(), 1U);
  EXPECT_EQ(holes[0].first, 5U);
  EXPECT_EQ(holes[0].last, 5U);
}

TEST(HashRange, finds_holes_at_both_ends_and_says_how_much_they_are) {
  const std::vector<HashRange> holes = uncovered({range("1", kMiddle)});
  ASSERT_EQ(holes.size(), 2U);
  EXPECT_EQ(holes[0].first, 0U);
  EXPECT_EQ(holes[1].first, range(kAfterMiddle, kLast).first);
  EXPECT_EQ(share_text(holes), "50.0 %");
  EXPECT_EQ(share_text(uncovered({range("0", "4"), range("6", kLast)})), "less than 0.1 %");
  EXPECT_EQ(share_text(uncovered({})), "100.0 %");
}

}  // namespace
}  // namespace sluice::source
