#include "emulate/kinesis_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>

#include "aws/session.h"
#include "base/text.h"
#include "net/scripted_transport_for_test.h"

namespace sluice::emulate {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using net::replies;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Put {
  std::vector<std::string> keys;
  std::vector<std::string> data;
};

// Takes a PutRecords request apart with a parser that did not make it.
Put parse(const HttpRequest& request) {
  simdjson::dom::parser parser;
  Put put;
  for (const simdjson::dom::element record : parser.parse(request.body)["Records"].get_array()) {
    put.keys.emplace_back(record["PartitionKey"].get_string().value());
    put.data.push_back(base64_decode(record["Data"].get_string().value()).value());
  }
  return put;
}

// A reply in which each record has this code; an empty one is stored.
HttpResponse outcome(const std::vector<std::string>& codes) {
  std::string body;
  for (const std::string& code : codes) {
    body += body.empty() ? "" : ",";
    body += code.empty() ? R"({"SequenceNumber":"5","ShardId":"s-0"})" : R"({"ErrorCode":")" + code + R"("})";
  }
  return replies(200, R"({"Records":[)" + body + "]}");
}

class NoSleep final : public net::Sleeper {
 public:
  explicit NoSleep(ManualClock& clock) : clock_(clock) {}
  bool sleep_ms(int64_t ms) override {
    clock_.advance_ns(ms * 1'000'000);
    ++sleeps;
    return true;
  }
  int sleeps = 0;

 private:
  ManualClock& clock_;
};

class KinesisOutTest : public ::testing::Test {
 protected:
  KinesisOutTest() {
    options.stream.name = "shop-cdc";
    options.notice = [this](const std::string& text) { notices.push_back(text); };
  }
  KinesisOut& out() {
    if (!out_) out_ = std::make_unique<KinesisOut>(kinesis, options, clock, sleeper);
    return *out_;
  }
  static net::EndpointSettings settings() {
    net::EndpointSettings made;
    made.region = "us-east-1";
    return made;
  }
  Put put(size_t call) const { return parse(transport.seen.at(call)); }
  static HttpResponse all_stored(const HttpRequest& request) {
    return outcome(std::vector<std::string>(parse(request).keys.size()));
  }

  net::ScriptedTransport::Rule rule = all_stored;
  net::ScriptedTransport transport{[this](const HttpRequest& request) { return rule(request); }};
  std::unique_ptr<net::CredentialsProvider> credentials = net::fixed_credentials({"AK", "s", "", 0});
  ManualClock clock{1};
  NoSleep sleeper{clock};
  aws::Session session{transport, *credentials, clock, settings()};
  aws::Kinesis kinesis{session};
  KinesisOutOptions options;
  std::vector<std::string> notices;

 private:
  std::unique_ptr<KinesisOut> out_;
};

TEST_F(KinesisOutTest, RecordsAreSentByTheFiveHundredUnderKeysOfTheirOwn) {
  for (int i = 0; i < 1201; ++i) ASSERT_TRUE(out().write("record " + std::to_string(i)));
  EXPECT_EQ(transport.seen.size(), 2U);
  ASSERT_TRUE(out().flush());
  ASSERT_TRUE(out().flush());
  ASSERT_EQ(transport.seen.size(), 3U);
  EXPECT_EQ(put(0).data.size(), 500U);
  EXPECT_EQ(put(2).data.size(), 201U);
  EXPECT_EQ(put(2).data.back(), "record 1200");
  std::set<std::string> keys;
  for (size_t call = 0; call < 3; ++call)
    for (const std::string& key : put(call).keys) keys.insert(key);
  EXPECT_EQ(keys.size(), 1201U);
  EXPECT_EQ(out().counts().stored, 1201);
}

TEST_F(KinesisOutTest, ACallNeverHoldsMoreThanTenMebibytes) {
  const std::string four(4U << 20, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(out().write(four));
  ASSERT_TRUE(out().flush());
  EXPECT_EQ(transport.seen.size(), 3U);
  EXPECT_EQ(put(0).data.size(), 2U);
}

TEST_F(KinesisOutTest, TheSameSeedGivesTheSameKeys) {
  ASSERT_TRUE(out().write("x"));
  ASSERT_TRUE(out().flush());
  KinesisOut other(kinesis, options, clock, sleeper);
  ASSERT_TRUE(other.write("x"));
  ASSERT_TRUE(other.flush());
  EXPECT_EQ(put(0).keys, put(1).keys);
}

TEST_F(KinesisOutTest, OnlyWhatWasNotStoredIsSentAgainUnderTheSameKey) {
  rule = [&](const HttpRequest& request) {
    if (transport.seen.size() == 1)
      return outcome({"", "ProvisionedThroughputExceededException", "", "InternalFailure"});
    if (transport.seen.size() == 2) return outcome({"ProvisionedThroughputExceededException", ""});
    return all_stored(request);
  };
  for (const char* record : {"a", "b", "c", "d"}) ASSERT_TRUE(out().write(record));
  ASSERT_TRUE(out().flush());
  EXPECT_THAT(put(1).data, ElementsAre("b", "d"));
  EXPECT_THAT(put(2).data, ElementsAre("b"));
  EXPECT_EQ(put(2).keys[0], put(0).keys[1]);
  EXPECT_EQ(out().counts().stored, 4);
  EXPECT_EQ(out().counts().sent_again, 3);
  EXPECT_EQ(sleeper.sleeps, 2);
  EXPECT_TRUE(notices.empty());
}

TEST_F(KinesisOutTest, ACallWhoseOutcomeIsUnknownIsSentAgainAndSaid) {
  rule = [&](const HttpRequest& request) -> Result<HttpResponse> {
    if (transport.seen.size() == 1) return Error{ErrorKind::OutcomeUnknown, {}, "no whole reply came."};
    if (transport.seen.size() == 2) return replies(500, "");
    return all_stored(request);
  };
  ASSERT_TRUE(out().write("a"));
  ASSERT_TRUE(out().flush());
  EXPECT_EQ(transport.seen.size(), 3U);
  EXPECT_EQ(put(2).data, put(0).data);
  EXPECT_EQ(out().counts().in_doubt, 2);
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_THAT(notices[0], HasSubstr("may be in the stream twice"));
}

TEST_F(KinesisOutTest, AStreamThatStaysTooBusyIsAnErrorAndKeepsTheRecords) {
  bool busy = true;
  rule = [&](const HttpRequest& request) {
    return busy ? replies(400, R"({"__type":"ProvisionedThroughputExceededException"})")
                : all_stored(request);
  };
  ASSERT_TRUE(out().write("a"));
  const auto flushed = out().flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().kind, ErrorKind::Throttled);
  busy = false;
  ASSERT_TRUE(out().flush());
  EXPECT_THAT(put(transport.seen.size() - 1).data, ElementsAre("a"));
}

TEST_F(KinesisOutTest, WhatWillNotPassIsNotTriedAgain) {
  rule = [](const HttpRequest&) { return outcome({"KMSAccessDeniedException", "InternalFailure"}); };
  ASSERT_TRUE(out().write("a"));
  ASSERT_TRUE(out().write("b"));
  const auto flushed = out().flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().kind, ErrorKind::Refused);
  EXPECT_THAT(flushed.error().message, HasSubstr("2 of 2 records (KMSAccessDeniedException)"));
  EXPECT_EQ(transport.seen.size(), 1U);
}

TEST_F(KinesisOutTest, ARecordThatNoStreamTakesIsRefusedBeforeItIsSent) {
  const auto written = out().write(std::string(aws::kMaxPutBytes, 'x'));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::Refused);
  EXPECT_THAT(written.error().message, HasSubstr("--oversize-bytes"));
}

}  // namespace
}  // namespace sluice::emulate
