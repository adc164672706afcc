#include "lambda/mapping_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::lambda {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kStream = "arn:aws:kinesis:us-east-1:1:stream/shop-cdc";
constexpr const char* kQueue = "arn:aws:sqs:us-east-1:1:given-up";

// As docs/lambda.md says that it should be.
aws::EventSourceMapping good_stream() {
  aws::EventSourceMapping mapping;
  mapping.id = "m";
  mapping.source_arn = kStream;
  mapping.state = "Enabled";
  mapping.last_result = "OK";
  mapping.starting_position = "TRIM_HORIZON";
  mapping.on_failure_arn = kQueue;
  mapping.response_types = {"ReportBatchItemFailures"};
  mapping.batch_size = 10'000;
  mapping.batching_window_s = 1;
  mapping.most_retries = 10;
  mapping.most_record_age_s = 86'400;
  mapping.bisects = true;
  return mapping;
}

aws::FunctionConfiguration good_function() {
  aws::FunctionConfiguration function;
  function.name = "shop-sluice";
  function.log_format = "Text";
  function.timeout_s = 60;
  function.memory_mib = 256;
  function.variables = {{"SLUICE_TO", "SLUICE_QUARANTINE", "SLUICE_FRAGMENTS"}};
  return function;
}

// The one thing that is wrong with a mapping in which one thing was changed.
void expect_one(const std::vector<Finding>& found, Danger danger, const std::string& words) {
  ASSERT_EQ(found.size(), 1U) << words;
  EXPECT_EQ(found[0].danger, danger) << found[0].what;
  EXPECT_THAT(found[0].what, HasSubstr(words));
  EXPECT_FALSE(found[0].remedy.empty());
}

TEST(MappingRules, nothing_is_wrong_with_what_the_guide_recommends) {
  EXPECT_THAT(judge_mapping(good_stream(), 168), IsEmpty());
  EXPECT_THAT(judge_function(good_function()), IsEmpty());
  EXPECT_THAT(judge_mappings({good_stream()}), IsEmpty());
}

TEST(MappingRules, an_answer_that_is_ignored_loses_changes) {
  aws::EventSourceMapping mapping = good_stream();
  mapping.response_types.clear();
  expect_one(judge_mapping(mapping, 168), Danger::Loss, "ReportBatchItemFailures");
}

TEST(MappingRules, a_filter_loses_changes) {
  aws::EventSourceMapping mapping = good_stream();
  mapping.filters = 1;
  expect_one(judge_mapping(mapping, 168), Danger::Loss, "FilterCriteria");
}

TEST(MappingRules, without_a_place_for_failures_what_is_given_up_is_lost) {
  aws::EventSourceMapping mapping = good_stream();
  mapping.on_failure_arn.clear();
  expect_one(judge_mapping(mapping, 168), Danger::Loss, "OnFailure");
}

TEST(MappingRules, what_is_older_than_the_stream_remembers_is_lost) {
  aws::EventSourceMapping mapping = good_stream();
  mapping.most_record_age_s = 96 * 3600;
  expect_one(judge_mapping(mapping, 96), Danger::Loss, "keeps records for 96 hours");
  mapping.most_record_age_s = 95 * 3600;
  expect_one(judge_mapping(mapping, 96), Danger::Advice, "1 h more");
  EXPECT_THAT(judge_mapping(mapping, std::nullopt), IsEmpty());
}

TEST(MappingRules, a_stream_that_forgets_within_a_day_is_told) {
  aws::EventSourceMapping mapping = good_stream();
  mapping.most_record_age_s = -1;
  expect_one(judge_mapping(mapping, 24), Danger::Advice, "24 h");
}

TEST(MappingRules, without_any_limit_one_batch_stops_its_shard) {
  aws::EventSourceMapping mapping = good_stream();
  mapping.most_retries = -1;
  EXPECT_THAT(judge_mapping(mapping, 168), IsEmpty());  // its age still is a limit
  mapping.most_record_age_s = -1;
  expect_one(judge_mapping(mapping, 168), Danger::Stall, "no limit");
}

TEST(MappingRules, what_lambda_itself_complains_of_is_told) {
  aws::EventSourceMapping mapping = good_stream();
  mapping.last_result = "PROBLEM: Function call failed";
  expect_one(judge_mapping(mapping, 168), Danger::Stall, "Function call failed");
  mapping = good_stream();
  mapping.state = "Disabled";
  expect_one(judge_mapping(mapping, 168), Danger::Stall, "disabled");
}

TEST(MappingRules, each_other_setting_is_looked_at) {
  aws::EventSourceMapping mapping = good_stream();
  mapping.tumbling_window_s = 10;
  expect_one(judge_mapping(mapping, 168), Danger::Stall, "TumblingWindow");
  mapping = good_stream();
  mapping.bisects = false;
  expect_one(judge_mapping(mapping, 168), Danger::Stall, "Bisect");
  mapping = good_stream();
  mapping.starting_position = "LATEST";
  expect_one(judge_mapping(mapping, 168), Danger::Advice, "LATEST");
  mapping = good_stream();
  mapping.batch_size = 100;
  expect_one(judge_mapping(mapping, 168), Danger::Advice, "BatchSize is 100");
  mapping = good_stream();
  mapping.most_retries = 0;
  expect_one(judge_mapping(mapping, 168), Danger::Advice, "MaximumRetryAttempts is 0");
}

TEST(MappingRules, a_queue_that_ignores_the_answer_deletes_what_was_not_redriven) {
  aws::EventSourceMapping mapping;
  mapping.source_arn = kQueue;
  mapping.state = "Enabled";
  mapping.batch_size = 1;
  expect_one(judge_mapping(mapping, std::nullopt), Danger::Loss, "last trace");
  mapping.response_types = {"ReportBatchItemFailures"};
  EXPECT_THAT(judge_mapping(mapping, std::nullopt), IsEmpty());
  mapping.batch_size = 10;
  expect_one(judge_mapping(mapping, std::nullopt), Danger::Advice, "BatchSize is 10");
}

TEST(MappingRules, the_worst_comes_first) {
  aws::EventSourceMapping mapping = good_stream();
  mapping.batch_size = 100;
  mapping.bisects = false;
  mapping.filters = 2;
  const auto found = judge_mapping(mapping, 168);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].danger, Danger::Loss);
  EXPECT_EQ(found[1].danger, Danger::Stall);
  EXPECT_EQ(found[2].danger, Danger::Advice);
}

TEST(MappingRules, a_function_without_a_stream_or_of_another_service_stands_still) {
  aws::EventSourceMapping queue;
  queue.source_arn = kQueue;
  expect_one(judge_mappings({queue}), Danger::Stall, "no stream");
  aws::EventSourceMapping table;
  table.source_arn = "arn:aws:dynamodb:us-east-1:1:table/t/stream/x";
  expect_one(judge_mapping(table, std::nullopt), Danger::Stall, "neither");
}

TEST(MappingRules, the_functions_own_settings_are_looked_at) {
  aws::FunctionConfiguration function = good_function();
  function.variables->erase("SLUICE_TO");
  expect_one(judge_function(function), Danger::Stall, "SLUICE_TO");
  function = good_function();
  function.variables->erase("SLUICE_QUARANTINE");
  expect_one(judge_function(function), Danger::Advice, "SLUICE_QUARANTINE");
  function = good_function();
  function.variables->erase("SLUICE_FRAGMENTS");
  expect_one(judge_function(function), Danger::Advice, "SLUICE_FRAGMENTS");
  function = good_function();
  function.timeout_s = 3;
  expect_one(judge_function(function), Danger::Advice, "3 s");
  function = good_function();
  function.memory_mib = 128;
  expect_one(judge_function(function), Danger::Advice, "128");
  function = good_function();
  function.log_format = "JSON";
  expect_one(judge_function(function), Danger::Advice, "JSON");
  function = good_function();
  function.variables.reset();
  EXPECT_THAT(judge_function(function), IsEmpty());
}

}  // namespace
}  // namespace sluice::lambda
