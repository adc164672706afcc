#include "app/run_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::app {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000'000;

// A run that is unhealthy after 300 s.
class RunWatchTest : public ::testing::Test {
 protected:
  void snapshot(int64_t read, int64_t durable, int64_t behind_ms = 0) {
    pipeline::Snapshot snapshot;
    snapshot.books.read = read;
    snapshot.books.landed = durable;
    snapshot.books.quarantined = quarantined_;
    snapshot.durable = durable;
    snapshot.source.unread_since_ns = unread_since_ns_;
    snapshot.source.shards = {
        {.shard = "shop/shardId-\"0\"", .position = "", .behind_ms = behind_ms, .records = 7}};
    watch_.note(snapshot);
  }
  void pass(int64_t seconds) { clock_.advance_ns(seconds * kSecond); }

  ManualClock clock_{1'790'000'000 * kSecond};
  RunWatch watch_{clock_, 300'000};
  int64_t quarantined_ = 0;
  int64_t unread_since_ns_ = 0;
};

TEST_F(RunWatchTest,
       F18_records_that_are_read_and_do_not_become_durable_are_unhealthy_after_the_stated_time) {
  snapshot(100, 40);
  pass(300);
  snapshot(100, 40);
  EXPECT_TRUE(watch_.health().good);
  pass(1);
  snapshot(100, 40);
  EXPECT_FALSE(watch_.health().good);
  EXPECT_THAT(watch_.health().text, HasSubstr("60 records are read and not durable"));
  snapshot(100, 41);
  EXPECT_TRUE(watch_.health().good);
}

TEST_F(RunWatchTest, F18_records_that_wait_in_the_stream_while_nothing_becomes_durable_are_unhealthy) {
  snapshot(100, 100, 60'000);
  pass(301);
  snapshot(100, 100, 60'000);
  EXPECT_FALSE(watch_.health().good);
  EXPECT_THAT(watch_.health().text, HasSubstr("records wait in the source"));
}

TEST_F(RunWatchTest, reading_towards_the_tip_through_empty_pages_is_healthy) {
  snapshot(100, 100, 9'000'000);
  pass(301);
  snapshot(100, 100, 8'000'000);
  EXPECT_TRUE(watch_.health().good);
}

TEST_F(RunWatchTest, a_source_with_nothing_new_is_healthy_for_ever) {
  snapshot(100, 100);
  pass(86'400);
  snapshot(100, 100);
  EXPECT_TRUE(watch_.health().good);
}

TEST_F(RunWatchTest, a_source_that_cannot_be_read_is_unhealthy_although_nothing_is_known_to_wait) {
  unread_since_ns_ = clock_.steady_ns();
  snapshot(100, 100);
  EXPECT_TRUE(watch_.health().good);
  pass(301);
  snapshot(100, 100);
  EXPECT_FALSE(watch_.health().good);
  EXPECT_THAT(watch_.health().text, HasSubstr("has not been readable"));
}

TEST_F(RunWatchTest, a_pipeline_that_says_nothing_is_unhealthy) {
  snapshot(100, 100);
  pass(301);
  EXPECT_FALSE(watch_.health().good);
}

TEST_F(RunWatchTest, a_change_of_health_is_a_line_once) {
  snapshot(2, 1);
  EXPECT_TRUE(watch_.take_lines().empty());
  pass(301);
  snapshot(2, 1);
  const auto bad = watch_.take_lines();
  ASSERT_EQ(bad.size(), 1U);
  EXPECT_EQ(bad[0].level, LogLevel::Error);
  EXPECT_TRUE(watch_.take_lines().empty());
  snapshot(2, 2);
  const auto good = watch_.take_lines();
  ASSERT_EQ(good.size(), 1U);
  EXPECT_THAT(good[0].text, HasSubstr("healthy again"));
}

TEST_F(RunWatchTest, quarantined_records_are_a_line_once_a_minute) {
  quarantined_ = 2;
  snapshot(2, 2);
  ASSERT_EQ(watch_.take_lines().size(), 1U);
  quarantined_ = 5;
  snapshot(5, 5);
  EXPECT_TRUE(watch_.take_lines().empty());
  pass(60);
  const auto lines = watch_.take_lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0].text, HasSubstr("3 records went to quarantine (5 in this run)"));
}

TEST_F(RunWatchTest, metrics_count_and_escape_labels) {
  quarantined_ = 3;
  snapshot(100, 40, 1'500);
  const std::string text = watch_.metrics();
  EXPECT_THAT(text, HasSubstr("\nsluice_read_records_total 100\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_durable_records_total 40\n"));
  EXPECT_THAT(text, HasSubstr("\nsluice_quarantined_records_total 3\n"));
  EXPECT_THAT(text, HasSubstr("sluice_shard_behind_seconds{shard=\"shop/shardId-\\\"0\\\"\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("sluice_healthy 1\n"));
}

}  // namespace
}  // namespace sluice::app
