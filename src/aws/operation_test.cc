#include "aws/operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/scripted_transport_for_test.h"

namespace sluice::aws {
namespace {

using net::replies;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Operation kRead{"kinesis", "GetRecords", Effect::Read};
constexpr Operation kWrite{"kinesis", "PutRecords", Effect::Write, true};
constexpr Operation kCreate{"kinesis", "CreateStream", Effect::Create};

struct Failure {
  int status;
  std::string code;
  ErrorKind read;
  ErrorKind write;
  ErrorKind create;
};

TEST(Operation, EachFailureMeansToEachKindOfOperationWhatTheTableSays) {
  using enum ErrorKind;
  const std::vector<Failure> table = {
      {400, "ProvisionedThroughputExceededException", Throttled, Throttled, Throttled},
      {400, "LimitExceededException", Throttled, Throttled, Throttled},
      {400, "ThrottlingException", Throttled, Throttled, Throttled},
      {400, "KMSThrottlingException", Throttled, Throttled, Throttled},
      {429, "", Throttled, Throttled, Throttled},
      {503, "SlowDown", Throttled, Throttled, Throttled},
      {400, "ExpiredIteratorException", Unavailable, Unavailable, Unavailable},
      {400, "ExpiredNextTokenException", Unavailable, Unavailable, Unavailable},
      {400, "ResourceInUseException", Unavailable, Unavailable, Refused},
      {500, "InternalFailure", Unavailable, OutcomeUnknown, OutcomeUnknown},
      {500, "", Unavailable, OutcomeUnknown, OutcomeUnknown},
      {502, "", Unavailable, OutcomeUnknown, OutcomeUnknown},
      {503, "ServiceUnavailable", Unavailable, OutcomeUnknown, OutcomeUnknown},
      {504, "", Unavailable, OutcomeUnknown, OutcomeUnknown},
      {408, "", Unavailable, OutcomeUnknown, OutcomeUnknown},
      {400, "ResourceNotFoundException", Refused, Refused, Refused},
      {400, "InvalidArgumentException", Refused, Refused, Refused},
      {400, "ValidationException", Refused, Refused, Refused},
      {400, "AccessDeniedException", Refused, Refused, Refused},
      {400, "KMSAccessDeniedException", Refused, Refused, Refused},
      {400, "UnrecognizedClientException", Refused, Refused, Refused},
      {400, "ExpiredTokenException", Refused, Refused, Refused},
      {403, "InvalidSignatureException", Refused, Refused, Refused},
      {403, "", Refused, Refused, Refused},
      {404, "", Refused, Refused, Refused},
      {413, "", Refused, Refused, Refused},
      {301, "", Refused, Refused, Refused},
      {307, "", Refused, Refused, Refused}};
  for (const Failure& failure : table) {
    const auto reply =
        replies(failure.status, failure.code.empty() ? "" : R"({"__type":")" + failure.code + R"("})");
    const std::string name = std::to_string(failure.status) + " " + failure.code;
    EXPECT_EQ(failed_reply(kRead, "read x", reply).kind, failure.read) << name;
    EXPECT_EQ(failed_reply(kWrite, "write x", reply).kind, failure.write) << name;
    EXPECT_EQ(failed_reply(kCreate, "make x", reply).kind, failure.create) << name;
    EXPECT_EQ(failed_reply(kRead, "read x", reply).reason, failure.code) << name;
    EXPECT_THAT(failed_reply(kRead, "read x", reply).message, HasSubstr("cannot read x: ")) << name;
  }
}

TEST(Operation, ALostReplyIsNothingToAReadAndUnknownToAWrite) {
  using enum ErrorKind;
  const Error lost{OutcomeUnknown, {}, "no whole reply came."};
  EXPECT_EQ(failed_transport(kRead, "read x", lost).kind, Unavailable);
  EXPECT_EQ(failed_transport(kWrite, "write x", lost).kind, OutcomeUnknown);
  EXPECT_EQ(failed_transport(kWrite, "write x", unavailable("nothing was sent")).kind, Unavailable);
  EXPECT_EQ(failed_transport(kRead, "read x", refused("wrong certificate")).kind, Refused);
  EXPECT_EQ(unreadable_reply(kRead, "read x", "it is cut").kind, Unavailable);
  EXPECT_EQ(unreadable_reply(kWrite, "write x", "it is cut").kind, OutcomeUnknown);
}

TEST(Operation, TheCodeIsFoundWhereverAProtocolPutsIt) {
  EXPECT_EQ(
      failure_code(replies(400, R"({"__type":"com.amazonaws.kinesis.v20131202#LimitExceededException"})")),
      "LimitExceededException");
  EXPECT_EQ(failure_code(replies(400, "{}", {{"x-amzn-errortype", "SlowDown:http://internal.amazon.com/"}})),
            "SlowDown");
  EXPECT_EQ(failure_code(replies(400, R"({"code":"AccessDenied"})")), "AccessDenied");
  EXPECT_EQ(failure_code(replies(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>")),
            "SignatureDoesNotMatch");
  for (const std::string body :
       {"", "{", "[]", "null", R"({"__type":7})", R"({"__type":"a b\n<c>"})", "<Code>"})
    EXPECT_EQ(failure_code(replies(500, body)), "") << body;
}

TEST(Operation, ARefusalNamesTheMissingRight) {
  EXPECT_EQ(
      failed_reply(kRead, "read the stream shop-cdc", replies(400, R"({"__type":"AccessDeniedException"})"))
          .message,
      "cannot read the stream shop-cdc: the credentials were refused (AccessDeniedException). "
      "Check the role's kinesis:GetRecords right.");
}

TEST(Operation, NeitherRowsNorSignedHeadersNorEscapesAreShown) {
  const std::string body =
      R"({"__type":"ValidationException","message":"Value 'hush' at\u001b[31m 'data' failed"})";
  EXPECT_THAT(failed_reply(kWrite, "write x", replies(400, body)).message, Not(HasSubstr("hush")));
  EXPECT_THAT(failed_reply(kRead, "read x", replies(400, body)).message, HasSubstr("Value 'hush'"));
  EXPECT_THAT(failed_reply(kRead, "read x", replies(400, body)).message, Not(HasSubstr("\x1b")));
  const std::string signature =
      R"({"__type":"InvalidSignatureException","message":"The Canonical String was x-amz-security-token:hush"})";
  EXPECT_THAT(failed_reply(kRead, "read x", replies(403, signature)).message, Not(HasSubstr("hush")));
}

}  // namespace
}  // namespace sluice::aws
