#include "source/read_pace.h"

#include <gtest/gtest.h>

namespace sluice::source {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr size_t kMiB = size_t{1} << 20;

TEST(ReadPace, allows_five_reads_a_second) {
  ReadPace pace{PaceLimits()};
  EXPECT_EQ(pace.next_ns(), 0);
  pace.read(1000 * kMs, 100, false);
  EXPECT_EQ(pace.next_ns(), 1200 * kMs);
}

TEST(ReadPace, waits_five_seconds_after_ten_mebibytes) {
  ReadPace pace{PaceLimits()};
  pace.read(0, 10 * kMiB, false);
  EXPECT_EQ(pace.next_ns(), 5000 * kMs);
  pace.read(5000 * kMs, kMiB, false);
  EXPECT_EQ(pace.next_ns(), 5500 * kMs);
}

TEST(ReadPace, reads_an_idle_shard_less_often) {
  ReadPace pace{PaceLimits()};
  pace.read(0, 0, true);
  EXPECT_EQ(pace.next_ns(), 500 * kMs);
}

TEST(ReadPace, slows_down_when_others_use_the_shard_and_recovers) {
  ReadPace pace{PaceLimits()};
  for (int i = 0; i < 3; ++i) pace.throttled(0, 1);
  EXPECT_EQ(pace.next_ns(), 1600 * kMs);
  pace.read(0, 0, false);
  const int64_t after_one_page = pace.next_ns();
  EXPECT_LT(after_one_page, 1600 * kMs);
  EXPECT_GT(after_one_page, 1000 * kMs) << "one page does not make up for three refusals";
  for (int i = 0; i < 30; ++i) pace.read(0, 0, false);
  EXPECT_EQ(pace.next_ns(), 200 * kMs);
}

TEST(ReadPace, never_waits_longer_than_stated_however_often_it_is_throttled) {
  ReadPace pace{PaceLimits()};
  for (int i = 0; i < 100; ++i) pace.throttled(0, 1);
  EXPECT_EQ(pace.next_ns(), 10'000 * kMs);
}

TEST(ReadPace, takes_a_random_part_off_so_that_readers_do_not_come_back_together) {
  ReadPace early{PaceLimits()};
  ReadPace late{PaceLimits()};
  early.throttled(0, 0);
  late.throttled(0, 1);
  EXPECT_EQ(early.next_ns(), 200 * kMs);
  EXPECT_EQ(late.next_ns(), 400 * kMs);
}

TEST(ReadPace, counts_failures_until_a_page_comes) {
  ReadPace pace{PaceLimits()};
  pace.failed(0, 0);
  EXPECT_EQ(pace.next_ns(), 200 * kMs) << "never sooner than reads are allowed";
  pace.failed(0, 9000 * kMs);
  EXPECT_EQ(pace.next_ns(), 9000 * kMs);
  EXPECT_EQ(pace.failures(), 2);
  pace.read(0, 0, false);
  EXPECT_EQ(pace.failures(), 0);
  EXPECT_EQ(pace.next_ns(), 200 * kMs);
}

}  // namespace
}  // namespace sluice::source
