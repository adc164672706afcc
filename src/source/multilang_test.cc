// The daemon's side is played by the test, line by line, through two pipes.
#include "source/multilang.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace sluice::source {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CountingSleeper final : public net::Sleeper {
 public:
  bool sleep_ms(int64_t /*ms*/) override {
    ++naps;
    return true;
  }
  int naps = 0;
};

// Its data is its number.
std::string record(int number, std::string_view more = "") {
  static constexpr std::array kData = {
      "MA==", "MQ==", "Mg==", "Mw==", "NA==", "NQ==", "Ng==", "Nw==", "OA==", "OQ=="};
  return fmt::format(
      R"({{"data":"{}","partitionKey":"k","sequenceNumber":"49{}","approximateArrivalTimestamp":{},"action":"record"{}}})",
      kData.at(static_cast<size_t>(number)), number, 1000 + number, more);
}

std::string records(std::vector<std::string> each) {
  return fmt::format(R"({{"action":"processRecords","records":[{}],"millisBehindLatest":5}})",
                     fmt::join(each, ","));
}

class MultilangProtocol : public ::testing::Test {
 protected:
  MultilangProtocol() {
    CHECK(::pipe(to_.data()) == 0 && ::pipe(from_.data()) == 0);
    listen_to_at_most(MultilangOptions().max_message_bytes);
  }
  void TearDown() override {
    for (const int descriptor : {to_[0], to_[1], from_[0], from_[1]})
      if (descriptor >= 0) ::close(descriptor);
  }

  void listen_to_at_most(size_t bytes) {
    source.emplace(MultilangOptions{.input = to_[0],
                                    .output = from_[1],
                                    .max_message_bytes = bytes,
                                    .typed = "kinesis:shop",
                                    .clock = clock},
                   sleeper);
  }
  int daemon_end() const { return to_[1]; }
  void daemon_says(const std::string& line) {
    const std::string text = line + "\n";
    ASSERT_EQ(::write(to_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void daemon_ends() { ::close(std::exchange(to_[1], -1)); }

  // The lines that were sent since this was asked last; blank ones are passed over, as by the daemon.
  std::vector<std::string> daemon_hears() {
    std::string text;
    pollfd waiting{from_[0], POLLIN, 0};
    while (::poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLIN) != 0) {
      std::array<char, 4096> some{};
      const ssize_t got = ::read(from_[0], some.data(), some.size());
      if (got <= 0) break;
      text.append(some.data(), static_cast<size_t>(got));
    }
    std::vector<std::string> lines;
    for (size_t start = 0; start < text.size();) {
      const size_t end = text.find('\n', start);
      if (end > start) lines.push_back(text.substr(start, end - start));
      start = end + 1;
    }
    return lines;
  }

  // The daemon has leased the shard and continues at `sequence`; the ledger has `position`.
  void begin(const std::string& sequence = "TRIM_HORIZON", const std::string& position = "") {
    daemon_says(fmt::format(
        R"({{"action":"initialize","shardId":"shardId-7","sequenceNumber":"{}","subSequenceNumber":0}})",
        sequence));
    const auto begun = source->begin();
    ASSERT_TRUE(begun.ok() && begun.value());
    ledger_has(position);
    ASSERT_TRUE(continued.ok()) << continued.error().message;
    EXPECT_EQ(pull(), nullptr);
    EXPECT_THAT(daemon_hears(), ElementsAre(R"({"action":"status","responseFor":"initialize"})"));
  }
  void ledger_has(const std::string& position) {
    std::vector<change::Checkpoint> saved = {{"shop@1/shardId-8", "1:after:499:0"}};
    if (!position.empty()) saved.push_back({"shop@1/shardId-7", position});
    continued = source->continue_from("shop@1", 24, saved);
  }

  // The next block, which stays in `block`, or nothing and why in `quiet`.
  const change::Block* pull() {
    auto pulled = source->next();
    EXPECT_TRUE(pulled.ok()) << pulled.error().message;
    if (!pulled.ok()) return nullptr;
    quiet = pulled.value().quiet;
    if (!pulled.value().block) return nullptr;
    block = std::move(pulled.value().block);
    return &*block;
  }
  std::vector<std::string> bytes() const {
    std::vector<std::string> all;
    for (const change::RawRecord& one : block->records) all.emplace_back(one.bytes);
    return all;
  }
  void it_is_durable() { source->confirmed({{block->shard, block->checkpoint}}); }
  Error error() {
    auto pulled = source->next();
    EXPECT_FALSE(pulled.ok());
    return pulled.ok() ? refused("") : pulled.error();
  }

  CountingSleeper sleeper;
  ManualClock clock{1000};
  std::optional<Multilang> source;
  std::optional<change::Block> block;
  Quiet quiet = Quiet::Later;
  Result<void> continued;

 private:
  std::array<int, 2> to_{};
  std::array<int, 2> from_{};
};

constexpr const char* kCheckpointed =
    R"({"action":"checkpoint","sequenceNumber":"x","subSequenceNumber":0,"error":null})";
constexpr const char* kRecordsDone = R"({"action":"status","responseFor":"processRecords"})";

std::string checkpoint_failed(const char* error) {
  return fmt::format(R"({{"action":"checkpoint","sequenceNumber":"x","error":"{}"}})", error);
}

TEST_F(MultilangProtocol, records_are_checkpointed_and_answered_only_when_they_are_durable) {
  begin();
  daemon_says(records({record(1), record(2)}));
  ASSERT_NE(pull(), nullptr);
  EXPECT_EQ(block->shard, "shop@1/shardId-7");
  EXPECT_EQ(block->checkpoint, "1:after:492:1002");
  EXPECT_THAT(bytes(), ElementsAre("1", "2"));
  EXPECT_EQ(block->records[0].position.sequence, "491");
  EXPECT_EQ(pull(), nullptr);
  EXPECT_EQ(quiet, Quiet::Unconfirmed);
  EXPECT_THAT(daemon_hears(), ElementsAre());
  it_is_durable();
  daemon_says(kCheckpointed);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(
      daemon_hears(),
      ElementsAre(R"({"action":"checkpoint","sequenceNumber":"492","subSequenceNumber":0})", kRecordsDone));
  EXPECT_EQ(source->progress().shards.at(0).behind_ms, 5);
}

TEST_F(MultilangProtocol, what_the_ledger_has_is_passed_over_and_counted) {
  begin("490", "1:after:492:0");
  daemon_says(records({record(1), record(2), record(3)}));
  ASSERT_NE(pull(), nullptr);
  EXPECT_THAT(bytes(), ElementsAre("3"));
  EXPECT_EQ(source->passed_over(), 2U);
}

TEST_F(MultilangProtocol, a_message_of_nothing_but_repeats_is_answered_at_once) {
  begin("TRIM_HORIZON", "1:after:495:0");
  daemon_says(records({record(1), record(5)}));
  EXPECT_EQ(pull(), nullptr);
  daemon_says(kCheckpointed);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(
      daemon_hears(),
      ElementsAre(R"({"action":"checkpoint","sequenceNumber":"495","subSequenceNumber":0})", kRecordsDone));
  EXPECT_THAT(source->take_notices(), ElementsAre(HasSubstr("2 records came that had landed before")));
}

TEST_F(MultilangProtocol, a_message_without_records_is_answered_without_a_checkpoint) {
  begin();
  daemon_says(records({}));
  EXPECT_EQ(pull(), nullptr);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(daemon_hears(), ElementsAre(kRecordsDone));
}

TEST_F(MultilangProtocol, a_shard_that_was_read_up_to_before_what_the_stream_keeps_is_told_once) {
  clock.advance_ns(int64_t{25} * 3'600'000'000'000);
  begin("491", "1:after:491:1000");
  EXPECT_THAT(source->take_notices(), ElementsAre(HasSubstr("RECORDS MAY BE LOST: kinesis:shop: shardId-7")));
  EXPECT_EQ(source->progress().expired_unread, 1);
  ledger_has("1:after:491:1000");
  EXPECT_THAT(source->take_notices(), ElementsAre());
}

TEST_F(MultilangProtocol, a_quiet_shard_that_is_read_to_its_tip_says_so_in_the_ledger_every_ten_minutes) {
  begin("491", "1:after:491:1000");
  clock.advance_ns(int64_t{5} * 60'000'000'000);
  daemon_says(R"({"action":"processRecords","records":[],"millisBehindLatest":0})");
  EXPECT_EQ(pull(), nullptr);
  clock.advance_ns(int64_t{6} * 60'000'000'000);
  daemon_says(R"({"action":"processRecords","records":[],"millisBehindLatest":7})");
  EXPECT_EQ(pull(), nullptr);
  daemon_says(R"({"action":"processRecords","records":[],"millisBehindLatest":0})");
  ASSERT_NE(pull(), nullptr);
  EXPECT_EQ(block->checkpoint, "1:after:491:660000");
  it_is_durable();
  daemon_hears();
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(daemon_hears(), ElementsAre(kRecordsDone));
}

TEST_F(MultilangProtocol, after_another_writer_was_first_the_same_message_is_handed_out_behind_it) {
  begin();
  daemon_says(records({record(1), record(2), record(3)}));
  ASSERT_NE(pull(), nullptr);
  EXPECT_EQ(pull(), nullptr);
  ledger_has("1:after:492:0");
  ASSERT_NE(pull(), nullptr);
  EXPECT_THAT(bytes(), ElementsAre("3"));
  it_is_durable();
  daemon_says(kCheckpointed);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(
      daemon_hears(),
      ElementsAre(R"({"action":"checkpoint","sequenceNumber":"493","subSequenceNumber":0})", kRecordsDone));
}

TEST_F(MultilangProtocol, a_store_that_lacks_what_the_lease_table_calls_read_is_refused) {
  begin("491", "1:after:491:0");
  ledger_has("1:after:490:0");
  ASSERT_FALSE(continued.ok());
  EXPECT_THAT(continued.error().message, HasSubstr("would be missing"));
  ledger_has("");
  ASSERT_FALSE(continued.ok());
  EXPECT_THAT(continued.error().message, HasSubstr("nothing of it has landed"));
  ledger_has("1:end");
  EXPECT_TRUE(continued.ok());
}

TEST_F(MultilangProtocol, a_throttled_checkpoint_is_tried_again) {
  begin();
  daemon_says(records({record(1)}));
  ASSERT_NE(pull(), nullptr);
  it_is_durable();
  daemon_says(checkpoint_failed("ThrottlingException"));
  daemon_says(checkpoint_failed("KinesisClientLibDependencyException"));
  daemon_says(kCheckpointed);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_EQ(daemon_hears().size(), 4U);
  EXPECT_EQ(sleeper.naps, 2);
  EXPECT_THAT(source->take_notices(), ElementsAre());
}

TEST_F(MultilangProtocol, a_checkpoint_that_stays_throttled_is_made_up_for_before_a_shutdown) {
  begin();
  daemon_says(records({record(1)}));
  ASSERT_NE(pull(), nullptr);
  it_is_durable();
  for (int i = 0; i < 6; ++i) daemon_says(checkpoint_failed("ThrottlingException"));
  EXPECT_EQ(pull(), nullptr);
  EXPECT_EQ(daemon_hears().back(), kRecordsDone);
  EXPECT_THAT(source->take_notices(), ElementsAre(HasSubstr("ThrottlingException")));
  daemon_says(R"({"action":"shutdownRequested"})");
  EXPECT_EQ(pull(), nullptr);
  daemon_says(kCheckpointed);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(daemon_hears(),
              ElementsAre(R"({"action":"checkpoint","sequenceNumber":"491","subSequenceNumber":0})",
                          R"({"action":"status","responseFor":"shutdownRequested"})"));
}

TEST_F(MultilangProtocol, the_lease_is_lost_while_records_are_written_and_nothing_is_checkpointed_after) {
  begin();
  daemon_says(records({record(1)}));
  ASSERT_NE(pull(), nullptr);
  it_is_durable();
  daemon_says(checkpoint_failed("ShutdownException"));
  EXPECT_EQ(pull(), nullptr);
  EXPECT_EQ(daemon_hears().back(), kRecordsDone);
  daemon_says(R"({"action":"leaseLost"})");
  EXPECT_EQ(pull(), nullptr);
  daemon_ends();
  EXPECT_EQ(pull(), nullptr);
  EXPECT_EQ(quiet, Quiet::End);
  EXPECT_THAT(daemon_hears(), ElementsAre(R"({"action":"status","responseFor":"leaseLost"})"));
}

TEST_F(MultilangProtocol, the_end_of_a_shard_is_durable_before_it_is_checkpointed) {
  begin("491", "1:after:491:0");
  daemon_says(R"({"action":"shardEnded"})");
  ASSERT_NE(pull(), nullptr);
  EXPECT_EQ(block->checkpoint, "1:end");
  EXPECT_TRUE(block->records.empty());
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(daemon_hears(), ElementsAre());
  it_is_durable();
  daemon_says(kCheckpointed);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(daemon_hears(),
              ElementsAre(R"({"action":"checkpoint","sequenceNumber":null,"subSequenceNumber":null})",
                          R"({"action":"status","responseFor":"shardEnded"})"));
}

TEST_F(MultilangProtocol, an_end_that_cannot_be_checkpointed_is_no_success_because_children_wait_for_it) {
  begin("491", "1:end");
  daemon_says(R"({"action":"shardEnded"})");
  EXPECT_EQ(pull(), nullptr);
  daemon_says(checkpoint_failed("InvalidStateException"));
  EXPECT_EQ(error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(daemon_hears().size(), 1U);
}

TEST_F(MultilangProtocol, old_daemons_say_shutdown_with_a_reason) {
  begin("491", "1:end");
  daemon_says(R"({"action":"shutdown","reason":"TERMINATE"})");
  EXPECT_EQ(pull(), nullptr);
  daemon_says(kCheckpointed);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(daemon_hears(),
              ElementsAre(R"({"action":"checkpoint","sequenceNumber":null,"subSequenceNumber":null})",
                          R"({"action":"status","responseFor":"shutdown"})"));
  daemon_says(R"({"action":"shutdown","reason":"ZOMBIE"})");
  EXPECT_EQ(pull(), nullptr);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_THAT(daemon_hears(), ElementsAre(R"({"action":"status","responseFor":"shutdown"})"));
}

TEST_F(MultilangProtocol, what_is_no_message_is_refused_and_not_shown) {
  for (const char* line :
       {"hello secret", "[]", "{}", R"({"action":"dance"})", R"({"action":"processRecords"})",
        R"({"action":"processRecords","records":[{"data":"secret"}]})",
        R"({"action":"processRecords","records":[{"data":"secret!","sequenceNumber":"1"}]})",
        R"({"action":"initialize","sequenceNumber":"secret"})", R"({"action":7,"secret":1})"}) {
    Arena arena;
    std::string text = line;
    const auto parsed = parse_multilang_message(text, arena);
    ASSERT_FALSE(parsed.ok()) << line;
    EXPECT_EQ(parsed.error().kind, ErrorKind::Refused);
    EXPECT_THAT(parsed.error().message, testing::Not(HasSubstr("secret")));
  }
}

TEST_F(MultilangProtocol, an_answer_to_a_checkpoint_that_nobody_asked_for_is_refused) {
  begin();
  daemon_says(kCheckpointed);
  EXPECT_THAT(error().message, HasSubstr("sent checkpoint"));
}

TEST_F(MultilangProtocol, an_unknown_action_names_itself) {
  begin();
  daemon_says(R"({"action":"rebalance\u001b[31m"})");
  auto pulled = source->next();
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().kind, ErrorKind::Refused);
  EXPECT_THAT(pulled.error().message, HasSubstr("'rebalance?[31m' is not known"));
}

TEST_F(MultilangProtocol, a_daemon_that_ends_before_its_first_message_asks_for_nothing) {
  daemon_ends();
  const auto begun = source->begin();
  ASSERT_TRUE(begun.ok());
  EXPECT_FALSE(begun.value());
}

TEST_F(MultilangProtocol, records_of_one_aggregate_have_names_of_their_own) {
  begin();
  daemon_says(records({record(1, R"(,"subSequenceNumber":0)"), record(1, R"(,"subSequenceNumber":1)")}));
  ASSERT_NE(pull(), nullptr);
  EXPECT_EQ(block->records[0].position.sequence, "491");
  EXPECT_EQ(block->records[1].position.sequence, "491.1");
  it_is_durable();
  daemon_says(kCheckpointed);
  EXPECT_EQ(pull(), nullptr);
  EXPECT_EQ(daemon_hears().front(),
            R"({"action":"checkpoint","sequenceNumber":"491","subSequenceNumber":1})");
}

TEST_F(MultilangProtocol, a_line_of_fourteen_mebibytes_is_one_message) {
  begin();
  const std::string data(size_t{14} << 20, 'A');
  std::thread daemon([&] {
    const std::string line =
        R"({"action":"processRecords","records":[{"sequenceNumber":"1","data":")" + data + "\"}]}\n";
    for (size_t sent = 0; sent < line.size();) {
      const ssize_t now = ::write(daemon_end(), line.data() + sent, line.size() - sent);
      ASSERT_GT(now, 0);
      sent += static_cast<size_t>(now);
    }
  });
  while (pull() == nullptr && quiet == Quiet::Later) {
  }
  daemon.join();
  ASSERT_TRUE(block);
  EXPECT_EQ(block->records.at(0).bytes, std::string(data.size() / 4 * 3, '\0'));
}

TEST_F(MultilangProtocol, a_line_beyond_the_bound_is_refused) {
  listen_to_at_most(1000);
  daemon_says(std::string(2000, 'x'));
  const auto begun = source->begin();
  ASSERT_FALSE(begun.ok());
  EXPECT_THAT(begun.error().message, HasSubstr("maxRecords"));
}

}  // namespace
}  // namespace sluice::source
