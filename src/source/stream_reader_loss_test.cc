// What can be lost in Kinesis, and that it is said: starts, expired records, vanished shards, other streams.
#include "source/reader_fixture_for_test.h"
#include "source/stream_reader.h"

namespace sluice::source {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Kind = ShardPosition::Kind;

class StreamReaderLossTest : public ReaderFixture {
 protected:
  // What was put so far need not land.
  void forget_what_was_put() { put_.clear(); }
  int64_t expired() { return reader_->progress().expired_unread; }
};

TEST_F(StreamReaderLossTest, R6_latest_reads_what_comes_after_the_start_and_no_history) {
  put(100);
  forget_what_was_put();
  pass(kHourMs);
  options_.until_end = false;
  options_.start.kind = Kind::Latest;
  start();
  read_for(2000);
  put(30, 20);
  read_for(2000);
  expect_everything_landed();
}

TEST_F(StreamReaderLossTest, R6_latest_never_holds_for_a_child_or_for_a_second_run) {
  options_.until_end = false;
  options_.start.kind = Kind::Latest;
  start();
  read_for(2000);
  // Between two runs: nothing was in the ledger but the starts.
  put(40);
  model_.split(model_.open_shards()[1]);
  put(40);
  pass(600'000);
  start();
  read_for(5000);
  model_.merge(model_.open_shards()[0], model_.open_shards()[1]);
  put(40);
  read_for(5000);
  expect_everything_landed();
  EXPECT_EQ(model_.iterators_by_type["LATEST"], 4);
}

TEST_F(StreamReaderLossTest, R6_latest_does_not_read_what_was_closed_before_not_even_in_the_second_run) {
  put(50);
  const std::string parent = model_.open_shards()[0];
  model_.split(parent);
  forget_what_was_put();
  pass(kHourMs);
  options_.start.kind = Kind::Latest;
  read_to_end();
  EXPECT_EQ(saved(parent), "1:skipped");
  start();
  read_to_end();
  EXPECT_THAT(landed_, IsEmpty());
}

TEST_F(StreamReaderLossTest, a_start_at_a_time_outlives_a_restart_before_the_first_record) {
  put(50);
  pass(kHourMs);
  forget_what_was_put();
  options_.start = {Kind::At, clock_.wall_ns() / kMs};
  read_to_end();
  EXPECT_THAT(landed_, IsEmpty());
  put(50, 20);
  options_.start = {Kind::TrimHorizon, 0};  // counts no more
  start();
  read_to_end();
  expect_everything_landed();
}

TEST_F(StreamReaderLossTest,
       records_that_expired_between_two_runs_are_told_and_counted_and_the_rest_is_read) {
  put(100);
  read_to_end();
  put(100);
  forget_what_was_put();
  landed_.clear();
  pass(30 * kHourMs);
  put(60, 20);
  start();
  read_to_end();
  expect_everything_landed();
  EXPECT_THAT(notices(), HasSubstr("RECORDS MAY BE LOST"));
  EXPECT_THAT(notices(), HasSubstr("expired unread"));
  EXPECT_EQ(expired(), 4);
}

TEST_F(StreamReaderLossTest,
       a_position_that_the_stream_refuses_is_told_once_and_read_from_the_oldest_record) {
  model_.refuses_expired_positions = true;
  put(100);
  read_to_end();
  put(100);
  forget_what_was_put();
  landed_.clear();
  pass(30 * kHourMs);
  put(60, 20);
  start();
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(expired(), 4) << notices();
  EXPECT_THAT(notices(), HasSubstr("read again from its oldest record"));
}

TEST_F(StreamReaderLossTest, nothing_is_told_when_a_quiet_stream_was_read_all_the_time) {
  put(20);
  options_.until_end = false;
  options_.pace.idle_ms = 60'000;  // only so that forty hours pass in fewer steps
  start();
  read_for(40 * kHourMs);  // the last record is long gone
  options_.pace.idle_ms = 500;
  start();
  read_for(5000);
  EXPECT_EQ(expired(), 0) << notices();
  put(20, 20);
  read_for(5000);
  expect_everything_landed();
}

TEST_F(StreamReaderLossTest, a_shard_that_vanished_half_read_is_told_in_the_run_that_finds_out) {
  put(100);
  read_to_end();
  const std::string parent = model_.open_shards()[0];
  put(100);
  model_.split(parent);
  pass(30 * kHourMs);  // the parent is gone, with what was put last
  forget_what_was_put();
  landed_.clear();
  put(50, 20);
  start();
  read_to_end();
  expect_everything_landed();
  EXPECT_THAT(notices(), HasSubstr(parent + " was read up to"));
  EXPECT_THAT(notices(), HasSubstr("does not have it any more"));
  EXPECT_THAT(saved(parent), StartsWith("1:lost:"));
  start();
  read_to_end();
  EXPECT_EQ(expired(), 0) << "it is known by now";
}

TEST_F(StreamReaderLossTest, a_shard_that_was_read_to_its_end_may_vanish) {
  put(100);
  model_.split(model_.open_shards()[0]);
  read_to_end();
  pass(23 * kHourMs);
  start();
  read_to_end();
  pass(2 * kHourMs);
  start();
  read_to_end();
  EXPECT_EQ(expired(), 0) << notices();
  expect_everything_landed();
}

TEST_F(StreamReaderLossTest, a_stream_that_was_made_again_is_read_from_its_start_whatever_the_start_is) {
  put(100);
  const std::string first = model_.open_shards()[0];
  model_.split(first);
  read_to_end();
  EXPECT_EQ(saved(first), "1:end");
  forget_what_was_put();
  landed_.clear();
  model_.make_again();  // its only shard has the name of the one that was read to its end
  put(50, 20);
  options_.start.kind = Kind::Latest;
  start();
  read_to_end();
  expect_everything_landed();
  EXPECT_THAT(notices(), HasSubstr("was made again"));
}

TEST_F(StreamReaderLossTest, a_stream_that_is_made_again_while_it_is_read_ends_the_run) {
  options_.until_end = false;
  put(50);
  start();
  read_for(5000);
  model_.make_again();
  put(50, 20);
  read_for(120'000);
  ASSERT_TRUE(reader_->failure());
  EXPECT_EQ(reader_->failure()->kind, ErrorKind::Unavailable) << "the next run reads the new one";
  EXPECT_THAT(reader_->failure()->message, HasSubstr("made again while it was read"));
}

TEST_F(StreamReaderLossTest, a_position_of_a_newer_version_is_refused_and_not_guessed) {
  read_to_end();
  for (auto& [shard, position] : ledger_) position = "2:beyond:everything";
  start();
  read_for(5000);
  ASSERT_TRUE(reader_->failure());
  EXPECT_EQ(reader_->failure()->kind, ErrorKind::Refused);
  EXPECT_THAT(reader_->failure()->message, HasSubstr("2:beyond:everything"));
}

TEST_F(StreamReaderLossTest, R13_open_shards_that_do_not_cover_all_keys_are_told_after_a_second_look) {
  model_.shard(model_.open_shards()[1]).closed = true;
  put(50);
  read_to_end();
  EXPECT_THAT(notices(), HasSubstr("do not cover 25.0 % of the hash keys"));
}

TEST_F(StreamReaderLossTest, F18_a_shard_that_falls_behind_half_of_what_the_stream_keeps_is_told_once) {
  options_.until_end = false;
  options_.ahead_bytes = size_t{1} << 20;
  start();
  put(400, 100'000);
  sink_is_down_ = true;
  read_for(2000);
  EXPECT_THAT(notices(), Not(HasSubstr("late")));
  read_for(13 * kHourMs);
  sink_is_down_ = false;
  read_for(600'000);
  const std::string told = notices();
  EXPECT_THAT(told, HasSubstr("late, and the stream keeps its records for 24 h"));
  EXPECT_THAT(told, HasSubstr("has caught up"));
  expect_everything_landed();
}

TEST_F(StreamReaderLossTest, F18_a_sink_that_takes_nothing_stops_the_reading_within_the_bound) {
  options_.until_end = false;
  options_.ahead_bytes = size_t{32} << 20;
  start();
  put(120, size_t{1} << 20);
  sink_is_down_ = true;
  read_for(600'000);
  const Progress progress = reader_->progress();
  EXPECT_LE(progress.bytes_read, size_t{32} << 20);
  EXPECT_GT(progress.bytes_read, size_t{10} << 20);
  sink_is_down_ = false;
  read_for(600'000);
  expect_everything_landed();
}

TEST_F(StreamReaderLossTest, progress_tells_each_shard_its_place_and_how_far_it_is_behind) {
  put(200);
  pass(90'000);
  model_.split(model_.open_shards()[0]);
  start();
  read_to_end();
  const Progress progress = reader_->progress();
  EXPECT_EQ(progress.shards.size(), 6U);
  uint64_t records = 0;
  for (const ShardProgress& shard : progress.shards) {
    records += shard.records;
    EXPECT_EQ(shard.behind_ms, 0);
    EXPECT_THAT(shard.shard, StartsWith("shop-cdc@"));
  }
  EXPECT_EQ(records, 200U);
}

// One number decides everything: what is put, resharded, refused, cut, throttled, and when the program dies.
TEST_F(StreamReaderLossTest, nothing_is_lost_in_any_of_a_dozen_bad_hours) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    KinesisModel& model = model_;
    if (seed > 1) model.make_again();
    ledger_.clear();
    landed_.clear();
    put_.clear();
    random_.seed(seed);
    model.names_children = random_() % 2 == 0;
    model.fault = [&](std::string_view) -> std::optional<Result<net::HttpResponse>> {
      switch (random_() % 12) {
        case 0:
          return fails(500, "InternalFailure");
        case 1:
          return fails(400, "ExpiredIteratorException");
        case 2:
          return fails(400, "ProvisionedThroughputExceededException");
        case 3:
          return Error{ErrorKind::OutcomeUnknown, {}, "the reply was cut"};
        default:
          return std::nullopt;
      }
    };
    options_.until_end = false;
    start();
    for (int turn = 0; turn < 30; ++turn) {
      put(static_cast<int>(random_() % 40));
      const auto open = model.open_shards();
      if (random_() % 4 == 0) model.split(open[random_() % open.size()]);
      if (random_() % 5 == 0 && open.size() > 1 && !model.shard(open[0]).closed &&
          !model.shard(open[1]).closed)
        model.merge(open[0], open[1]);
      sink_is_down_ = random_() % 4 == 0;
      read_for(static_cast<int64_t>(random_() % 60'000));
      if (reader_->failure()) break;
      if (random_() % 3 == 0) start();
    }
    sink_is_down_ = false;
    ASSERT_FALSE(reader_->failure()) << reader_->failure()->message;
    options_.until_end = true;
    start();
    read_to_end();
    expect_everything_landed();
    EXPECT_EQ(expired(), 0);
  }
}

}  // namespace
}  // namespace sluice::source
