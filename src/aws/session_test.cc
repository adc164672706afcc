#include "aws/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/scripted_transport_for_test.h"

namespace sluice::aws {
namespace {

using net::header_of;
using net::HttpRequest;
using net::replies;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kSecond = 1'000'000'000;

// Gives new credentials each time that the old ones are forgotten.
class RenewingCredentials final : public net::CredentialsProvider {
 public:
  Result<net::Credentials> get() override {
    return net::Credentials{"AK" + std::to_string(number_), "hush", "hush-token", 0};
  }
  void forget() override { ++number_; }

 private:
  int number_ = 1;
};

class SessionTest : public ::testing::Test {
 protected:
  Result<std::string> call(const Operation& operation = {"kinesis", "GetRecords", Effect::Read}) {
    return session.call_json(operation, "read x", "Kinesis_20131202.GetRecords", "{}", 1000);
  }
  static net::EndpointSettings settings() {
    net::EndpointSettings out;
    out.region = "us-east-1";
    return out;
  }

  net::ScriptedTransport::Rule rule = [](const HttpRequest&) { return replies(200, "yes"); };
  net::ScriptedTransport transport{[this](const HttpRequest& request) { return rule(request); }};
  RenewingCredentials credentials;
  ManualClock clock{1'767'323'045 * kSecond};  // Fri, 02 Jan 2026 03:04:05 GMT
  Session session{transport, credentials, clock, settings()};
};

TEST_F(SessionTest, ACallIsSignedAndSaysWhatItIs) {
  EXPECT_EQ(call().value(), "yes");
  const HttpRequest& seen = transport.seen.at(0);
  EXPECT_EQ(seen.url, "https://kinesis.us-east-1.amazonaws.com/");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_TRUE(seen.repeatable);
  EXPECT_EQ(header_of(seen, "X-Amz-Target"), "Kinesis_20131202.GetRecords");
  EXPECT_EQ(header_of(seen, "Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(header_of(seen, "X-Amz-Date"), "20260102T030405Z");
  EXPECT_EQ(header_of(seen, "X-Amz-Security-Token"), "hush-token");
  EXPECT_THAT(header_of(seen, "Authorization"),
              HasSubstr("Credential=AK1/20260102/us-east-1/kinesis/aws4_request, "
                        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, "));
}

TEST_F(SessionTest, OnlyAReadMayBeSentTwiceByTheTransport) {
  EXPECT_TRUE(call({"kinesis", "PutRecords", Effect::Write}));
  EXPECT_TRUE(call({"kinesis", "CreateStream", Effect::Create}));
  for (const HttpRequest& seen : transport.seen) EXPECT_FALSE(seen.repeatable);
}

// This machine is ten minutes behind.
TEST_F(SessionTest, AWrongClockIsLearntOnceFromTheServersDate) {
  rule = [](const HttpRequest& request) {
    if (header_of(request, "X-Amz-Date") == "20260102T031405Z") return replies(200, "yes");
    return replies(403, R"({"__type":"InvalidSignatureException","message":"Signature expired"})",
                   {{"Date", "Fri, 02 Jan 2026 03:14:05 GMT"}});
  };
  EXPECT_EQ(call().value(), "yes");
  EXPECT_EQ(transport.seen.size(), 2U);
  EXPECT_EQ(session.clock_offset_ns(), 600 * kSecond);
  EXPECT_EQ(call().value(), "yes");
  EXPECT_EQ(transport.seen.size(), 3U) << "what was learnt stays";
}

TEST_F(SessionTest, ASignatureThatIsWrongForAnotherReasonIsNotTriedAgain) {
  rule = [](const HttpRequest&) {
    return replies(403, R"({"__type":"InvalidSignatureException"})",
                   {{"Date", "Fri, 02 Jan 2026 03:04:06 GMT"}});
  };
  const auto refusal = call();
  EXPECT_EQ(refusal.error().kind, ErrorKind::Refused);
  EXPECT_EQ(transport.seen.size(), 1U);
}

TEST_F(SessionTest, AServerWhoseDateRunsAwayIsTriedTwiceAtMost) {
  int hour = 3;
  rule = [&](const HttpRequest&) {
    return replies(403, R"({"__type":"RequestTimeTooSkewed"})",
                   {{"Date", "Fri, 02 Jan 2026 0" + std::to_string(++hour) + ":04:05 GMT"}});
  };
  EXPECT_EQ(call().error().kind, ErrorKind::Refused);
  EXPECT_EQ(transport.seen.size(), 2U);
}

TEST_F(SessionTest, ExpiredCredentialsAreRenewedOnce) {
  rule = [](const HttpRequest& request) {
    if (header_of(request, "Authorization").find("AK2") != std::string::npos) return replies(200, "yes");
    return replies(400, R"({"__type":"ExpiredTokenException"})");
  };
  EXPECT_EQ(call().value(), "yes");
  rule = [](const HttpRequest&) { return replies(400, R"({"__type":"ExpiredTokenException"})"); };
  const size_t before = transport.seen.size();
  EXPECT_EQ(call().error().kind, ErrorKind::Refused);
  EXPECT_EQ(transport.seen.size(), before + 2);
}

TEST_F(SessionTest, ARedirectIsRefusedAndNotFollowed) {
  rule = [](const HttpRequest&) { return replies(307, "", {{"Location", "https://elsewhere.test/"}}); };
  const auto refusal = call();
  EXPECT_EQ(refusal.error().kind, ErrorKind::Refused);
  EXPECT_THAT(refusal.error().message, HasSubstr("redirect"));
  EXPECT_EQ(transport.seen.size(), 1U);
}

TEST_F(SessionTest, NoErrorShowsACredential) {
  const std::string leak = R"(","message":"hush hush-token AWS4-HMAC-SHA256"})";
  for (const std::string code :
       {"ExpiredTokenException", "SignatureDoesNotMatch", "UnrecognizedClientException",
        "AccessDeniedException", "IncompleteSignatureException"}) {
    std::string body = R"({"__type":")";
    body.append(code).append(leak);
    rule = [&](const HttpRequest&) { return replies(403, body); };
    EXPECT_THAT(call().error().message, Not(HasSubstr("hush"))) << code;
  }
}

}  // namespace
}  // namespace sluice::aws
