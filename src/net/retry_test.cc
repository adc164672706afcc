#include "net/retry.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::net {
namespace {

// Sleeps by turning the clock.
class CountingSleeper final : public Sleeper {
 public:
  explicit CountingSleeper(ManualClock& clock) : clock_(clock) {}
  bool sleep_ms(int64_t ms) override {
    slept.push_back(ms);
    clock_.advance_ns(ms * 1'000'000);
    return static_cast<int>(slept.size()) != stop_at;
  }
  std::vector<int64_t> slept;
  int stop_at = -1;

 private:
  ManualClock& clock_;
};

class RetryTest : public ::testing::Test {
 protected:
  // Fails so many times with this kind, then succeeds; gives the number of attempts.
  int attempts(ErrorKind kind, int failures) {
    int made = 0;
    last = retry(policy, clock, sleeper, [&]() -> Result<int> {
      if (++made <= failures) return Error{kind, {}, "failure " + std::to_string(made)};
      return made;
    });
    return made;
  }

  RetryPolicy policy;
  ManualClock clock{1};
  CountingSleeper sleeper{clock};
  Result<int> last = 0;
};

TEST_F(RetryTest, WhatMayPassIsTriedAgainAndWhatWillNotIsNot) {
  EXPECT_EQ(attempts(ErrorKind::Unavailable, 3), 4);
  EXPECT_EQ(attempts(ErrorKind::Throttled, 3), 4);
  EXPECT_EQ(attempts(ErrorKind::Refused, 3), 1);
  EXPECT_EQ(attempts(ErrorKind::Malformed, 3), 1);
  EXPECT_EQ(attempts(ErrorKind::OutcomeUnknown, 3), 1);
  policy.repeatable = true;
  EXPECT_EQ(attempts(ErrorKind::OutcomeUnknown, 3), 4);
}

TEST_F(RetryTest, TheDeadlineEndsItWithTheLastError) {
  policy.deadline_ms = 5000;
  const int made = attempts(ErrorKind::Unavailable, 1'000'000);
  EXPECT_EQ(last.error().message, "failure " + std::to_string(made));
  EXPECT_LE(clock.steady_ns(), 5'000'000'001);
  EXPECT_GT(made, 3);
}

TEST_F(RetryTest, AStopEndsItAtOnce) {
  sleeper.stop_at = 2;
  EXPECT_EQ(attempts(ErrorKind::Unavailable, 100), 2);
}

TEST(Backoff, GrowsToItsLimitAndIsSpreadOverAllOfIt) {
  const RetryPolicy policy{.first_delay_ms = 100, .max_delay_ms = 1000};
  Backoff backoff(policy, 1);
  const std::vector<int64_t> limits = {100, 200, 400, 800, 1000, 1000};
  for (size_t failures = 1; failures <= limits.size(); ++failures) {
    const int64_t limit = limits[failures - 1];
    int64_t least = limit;
    int64_t most = 0;
    for (int i = 0; i < 1000; ++i) {
      const int64_t delay = backoff.delay_ms(static_cast<int>(failures), ErrorKind::Unavailable);
      least = std::min(least, delay);
      most = std::max(most, delay);
      EXPECT_GE(backoff.delay_ms(static_cast<int>(failures), ErrorKind::Throttled), limit / 2);
    }
    EXPECT_LT(least, limit / 10);
    EXPECT_GT(most, limit * 9 / 10);
    EXPECT_LE(most, limit);
  }
}

}  // namespace
}  // namespace sluice::net
