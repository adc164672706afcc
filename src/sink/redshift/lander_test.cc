#include "sink/redshift/lander.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "sink/redshift/fake_data_api_for_test.h"

namespace sluice::sink::redshift {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Call = FakeDataApi::Call;
using Course = FakeDataApi::Course;

constexpr int64_t kSecond = 1'000'000'000;

// Rows of one table and what became of them.
class LanderTest : public ::testing::Test {
 protected:
  LanderTest() { settings.place.workgroup = "shop"; }

  void add_row(const std::string& image) {
    texts_.push_back(std::to_string(texts_.size() + 100));
    images_.push_back(image);
    change::Row row;
    row.position = {"shardId-000000000000", texts_.back()};
    row.operation = "c";
    row.record_id = texts_.back();
    row.image = images_.back();
    row.tx_id = "tx";
    row.commit_ts_ns = 1'790'000'000'123'456'789;
    rows.push_back(row);
  }
  void add_rows(int count) {
    for (int i = 0; i < count; ++i) add_row(fmt::format(R"({{"id":{}}})", i));
  }
  Landing land(int64_t seconds = 60) {
    if (!lander_) lander_ = std::make_unique<Lander>(fake.api(), settings, fake.clock, fake.sleeper);
    return lander_->land(rows, tables, {"shop-cdc", "shardId-000000000000", "100", "999"},
                         fake.clock.steady_ns() + seconds * kSecond);
  }
  bool is_there(size_t row) const {
    return fake.table.contains(fmt::format("{} {}", rows[row].position.shard, rows[row].position.sequence));
  }
  // Whatever happened, this holds.
  void check(const Landing& landing) const {
    ASSERT_EQ(landing.fates.size(), rows.size());
    size_t refused = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (landing.fates[i] == Fate::Durable) {
        EXPECT_TRUE(is_there(i)) << "row " << i << " is nowhere";
      }
      if (landing.fates[i] == Fate::Refused) {
        ASSERT_LT(refused, landing.refused.size());
        EXPECT_EQ(landing.refused[refused++].row, i);
        EXPECT_THAT(rows[i].image, HasSubstr("poison")) << "a good row was refused";
      }
    }
    EXPECT_EQ(refused, landing.refused.size());
    EXPECT_EQ(landing.trouble.has_value(), landing.first_not_landed() < rows.size());
  }
  void expect_all_durable(const Landing& landing) const {
    check(landing);
    EXPECT_EQ(landing.first_not_landed(), rows.size()) << (landing.trouble ? landing.trouble->message : "");
    EXPECT_TRUE(landing.refused.empty());
  }

  FakeDataApi fake;
  Settings settings;
  std::vector<change::TableName> tables = {{"public", "orders"}};
  std::vector<change::Row> rows;

 private:
  std::deque<std::string> texts_;
  std::deque<std::string> images_;
  std::unique_ptr<Lander> lander_;
};

TEST_F(LanderTest, RowsAreDurableWhenTheirStatementIsFinishedWithTheirNumber) {
  add_rows(1000);
  const Landing landing = land();
  expect_all_durable(landing);
  EXPECT_LE(landing.counters.statements, 5);
  EXPECT_EQ(fake.table.size(), 1000U);
}

TEST_F(LanderTest, NothingIsAskedForNoRows) {
  expect_all_durable(land());
  EXPECT_TRUE(fake.seen.empty());
}

TEST_F(LanderTest, AStatementThatWroteFewerRowsIsNotBelieved) {
  add_rows(5);
  fake.course = [](int) { return Course::WriteFewer; };
  const Landing landing = land();
  check(landing);
  EXPECT_EQ(landing.first_not_landed(), 0U);
  EXPECT_THAT(landing.trouble->message, HasSubstr("5 rows and says that it wrote 4"));
}

TEST_F(LanderTest, ANumberOfRowsThatIsNotKnownIsNoSuccess) {
  add_rows(5);
  fake.course = [](int) { return Course::SayUnknownRows; };
  const Landing landing = land();
  EXPECT_EQ(landing.first_not_landed(), 0U);
  EXPECT_EQ(landing.trouble->reason, "row-count");
}

TEST_F(LanderTest, APoisonRowIsFoundAndTheOthersLand) {
  add_rows(300);
  add_row(R"({"v":"poison"})");
  add_rows(300);
  const Landing landing = land();
  check(landing);
  ASSERT_EQ(landing.refused.size(), 1U);
  EXPECT_EQ(landing.refused[0].row, 300U);
  EXPECT_EQ(landing.refused[0].reason, "redshift-refused");
  EXPECT_THAT(landing.refused[0].message, HasSubstr("Invalid JSON"));
  EXPECT_THAT(landing.refused[0].message, Not(HasSubstr("hush")));
  EXPECT_EQ(landing.first_not_landed(), rows.size());
}

TEST_F(LanderTest, APoisonRowThatComesAloneIsJudgedByASampleRow) {
  add_row(R"({"v":"poison"})");
  const Landing landing = land();
  check(landing);
  EXPECT_EQ(landing.fates[0], Fate::Refused);
}

TEST_F(LanderTest, UnknownWordsConvictARowOnlyWhenItFailsTwiceWhileOthersLand) {
  add_rows(3);
  add_row(R"({"v":"poison"})");
  fake.poison_words = "ERROR: the moon is in the wrong house";
  const Landing landing = land();
  check(landing);
  EXPECT_EQ(landing.fates[3], Fate::Refused);
}

TEST_F(LanderTest, UnknownWordsForEveryRowConvictNone) {
  add_rows(100);
  fake.course = [](int) { return Course::FailUnknown; };
  const Landing landing = land(600);
  check(landing);
  EXPECT_TRUE(landing.refused.empty());
  EXPECT_EQ(landing.first_not_landed(), 0U);
  EXPECT_LT(landing.counters.statements, 60) << "a fault of the workgroup is not looked for row by row";
}

TEST_F(LanderTest, AMissingTableStopsEverythingAndIsSaidToAPerson) {
  add_rows(1000);
  fake.course = [](int) { return Course::FailNoTable; };
  const Landing landing = land();
  check(landing);
  EXPECT_EQ(landing.trouble->kind, ErrorKind::Refused);
  EXPECT_THAT(landing.trouble->message, HasSubstr("does not exist"));
  EXPECT_TRUE(landing.refused.empty());
}

TEST_F(LanderTest, ALostReplyIsAskedForWithTheSameTokenAndLandsOnce) {
  add_rows(10);
  int calls = 0;
  fake.call = [&](const std::string& operation) {
    return operation == "ExecuteStatement" && ++calls <= 3 ? Call::LoseReply : Call::Answer;
  };
  expect_all_durable(land());
  std::set<std::string> tokens;
  for (const auto& one : fake.seen)
    if (one.operation == "ExecuteStatement" && one.sql.starts_with("INSERT")) tokens.insert(one.token);
  EXPECT_EQ(tokens.size(), 1U);
  EXPECT_EQ(tokens.begin()->size(), 64U);
  for (const auto& [row, times] : fake.table) EXPECT_EQ(times, 1) << row;
}

TEST_F(LanderTest, TheSameDeliveryAgainRunsNoStatementTwice) {
  add_rows(10);
  expect_all_durable(land());
  expect_all_durable(Lander(fake.api(), settings, fake.clock, fake.sleeper)
                         .land(rows, tables, {"shop-cdc", "shardId-000000000000", "100", "999"},
                               fake.clock.steady_ns() + 60 * kSecond));
  for (const auto& [row, times] : fake.table) EXPECT_EQ(times, 1) << row;
}

TEST_F(LanderTest, ARememberedSuccessOfRowsThatAreGoneIsNotBelieved) {
  add_rows(10);
  expect_all_durable(land());
  fake.forget_rows();
  fake.clock.advance_ns(60 * kSecond);
  expect_all_durable(land());
  EXPECT_EQ(fake.table.size(), 10U);
}

TEST_F(LanderTest, ATokenWhoseStatementFailedIsNotUsedAgain) {
  add_rows(10);
  fake.course = [](int statement) { return statement == 1 ? Course::Abort : Course::Finish; };
  const Landing landing = land();
  expect_all_durable(landing);
  EXPECT_GE(landing.counters.retries, 1);
}

TEST_F(LanderTest, AnEndpointWithoutLongPollingIsPolled) {
  add_rows(10);
  fake.knows_long_polling = false;
  fake.statement_ms = 3'000;
  expect_all_durable(land());
  EXPECT_EQ(fake.seen[1].wait_s, 20);
  EXPECT_EQ(fake.seen[2].wait_s, 0);
  EXPECT_LT(fake.calls("DescribeStatement"), 8) << "the distance between looks grows";
}

TEST_F(LanderTest, WhatIsTooLargeForTheServiceIsTakenApart) {
  add_rows(1000);
  fake.max_statement_bytes = 40'000;
  expect_all_durable(land());
}

TEST_F(LanderTest, NoStatementIsLargerThanTheSetting) {
  settings.statement_bytes = 20'000;
  add_rows(1000);
  expect_all_durable(land());
  for (const auto& one : fake.seen) EXPECT_LE(one.statement_bytes, 20'000U);
}

TEST_F(LanderTest, ARowThatNoStatementCarriesIsRefusedInWordsThatSayWhatToDo) {
  add_row(R"({"poison":")" + std::string(60'000, 'x') + R"(","b":")" + std::string(60'000, 'x') + R"("})");
  add_rows(3);
  const Landing landing = land();
  check(landing);
  ASSERT_EQ(landing.refused.size(), 1U);
  EXPECT_EQ(landing.refused[0].reason, "needs-copy");
  EXPECT_EQ(fake.table.size(), 3U);
}

TEST_F(LanderTest, AHangingStatementIsNotLandedWhenTheTimeIsOver) {
  add_rows(1000);
  fake.course = [](int statement) { return statement == 2 ? Course::Hang : Course::Finish; };
  const int64_t started = fake.clock.steady_ns();
  const Landing landing = land(3);
  check(landing);
  EXPECT_GT(landing.first_not_landed(), 0U);
  EXPECT_LT(landing.first_not_landed(), rows.size());
  EXPECT_EQ(landing.trouble->kind, ErrorKind::Unavailable);
  EXPECT_LE(fake.clock.steady_ns() - started, 3 * kSecond);
}

TEST_F(LanderTest, AStatementThatHangsThroughTwoDeliveriesIsCancelledAndRunAnew) {
  add_rows(10);
  fake.course = [](int statement) { return statement == 1 ? Course::Hang : Course::Finish; };
  EXPECT_EQ(land(10).first_not_landed(), 0U);
  EXPECT_EQ(fake.calls("CancelStatement"), 0);
  EXPECT_EQ(land(10).first_not_landed(), 0U);
  EXPECT_EQ(fake.calls("CancelStatement"), 1);
  expect_all_durable(land(10));
}

TEST_F(LanderTest, AskedForLessItSendsLess) {
  add_rows(2000);
  int calls = 0;
  fake.call = [&](const std::string& operation) {
    return operation == "ExecuteStatement" && ++calls % 2 == 0 ? Call::TooManyActive : Call::Answer;
  };
  const Landing landing = land();
  expect_all_durable(landing);
  EXPECT_GT(landing.counters.throttles, 0);
}

TEST_F(LanderTest, NoRightToTheWorkgroupIsSaidAtOnce) {
  add_rows(10);
  fake.call = [](const std::string&) { return Call::Refuse; };
  const Landing landing = land();
  check(landing);
  EXPECT_EQ(landing.trouble->kind, ErrorKind::Refused);
  EXPECT_THAT(landing.trouble->message, HasSubstr("redshift-data:ExecuteStatement right"));
  EXPECT_EQ(fake.seen.size(), 1U);
}

TEST_F(LanderTest, ToldToStopItAnswers) {
  add_rows(10);
  fake.sleeper.told_to_stop = true;
  fake.call = [](const std::string&) { return Call::Throttle; };
  const Landing landing = land();
  check(landing);
  EXPECT_EQ(landing.first_not_landed(), 0U);
}

// Every documented way of failing, at random. No row may be called Durable that is not there, none may be
// missing from the answer, no good row may be refused; and once the failing ends, everything lands.
TEST_F(LanderTest, UnderEveryFailureAtRandomNoRowIsLostOrMiscalled) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    FakeDataApi api;
    bool calm = false;
    const auto one_in = [&](unsigned n) { return !calm && random() % n == 0; };
    api.call = [&](const std::string& operation) {
      if (one_in(12)) return static_cast<Call>(random() % 7);
      if (operation == "DescribeStatement" && one_in(20)) return Call::TooManyWaiting;
      return Call::Answer;
    };
    const bool unknown_words = seed % 3 == 0;
    api.course = [&](int) {
      if (!one_in(6)) return Course::Finish;
      const auto any = static_cast<Course>(1 + random() % 7);
      if (any == Course::FailNoTable || (any == Course::FailUnknown && unknown_words)) return Course::Abort;
      return any;
    };
    api.knows_long_polling = random() % 3 != 0;
    api.remembers_tokens = random() % 4 != 0;
    api.statement_ms = static_cast<int64_t>(random() % 2'000);
    settings.in_flight = static_cast<int>(1 + random() % 6);
    settings.statement_bytes = static_cast<int64_t>(5'000 + random() % 60'000);
    rows.clear();
    add_rows(static_cast<int>(random() % 400));
    for (uint64_t poison = random() % 3; poison > 0; --poison) add_row(R"({"v":"poison"})");
    std::shuffle(rows.begin(), rows.end(), random);
    Lander lander(api.api(), settings, api.clock, api.sleeper);
    std::vector<change::Row> due = rows;
    for (int round = 0; !due.empty(); ++round) {
      ASSERT_LT(round, 100) << "it never ends";
      calm = round > 20;
      const int64_t end_ns = api.clock.steady_ns() + 1 + static_cast<int64_t>(random() % 30) * kSecond;
      const Landing landing = lander.land(due, tables, {"shop-cdc", "all", "1", "2"}, end_ns + 2 * kSecond);
      ASSERT_EQ(landing.fates.size(), due.size());
      std::vector<change::Row> left;
      size_t refused = 0;
      for (size_t i = 0; i < due.size(); ++i) {
        const std::string position = fmt::format("{} {}", due[i].position.shard, due[i].position.sequence);
        if (landing.fates[i] == Fate::Durable) {
          ASSERT_TRUE(api.table.contains(position));
        }
        if (landing.fates[i] == Fate::NotLanded) left.push_back(due[i]);
        if (landing.fates[i] != Fate::Refused) continue;
        ASSERT_EQ(landing.refused.at(refused++).row, i);
        ASSERT_THAT(due[i].image, HasSubstr("poison"));
      }
      ASSERT_EQ(refused, landing.refused.size());
      ASSERT_EQ(landing.trouble.has_value(), !left.empty());
      ASSERT_LE(api.clock.steady_ns(), end_ns + 3 * kSecond) << "it answered too late";
      due = std::move(left);
    }
  }
}

}  // namespace
}  // namespace sluice::sink::redshift
