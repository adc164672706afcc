#include "aws/sqs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/kinesis_for_test.h"
#include "net/scripted_server_for_test.h"

namespace sluice::aws {
namespace {

using net::ScriptedReply;
using net::SeenRequest;
using ::testing::HasSubstr;
using ::testing::Not;

class SqsTest : public ::testing::Test {
 protected:
  void answer(ScriptedReply reply) {
    server.change([reply](const SeenRequest&) { return reply; });
  }
  SeenRequest last() const { return server.seen().back(); }

  net::ScriptedServer server{[](const SeenRequest&) { return ScriptedReply{.status = 500}; }};
  KinesisSession session{server.url()};
  Sqs sqs{session.session};
  const std::string queue = "https://sqs.us-east-1.amazonaws.com/1/dead";
};

TEST_F(SqsTest, AMessageIsSentInTheServicesJson) {
  answer({.body = R"({"MessageId":"m-1","MD5OfMessageBody":"x"})"});
  EXPECT_EQ(sqs.send(queue, "say \"hi\"").value(), "m-1");
  EXPECT_EQ(last().header("X-Amz-Target"), "AmazonSQS.SendMessage");
  EXPECT_EQ(last().header("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(last().body, R"({"QueueUrl":")" + queue + R"(","MessageBody":"say \"hi\""})");
}

TEST_F(SqsTest, AReplyWithoutAnIdLeavesOpenWhetherItWasSent) {
  answer({.body = "{}"});
  EXPECT_EQ(sqs.send(queue, "x").error().kind, ErrorKind::OutcomeUnknown);
}

TEST_F(SqsTest, MessagesComeWithTheirReceiptsAndHowOftenTheyCame) {
  answer({.body = R"({"Messages":[{"MessageId":"m","ReceiptHandle":"r==","Body":"{\"a\":1}",
                      "Attributes":{"ApproximateReceiveCount":"3"}},{"ReceiptHandle":"s","Body":""}]})"});
  const auto messages = sqs.receive(queue, 10, 20, 300);
  ASSERT_TRUE(messages) << messages.error().message;
  ASSERT_EQ(messages.value().size(), 2U);
  EXPECT_EQ(messages.value()[0].body, R"({"a":1})");
  EXPECT_EQ(messages.value()[0].receipt, "r==");
  EXPECT_EQ(messages.value()[0].receive_count, 3);
  EXPECT_THAT(last().body, HasSubstr(R"("WaitTimeSeconds":20,"VisibilityTimeout":300)"));
}

TEST_F(SqsTest, AnEmptyQueueHasNoMessages) {
  for (const char* body : {"{}", R"({"Messages":null})", R"({"Messages":[]})"}) {
    answer({.body = body});
    EXPECT_TRUE(sqs.receive(queue, 1, 0, 1).value().empty()) << body;
  }
}

TEST_F(SqsTest, WhatIsNoReplyIsNotTakenForAnEmptyQueue) {
  for (const char* body : {"", "[]", R"({"Messages":7})", R"({"Messages":[{"Body":"x"}]})"}) {
    answer({.body = body});
    const auto messages = sqs.receive(queue, 1, 0, 1);
    ASSERT_FALSE(messages) << body;
    EXPECT_EQ(messages.error().kind, ErrorKind::Unavailable);
  }
}

TEST_F(SqsTest, AMessageIsRemovedAndHiddenByItsReceipt) {
  answer({.status = 200});
  ASSERT_TRUE(sqs.remove(queue, "r=="));
  EXPECT_EQ(last().body, R"({"QueueUrl":")" + queue + R"(","ReceiptHandle":"r=="})");
  ASSERT_TRUE(sqs.hide(queue, "r==", 0));
  EXPECT_THAT(last().body, HasSubstr(R"("VisibilityTimeout":0)"));
}

TEST_F(SqsTest, ARefusalNamesTheQueueAndNeverTheMessage) {
  answer(
      {.status = 400, .body = R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"secret row"})"});
  const auto sent = sqs.send(queue, "secret row");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, ErrorKind::Refused);
  EXPECT_EQ(sent.error().reason, "QueueDoesNotExist");
  EXPECT_THAT(sent.error().message, HasSubstr("the queue dead"));
  EXPECT_THAT(sent.error().message, Not(HasSubstr("secret")));
}

TEST(QueueUrlTest, IsAnAddressWithAPath) {
  EXPECT_TRUE(parse_queue_url("https://sqs.eu-west-1.amazonaws.com/123456789012/dead"));
  EXPECT_TRUE(parse_queue_url("http://127.0.0.1:4566/000000000000/dead"));
  for (const char* wrong : {"", "dead", "arn:aws:sqs:us-east-1:1:dead", "https://sqs.us-east-1.amazonaws.com",
                            "https://u:p@sqs/1/dead"})
    EXPECT_FALSE(parse_queue_url(wrong)) << wrong;
}

}  // namespace
}  // namespace sluice::aws
