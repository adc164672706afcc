#include "aws/redshift_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/redshift_data_replies.h"
#include "base/clock.h"
#include "net/scripted_transport_for_test.h"

namespace sluice::aws {
namespace {

using net::HttpResponse;
using net::replies;
using ::testing::HasSubstr;
using ::testing::Not;

class RedshiftDataTest : public ::testing::Test {
 protected:
  Result<Submitted> execute(const Submission& submission = {}) {
    const std::vector<SqlParameter> parameters = {{"p", "it's \"1\"\n"}};
    return api.execute(place, "SELECT :p", parameters, submission, 1000);
  }
  std::string asked() const { return transport.seen.back().body; }

  Result<HttpResponse> reply = replies(200, R"({"Id":"a-1","Status":"STARTED","CreatedAt":1598323175.823})",
                                       {{"Date", "Tue, 25 Aug 2020 02:39:36 GMT"}});
  net::ScriptedTransport transport{[this](const net::HttpRequest&) { return reply; }};
  std::unique_ptr<net::CredentialsProvider> credentials =
      net::fixed_credentials({"AKIDEXAMPLE", "not-a-secret", "", 0});
  ManualClock clock{1'598'323'176'000'000'000};
  Session session{transport, *credentials, clock, {.region = "us-east-1", .url = {}, .urls = {}}};
  RedshiftData api{session};
  RedshiftPlace place{.workgroup = "shop", .cluster = {}, .database = "dev", .secret_arn = {}, .db_user = {}};
};

TEST_F(RedshiftDataTest, AStatementIsSubmittedAsTheServiceDescribesIt) {
  const auto sent = execute({.client_token = "t", .wait_s = 30});
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(sent.value().id, "a-1");
  EXPECT_EQ(sent.value().status, StatementStatus::Started);
  EXPECT_EQ(sent.value().created_ms, 1598323175823);
  EXPECT_EQ(sent.value().replied_ms, 1598323176000);
  EXPECT_EQ(asked(), R"({"Sql":"SELECT :p","WorkgroupName":"shop","Database":"dev","ClientToken":"t",)"
                     R"("WaitTimeSeconds":30,"Parameters":[{"name":"p","value":"it's \"1\"\n"}]})");
  const net::HttpRequest& request = transport.seen.back();
  EXPECT_EQ(net::header_of(request, "X-Amz-Target"), "RedshiftData.ExecuteStatement");
  EXPECT_EQ(net::header_of(request, "Content-Type"), "application/x-amz-json-1.1");
  EXPECT_THAT(net::header_of(request, "Authorization"), HasSubstr("/redshift-data/aws4_request"));
  EXPECT_FALSE(request.repeatable);
}

TEST_F(RedshiftDataTest, AClusterAndASecretAreNamedAndASessionTakesTheirPlace) {
  place = {.workgroup = {}, .cluster = "c1", .database = "dev", .secret_arn = "arn:s", .db_user = "me"};
  ASSERT_TRUE(execute({.session_keep_alive_s = 60}));
  EXPECT_THAT(asked(),
              HasSubstr(R"("ClusterIdentifier":"c1","Database":"dev","SecretArn":"arn:s","DbUser":"me",)"
                        R"("SessionKeepAliveSeconds":60)"));
  ASSERT_TRUE(execute({.session_id = "s-1"}));
  EXPECT_THAT(asked(), HasSubstr(R"("SessionId":"s-1")"));
  EXPECT_THAT(asked(), Not(HasSubstr("Database")));
}

TEST_F(RedshiftDataTest, ABatchTellsOfItsStatements) {
  const std::vector<std::string> sqls = {"SELECT 1", "SELECT \"2\""};
  ASSERT_TRUE(api.execute_batch(place, sqls, {}, ExecutionMode::AutoCommit, {}, 1000));
  EXPECT_EQ(asked(), R"({"Sqls":["SELECT 1","SELECT \"2\""],"WorkgroupName":"shop","Database":"dev",)"
                     R"("ExecutionMode":"AUTO_COMMIT"})");
  reply = replies(200, R"({"Id":"b","Status":"FAILED","Error":"x","SubStatements":[)"
                       R"({"Id":"b:1","Status":"FINISHED","ResultRows":3},)"
                       R"({"Id":"b:2","Status":"FAILED","Error":"y"}]})");
  const auto state = api.describe("b", 0, 1000);
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_EQ(state.value().status, StatementStatus::Failed);
  EXPECT_EQ(state.value().result_rows, -1);
  ASSERT_EQ(state.value().sub_statements.size(), 2U);
  EXPECT_EQ(state.value().sub_statements[0].result_rows, 3);
  EXPECT_EQ(state.value().sub_statements[1].error, "y");
}

TEST_F(RedshiftDataTest, ResultPagesAreReadWithEveryKindOfCell) {
  reply = replies(200, R"({"Records":[[{"isNull":true},{"longValue":-5},{"doubleValue":1.5},)"
                       R"({"booleanValue":true},{"stringValue":"a\"b"}]],"TotalNumRows":9,"NextToken":"n",)"
                       R"("ColumnMetadata":[{"name":"a"},{"name":"b"}]})");
  const auto page = api.result("a-1", "m", 1000);
  ASSERT_TRUE(page) << page.error().message;
  const std::vector<std::optional<std::string>> expected = {std::nullopt, "-5", "1.5", "true", "a\"b"};
  EXPECT_EQ(page.value().rows.at(0), expected);
  EXPECT_EQ(page.value().columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(page.value().total_rows, 9);
  EXPECT_EQ(page.value().next_token, "n");
  EXPECT_EQ(asked(), R"({"Id":"a-1","NextToken":"m"})");
}

TEST_F(RedshiftDataTest, NothingIsConcludedFromAReplyThatIsNotWhatIsPromised) {
  for (const char* body :
       {"", "{", "[]", "{}", R"({"Id":"a"})", R"({"Id":"a","Status":"ALL"})", R"({"Id":"a","Status":7})",
        R"({"Id":"a","Status":"FINISHED","ResultRows":"3"})"}) {
    reply = replies(200, body);
    EXPECT_EQ(api.describe("a", 0, 1000).error().kind, ErrorKind::Unavailable) << body;
  }
  reply = replies(200, "<html>");
  EXPECT_EQ(execute().error().kind, ErrorKind::OutcomeUnknown);
}

struct Failure {
  int status;
  std::string code;
  std::string message;
  ErrorKind submit;
  ErrorKind look;
  std::string reason;
};

TEST_F(RedshiftDataTest, EachFailureMeansWhatTheTableSays) {
  using enum ErrorKind;
  const std::vector<Failure> table = {
      {400, "ThrottlingException", "", Throttled, Throttled, "ThrottlingException"},
      {400, "ActiveStatementsExceededException", "", Throttled, Throttled,
       "ActiveStatementsExceededException"},
      {400, "ActiveSessionsExceededException", "", Throttled, Throttled, "ActiveSessionsExceededException"},
      {400, "ActiveWaitingRequestsExceededException", "", Throttled, Throttled,
       "ActiveWaitingRequestsExceededException"},
      {400, "QueryTimeoutException", "", Unavailable, Unavailable, "QueryTimeoutException"},
      {400, "ValidationException", "Session is not available", Refused, Refused, "ValidationException"},
      {400, "ValidationException", "Cannot process query string larger than 100kB", Refused, Refused,
       "StatementTooLarge"},
      {400, "ValidationException", "Number of parameters in statement exceeds maximum allowed (200)", Refused,
       Refused, "TooManyParameters"},
      {400, "ValidationException", "Unknown parameter 'WaitTimeSeconds'", Refused, Refused,
       "WaitTimeUnknown"},
      {400, "SerializationException", "unknown field WaitTimeSeconds", Refused, Refused, "WaitTimeUnknown"},
      {404, "ResourceNotFoundException", "", Refused, Refused, "ResourceNotFoundException"},
      {500, "ExecuteStatementException", "", OutcomeUnknown, Unavailable, "ExecuteStatementException"},
      {500, "BatchExecuteStatementException", "", OutcomeUnknown, Unavailable,
       "BatchExecuteStatementException"},
      {500, "DatabaseConnectionException", "", OutcomeUnknown, Unavailable, "DatabaseConnectionException"},
      {500, "InternalServerException", "", OutcomeUnknown, Unavailable, "InternalServerException"},
      {400, "AccessDeniedException", "", Refused, Refused, "AccessDeniedException"}};
  for (const Failure& failure : table) {
    reply = replies(failure.status,
                    R"({"__type":")" + failure.code + R"(","message":")" + failure.message + R"("})");
    EXPECT_EQ(execute().error().kind, failure.submit) << failure.code;
    EXPECT_EQ(execute().error().reason, failure.reason) << failure.code;
    EXPECT_EQ(api.describe("a", 30, 1000).error().kind, failure.look) << failure.code;
  }
  reply = Error{ErrorKind::OutcomeUnknown, {}, "no whole reply came."};
  EXPECT_EQ(execute().error().kind, ErrorKind::OutcomeUnknown);
  EXPECT_EQ(api.describe("a", 0, 1000).error().kind, ErrorKind::Unavailable);
}

TEST_F(RedshiftDataTest, AValueInTheServicesWordsIsNotShown) {
  reply = replies(400, R"({"__type":"ValidationException","message":"Invalid 'hush' near 'hush'"})");
  EXPECT_THAT(execute().error().message, Not(HasSubstr("hush")));
  EXPECT_EQ(shown_words("ERROR: invalid input syntax for type numeric: \"hu\"sh\""),
            "ERROR: invalid input syntax for type numeric: …");
  EXPECT_EQ(shown_words("Cannot insert a NULL value into column \"record_id\""),
            "Cannot insert a NULL value into column \"record_id\"");
  EXPECT_EQ(shown_words("Invalid JSON Detail: Value: hush"), "Invalid JSON");
  EXPECT_EQ(shown_words("it isn't hush"), "it isn…");
  EXPECT_EQ(shown_words("bell \x07 and\nline"), "bell   and line");
  EXPECT_LE(shown_words(std::string(5000, 'x')).size(), 300U);
}

}  // namespace
}  // namespace sluice::aws
