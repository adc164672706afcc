#include "aws/lambda.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/kinesis_for_test.h"
#include "net/scripted_server_for_test.h"

namespace sluice::aws {
namespace {

using net::ScriptedReply;
using net::SeenRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LambdaTest : public ::testing::Test {
 protected:
  void answer(ScriptedReply reply) {
    server.change([reply](const SeenRequest&) { return reply; });
  }

  net::ScriptedServer server{[](const SeenRequest&) { return ScriptedReply{.status = 500}; }};
  KinesisSession session{server.url()};
  Lambda lambda{session.session};
};

TEST_F(LambdaTest, AMappingComesWithAllThatIsSetAboutIt) {
  answer({.body = R"({"EventSourceMappings":[{"UUID":"u-1","BatchSize":500,
      "MaximumBatchingWindowInSeconds":2,"EventSourceArn":"arn:aws:kinesis:r:1:stream/s","State":"Enabled",
      "LastProcessingResult":"OK","StartingPosition":"LATEST","MaximumRetryAttempts":7,
      "MaximumRecordAgeInSeconds":3600,"BisectBatchOnFunctionError":true,"TumblingWindowInSeconds":5,
      "DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:r:1:q"}},
      "FilterCriteria":{"Filters":[{"Pattern":"{}"},{"Pattern":"{}"}]},
      "FunctionResponseTypes":["ReportBatchItemFailures"]}]})"});
  const auto found = lambda.mappings("shop:live");
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found.value().size(), 1U);
  const EventSourceMapping& mapping = found.value()[0];
  EXPECT_EQ(mapping.id, "u-1");
  EXPECT_EQ(mapping.source_arn, "arn:aws:kinesis:r:1:stream/s");
  EXPECT_EQ(mapping.state, "Enabled");
  EXPECT_EQ(mapping.last_result, "OK");
  EXPECT_EQ(mapping.starting_position, "LATEST");
  EXPECT_EQ(mapping.on_failure_arn, "arn:aws:sqs:r:1:q");
  EXPECT_THAT(mapping.response_types, ElementsAre("ReportBatchItemFailures"));
  EXPECT_EQ(mapping.batch_size, 500);
  EXPECT_EQ(mapping.batching_window_s, 2);
  EXPECT_EQ(mapping.most_retries, 7);
  EXPECT_EQ(mapping.most_record_age_s, 3600);
  EXPECT_EQ(mapping.tumbling_window_s, 5);
  EXPECT_EQ(mapping.filters, 2);
  EXPECT_TRUE(mapping.bisects);
  const SeenRequest asked = server.seen().back();
  EXPECT_EQ(asked.method, "GET");
  EXPECT_EQ(asked.target, "/2015-03-31/event-source-mappings?FunctionName=shop%3Alive");
}

TEST_F(LambdaTest, WhatIsNotSetIsWithoutALimit) {
  answer({.body = R"({"EventSourceMappings":[{"UUID":"u","FilterCriteria":null,"DestinationConfig":{}}]})"});
  const auto found = lambda.mappings("shop");
  ASSERT_TRUE(found) << found.error().message;
  const EventSourceMapping& mapping = found.value().at(0);
  EXPECT_EQ(mapping.most_retries, -1);
  EXPECT_EQ(mapping.most_record_age_s, -1);
  EXPECT_EQ(mapping.filters, 0);
  EXPECT_FALSE(mapping.bisects);
  EXPECT_THAT(mapping.response_types, IsEmpty());
}

TEST_F(LambdaTest, EveryPageIsRead) {
  server.change([](const SeenRequest& request) {
    const bool is_second = request.target.find("&Marker=a%2Fb") != std::string::npos;
    return ScriptedReply{.body = is_second ? R"({"EventSourceMappings":[{"UUID":"2"}]})"
                                           : R"({"EventSourceMappings":[{"UUID":"1"}],"NextMarker":"a/b"})"};
  });
  const auto found = lambda.mappings("shop");
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found.value().size(), 2U);
  EXPECT_EQ(found.value()[1].id, "2");
}

TEST_F(LambdaTest, AMemberOfTheWrongTypeIsNeverTakenForAbsent) {
  for (const char* wrong : {R"("FunctionResponseTypes":"ReportBatchItemFailures")", R"("FilterCriteria":[])",
                            R"("DestinationConfig":"none")", R"("MaximumRetryAttempts":"7")"}) {
    answer({.body = fmt::format(R"({{"EventSourceMappings":[{{"UUID":"u",{}}}]}})", wrong)});
    const auto found = lambda.mappings("shop");
    ASSERT_FALSE(found.ok()) << wrong;
    EXPECT_THAT(found.error().message, HasSubstr("list what feeds the function shop")) << wrong;
  }
}

TEST_F(LambdaTest, AFunctionShowsTheNamesOfItsVariablesAlone) {
  answer({.body = R"({"FunctionName":"shop","Runtime":"provided.al2023","Timeout":60,"MemorySize":256,
      "LoggingConfig":{"LogFormat":"JSON"},"Environment":{"Variables":{"SLUICE_TO":"redshift:a/b"}}})"});
  const auto found = lambda.function("shop");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found.value().name, "shop");
  EXPECT_EQ(found.value().runtime, "provided.al2023");
  EXPECT_EQ(found.value().log_format, "JSON");
  EXPECT_EQ(found.value().timeout_s, 60);
  EXPECT_EQ(found.value().memory_mib, 256);
  EXPECT_THAT(*found.value().variables, ElementsAre("SLUICE_TO"));
  EXPECT_EQ(server.seen().back().target, "/2015-03-31/functions/shop/configuration");
}

TEST_F(LambdaTest, VariablesThatCannotBeReadAreNotTakenForNone) {
  answer({.body = R"({"FunctionName":"shop","Environment":{"Error":{"ErrorCode":"AccessDenied"}}})"});
  EXPECT_FALSE(lambda.function("shop").value().variables.has_value());
  answer({.body = R"({"FunctionName":"shop"})"});
  EXPECT_THAT(*lambda.function("shop").value().variables, IsEmpty());
}

TEST_F(LambdaTest, AFunctionThatIsNotThereIsRefused) {
  answer({.status = 404,
          .body = R"({"Type":"User","Message":"Function not found: arn:aws:lambda:r:1:function:x"})",
          .headers = {{"x-amzn-ErrorType", "ResourceNotFoundException"}}});
  const auto found = lambda.function("x");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().kind, ErrorKind::Refused);
  EXPECT_EQ(found.error().reason, "ResourceNotFoundException");
}

}  // namespace
}  // namespace sluice::aws
