// Reading Kinesis: what failures.md lists under F09 to F12 and F18, and how a run ends and continues.
#include "source/stream_reader.h"

#include "source/reader_fixture_for_test.h"

namespace sluice::source {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class StreamReaderTest : public ReaderFixture {};

TEST_F(StreamReaderTest, reads_every_shard_to_its_tip_and_ends) {
  put(500);
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(repeats(), 0);
  EXPECT_EQ(model_.throttled, 0) << "it kept to the limits by itself";
  EXPECT_THAT(notices(), IsEmpty());
}

TEST_F(StreamReaderTest, ends_although_the_stream_goes_on_growing) {
  put(100);
  start();
  for (int i = 0; i < 1000 && !reader_->finished(); ++i) {
    read_for(100);
    model_.put(random_(), "too late");
  }
  EXPECT_TRUE(reader_->finished());
  landed_.erase("too late");
  expect_everything_landed();
}

TEST_F(StreamReaderTest, continues_behind_what_is_durable) {
  put(100);
  read_to_end();
  put(50);
  start();
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(repeats(), 0);
  EXPECT_THAT(notices(), HasSubstr("continues in 4 shards"));
}

TEST_F(StreamReaderTest, reads_on_when_it_is_to_follow) {
  options_.until_end = false;
  start();
  read_for(5000);
  put(20);
  read_for(5000);
  expect_everything_landed();
  EXPECT_FALSE(reader_->finished());
}

TEST_F(StreamReaderTest, F09_drains_parents_that_were_closed_with_data_left_in_them) {
  put(400);
  const auto open = model_.open_shards();
  model_.split(open[0]);
  model_.merge(open[1], open[2]);
  put(400);
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(saved(open[0]), "1:end");
  EXPECT_EQ(saved(open[1]), "1:end");
}

TEST_F(StreamReaderTest, F09_finds_children_that_the_last_page_does_not_name) {
  model_.names_children = false;
  start();
  put(100);
  read_for(100);
  const auto open = model_.open_shards();
  model_.split(open[0]);
  model_.merge(open[1], open[2]);
  put(200);
  read_to_end();
  expect_everything_landed();
}

TEST_F(StreamReaderTest, F12_follows_a_resharding_of_a_resharding_without_waiting_for_the_next_look) {
  options_.until_end = false;
  start();
  read_for(1000);
  for (int i = 0; i < 6; ++i) {
    put(50);
    const auto open = model_.open_shards();
    if (i % 2 == 0) {
      model_.split(open[0]);
    } else {
      model_.merge(open[0], open[1]);
    }
    put(50);
  }
  read_for(20'000);
  expect_everything_landed();
  EXPECT_EQ(repeats(), 0);
}

TEST_F(StreamReaderTest, F12_finds_a_shard_that_nobody_told_of_within_a_minute) {
  options_.until_end = false;
  model_.names_children = false;
  start();
  read_for(1000);
  const std::string id = model_.open_shards()[0];
  model_.split(id);
  put(100);
  read_for(61'000);
  expect_everything_landed();
}

TEST_F(StreamReaderTest, F12_does_not_begin_again_after_a_restart_in_the_middle_of_a_resharding) {
  put(200);
  read_to_end();
  model_.split(model_.open_shards()[0]);
  put(200);
  start();
  read_for(300);  // some blocks are durable, some are not even read
  start();
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(repeats(), 0);
}

TEST_F(StreamReaderTest, F10_starts_by_itself_when_the_first_calls_fail) {
  int calls = 0;
  model_.fault = [&](std::string_view) -> std::optional<Result<net::HttpResponse>> {
    ++calls;
    if (calls <= 8)
      return calls % 2 == 0 ? fails(500, "InternalFailure") : Error{ErrorKind::Unavailable, {}, "no route"};
    return std::nullopt;
  };
  put(100);
  read_to_end();
  expect_everything_landed();
}

TEST_F(StreamReaderTest, F10_says_where_to_look_when_nothing_has_answered_yet) {
  model_.fault = [](std::string_view) -> std::optional<Result<net::HttpResponse>> {
    return Error{ErrorKind::Unavailable, {}, "no route."};
  };
  put(5);
  start();
  read_for(kHourMs);
  const std::string said = notices();
  EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
  EXPECT_THAT(said, HasSubstr("has not answered yet: "));
  EXPECT_THAT(said, HasSubstr("no route."));
  EXPECT_THAT(said, HasSubstr("check the Region, the network and the address"));
  model_.fault = nullptr;
  read_to_end();
  expect_everything_landed();
  EXPECT_THAT(notices().substr(said.size()), HasSubstr("answers again, after 1 h"));
}

TEST_F(StreamReaderTest, F10_a_call_that_nobody_answers_is_trouble_since_it_was_made) {
  options_.until_end = false;
  start();
  read_for(2000);
  bool hung = false;
  model_.fault = [&](std::string_view) -> std::optional<Result<net::HttpResponse>> {
    if (std::exchange(hung, true)) return std::nullopt;
    pass(40'000);
    return Error{ErrorKind::Unavailable, {}, "no answer in time."};
  };
  put(5);
  read_for(120'000);
  EXPECT_THAT(notices(), HasSubstr("has not answered as it should for 40.0 s: "));
  EXPECT_THAT(notices(), HasSubstr("no answer in time."));
  expect_everything_landed();
}

TEST_F(StreamReaderTest, F10_tries_for_hours_and_says_so_once) {
  options_.until_end = false;
  start();
  read_for(2000);
  model_.fault = [&](std::string_view) -> std::optional<Result<net::HttpResponse>> {
    return fails(503, "ServiceUnavailable");
  };
  put(50);
  read_for(3 * kHourMs);
  EXPECT_THAT(landed_, IsEmpty());
  const std::string while_down = notices();
  EXPECT_EQ(std::ranges::count(while_down, '\n'), 1) << while_down;
  EXPECT_THAT(while_down, HasSubstr("Sluice goes on trying"));
  model_.fault = nullptr;
  read_for(60'000);
  expect_everything_landed();
  const std::string after = notices().substr(while_down.size());
  EXPECT_EQ(std::ranges::count(after, '\n'), 1) << after;
  EXPECT_THAT(after, HasSubstr("answers again, after 3 h"));
}

TEST_F(StreamReaderTest, F10_an_empty_ledger_is_legal_and_so_is_a_stream_without_records) {
  read_to_end();
  EXPECT_THAT(landed_, IsEmpty());
  start();
  read_to_end();
  put(10);
  start();
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(repeats(), 0);
}

TEST_F(StreamReaderTest, F11_resumes_after_a_sink_that_was_down_for_longer_than_an_iterator_lives) {
  options_.until_end = false;
  options_.ahead_bytes = size_t{1} << 20;
  start();
  put(200, 100'000);
  sink_is_down_ = true;
  read_for(3000);
  put(200, 100'000);
  read_for(360'000);  // six minutes
  sink_is_down_ = false;
  read_for(60'000);
  expect_everything_landed();
  EXPECT_EQ(repeats(), 0) << "it continued behind the last record";
  EXPECT_GT(model_.expired_iterators, 0) << "otherwise this shows nothing";
  EXPECT_THAT(notices(), IsEmpty()) << "an expired iterator is no news";
}

TEST_F(StreamReaderTest, F11_an_iterator_that_expires_before_anything_was_read_begins_where_it_began) {
  options_.until_end = false;
  options_.start.kind = ShardPosition::Kind::Latest;
  start();
  put(40);
  for (auto& [data, sequence] : put_) landed_[data] = 1;  // from before the start: need not come
  int records = 0;
  model_.fault = [&](std::string_view operation) -> std::optional<Result<net::HttpResponse>> {
    // The first four iterators are given, then nothing answers for six minutes.
    if (operation == "GetRecords" && ++records < 20) return fails(500, "InternalFailure");
    return std::nullopt;
  };
  read_for(2000);
  put(40);
  pass(360'000);
  model_.fault = nullptr;
  read_for(60'000);
  expect_everything_landed();
  EXPECT_GT(model_.expired_iterators, 0);
  EXPECT_EQ(model_.iterators_by_type["LATEST"], 4) << "a second one would skip what came meanwhile";
}

TEST_F(StreamReaderTest, waits_after_a_page_of_ten_mebibytes_and_is_not_throttled) {
  put(60, size_t{1} << 20);
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(model_.throttled, 0);
}

TEST_F(StreamReaderTest, shares_a_shard_with_other_readers) {
  int call = 0;
  model_.fault = [&](std::string_view operation) -> std::optional<Result<net::HttpResponse>> {
    if (operation == "GetRecords" && ++call % 3 != 0)
      return fails(400, "ProvisionedThroughputExceededException");
    return std::nullopt;
  };
  put(300);
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(repeats(), 0);
  EXPECT_THAT(notices(), IsEmpty());
}

TEST_F(StreamReaderTest, an_empty_page_that_is_behind_is_not_the_tip) {
  put(100);
  model_.empty_pages = 25;
  read_to_end();
  expect_everything_landed();
}

TEST_F(StreamReaderTest, finds_the_tip_of_a_server_that_does_not_say_how_far_behind_it_is) {
  model_.says_behind = false;
  put(100);
  read_to_end();
  expect_everything_landed();
}

TEST_F(StreamReaderTest, keeps_sequence_numbers_of_129_digits) {
  model_.sequence_prefix = std::string(109, '8');
  put(50);
  read_to_end();
  put(50);
  start();
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(repeats(), 0);
  for (const auto& [data, sequence] : put_) EXPECT_EQ(landed_as_[data], sequence);
}

TEST_F(StreamReaderTest, a_reply_that_was_cut_or_is_none_is_asked_for_again) {
  int call = 0;
  model_.fault = [&](std::string_view) -> std::optional<Result<net::HttpResponse>> {
    ++call;
    if (call % 4 == 0) return Error{ErrorKind::OutcomeUnknown, {}, "the reply was cut"};
    if (call % 4 == 1) return net::HttpResponse{.status = 200, .headers = {}, .body = R"({"Records":[{"Seq)"};
    return std::nullopt;
  };
  put(200);
  read_to_end();
  expect_everything_landed();
  EXPECT_EQ(repeats(), 0);
}

TEST_F(StreamReaderTest, a_page_that_merely_lacks_its_iterator_does_not_end_an_open_shard) {
  int call = 0;
  model_.fault = [&](std::string_view operation) -> std::optional<Result<net::HttpResponse>> {
    if (operation == "GetRecords" && ++call <= 4)
      return net::HttpResponse{
          .status = 200, .headers = {}, .body = R"({"Records":[],"NextShardIterator":null})"};
    return std::nullopt;
  };
  put(100);
  read_to_end();
  expect_everything_landed();
  for (const std::string& id : model_.open_shards()) EXPECT_THAT(saved(id), StartsWith("1:after:"));
}

TEST_F(StreamReaderTest, stops_and_says_what_to_do_when_it_lacks_the_right) {
  model_.fault = [&](std::string_view operation) -> std::optional<Result<net::HttpResponse>> {
    if (operation == "GetRecords") return fails(400, "AccessDeniedException");
    return std::nullopt;
  };
  put(10);
  start();
  read_for(10'000);
  ASSERT_TRUE(reader_->failure());
  EXPECT_EQ(reader_->failure()->kind, ErrorKind::Refused);
  EXPECT_THAT(reader_->failure()->message, HasSubstr("kinesis:GetRecords"));
  EXPECT_EQ(model_.calls["GetRecords"] <= 4, true) << "it does not try again what is refused";
}

TEST_F(StreamReaderTest, stops_when_there_is_no_such_stream) {
  model_.fault = [&](std::string_view) -> std::optional<Result<net::HttpResponse>> {
    return fails(400, "ResourceNotFoundException");
  };
  start();
  read_for(10'000);
  ASSERT_TRUE(reader_->failure());
  EXPECT_EQ(reader_->failure()->kind, ErrorKind::Refused);
}

}  // namespace
}  // namespace sluice::source
