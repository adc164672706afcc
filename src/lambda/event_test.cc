#include "lambda/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "lambda/on_failure.h"

namespace sluice::lambda {
namespace {

using ::testing::HasSubstr;

std::string kinesis_record(const std::string& sequence, const std::string& data64,
                           const std::string& shard = "shardId-000000000003",
                           const std::string& arn = "arn:aws:kinesis:us-east-1:1:stream/shop-cdc") {
  return R"({"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"k","sequenceNumber":")" + sequence +
         R"(","data":")" + data64 +
         R"(","approximateArrivalTimestamp":1764000000.123,"encryptionType":"KMS"},"eventSource":"aws:kinesis",
          "eventVersion":"1.0","eventID":")" +
         shard + ":" + sequence + R"(","eventName":"aws:kinesis:record","eventSourceARN":")" + arn +
         R"(","awsRegion":"us-east-1"})";
}
std::string records(const std::string& list) { return R"({"Records":[)" + list + "]}"; }

Result<Event> parse(std::string text) { return parse_event(text); }

TEST(EventTest, AKinesisBatchGivesItsRecordsWithTheirPositions) {
  const auto event =
      parse(records(kinesis_record("4959", base64_encode("{\"a\":1}")) + "," + kinesis_record("4960", "")));
  ASSERT_TRUE(event) << event.error().message;
  const auto& batch = std::get<KinesisBatch>(event.value());
  EXPECT_EQ(batch.stream_arn, "arn:aws:kinesis:us-east-1:1:stream/shop-cdc");
  EXPECT_EQ(batch.shard_id, "shardId-000000000003");
  ASSERT_EQ(batch.block.records.size(), 2U);
  EXPECT_EQ(batch.block.records[0].bytes, "{\"a\":1}");
  EXPECT_EQ(batch.block.records[0].position.shard, "shop-cdc/shardId-000000000003");
  EXPECT_EQ(batch.block.records[1].position.sequence, "4960");
  EXPECT_EQ(batch.block.records[1].bytes, "");
}

TEST(EventTest, AnEnhancedFanOutBatchIsOfTheSameStream) {
  const auto event = parse(records(kinesis_record(
      "1", "QQ==", "shardId-000000000000", "arn:aws:kinesis:us-east-1:1:stream/shop-cdc/consumer/c:123")));
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(std::get<KinesisBatch>(event.value()).stream_arn, "arn:aws:kinesis:us-east-1:1:stream/shop-cdc");
}

TEST(EventTest, EscapedSlashesOfBase64AreRead) {
  const auto event = parse(records(kinesis_record("1", R"(\/\/\/\/)")));
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<KinesisBatch>(event.value()).block.records[0].bytes, "\xFF\xFF\xFF");
}

TEST(EventTest, JsonThatBreaksInTheMiddleIsToldAndNotReadOn) {
  for (const char* broken : {R"({"a":"b" "c":1,"Event":"s3:TestEvent"})", R"({"a","Event":"s3:TestEvent"})",
                             R"({"Records":[{"a" "eventSource":"aws:kinesis"}]})"}) {
    const auto event = parse(broken);
    ASSERT_FALSE(event) << broken;
    EXPECT_THAT(event.error().message, HasSubstr("whole JSON")) << broken;
  }
}

TEST(EventTest, AQueuesMessagesAreRead) {
  const auto event = parse(records(
      R"({"messageId":"m","receiptHandle":"r","body":"{\"x\":1}","eventSource":"aws:sqs","eventSourceARN":"q"})"));
  ASSERT_TRUE(event) << event.error().message;
  const auto& batch = std::get<QueueBatch>(event.value());
  EXPECT_EQ(batch.messages.at(0).message_id, "m");
  EXPECT_EQ(batch.messages.at(0).body, R"({"x":1})");
}

TEST(EventTest, ABucketsNoticeNamesItsObjectsDecoded) {
  const auto event = parse(records(
      R"({"eventSource":"aws:s3","s3":{"bucket":{"name":"b"},"object":{"key":"a+b%2Fc%3D","size":1}}})"));
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(std::get<BucketNotice>(event.value()).objects.at(0).key, "a b/c=");
  EXPECT_TRUE(std::get<BucketNotice>(parse(R"({"Service":"Amazon S3","Event":"s3:TestEvent"})").value())
                  .objects.empty());
}

TEST(EventTest, WhatIsNoneOfTheseIsRefusedAndNeverAnEmptyBatch) {
  const std::string good = kinesis_record("1", "QQ==");
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "not JSON"},
      {"[]", "no JSON object"},
      {"{}", "no list Records"},
      {R"({"Records":[]})", "Records is empty"},
      {R"({"Records":null})", "no list Records"},
      {R"({"Records":[7]})", "no object"},
      {records(R"({"eventSource":"aws:dynamodb"})"), "come from aws:dynamodb"},
      {records("{}"), "do not say where they come from"},
      {records(kinesis_record("1", "QQ=")), "not base64"},
      {records(kinesis_record("1x", "QQ==")), "no sequence number"},
      {records(good + "," + kinesis_record("2", "QQ==", "shardId-000000000004")), "several shards"},
      {records(good + R"(,{"eventSource":"aws:sqs"})"), "several services"},
      {records(kinesis_record("1", "QQ==", "s", "arn:aws:dynamodb:x")), "no stream's"},
      {records(good).substr(0, records(good).size() - 40), "refused"},
      {R"({"invocationId":"i","deliveryStreamArn":"arn:aws:firehose:x","records":[]})", "Firehose"},
  };
  for (const auto& [text, why] : wrong) {
    const auto event = parse(text);
    ASSERT_FALSE(event) << text;
    EXPECT_EQ(event.error().kind, ErrorKind::Malformed);
    EXPECT_THAT(event.error().message, HasSubstr(why)) << text;
  }
}

std::string document(const std::string& rest = {}, const std::string& first = "10") {
  return R"({"requestContext":{"requestId":"u","functionArn":"f","condition":"SomethingNew"},"responseContext":null,
    "version":"1.0","KinesisBatchInfo":{"shardId":"shardId-000000000001","startSequenceNumber":")" +
         first +
         R"(","endSequenceNumber":"100","approximateArrivalOfFirstRecord":"2026-01-02T03:04:05Z",
    "approximateArrivalOfLastRecord":"2026-01-02T03:05:05Z","batchSize":500,
    "streamArn":"arn:aws:kinesis:us-east-1:1:stream/shop-cdc"})" +
         rest + "}";
}

TEST(OnFailureTest, ADocumentNamesItsRangeWhateverItsCondition) {
  const auto note = parse_failure_note(document());
  ASSERT_TRUE(note) << note.error().message;
  const auto& range = std::get<FailedRange>(note.value());
  EXPECT_EQ(range.first_sequence, "10");
  EXPECT_EQ(range.last_sequence, "100");
  EXPECT_EQ(range.condition, "SomethingNew");
  EXPECT_EQ(range.payload, "");
  EXPECT_EQ(describe(range),
            "shardId-000000000001 of shop-cdc, sequence numbers 10 to 100, 500 records, arrived "
            "2026-01-02T03:04:05Z to 2026-01-02T03:05:05Z");
}

TEST(EventTest, LeadingZerosOfASequenceNumberAreKeptAndMeanNothing) {
  const auto event = parse(records(kinesis_record("0009", "QQ==")));
  ASSERT_TRUE(event) << event.error().message;
  EXPECT_EQ(std::get<KinesisBatch>(event.value()).block.records[0].position.sequence, "0009");
  EXPECT_LT(compare_sequences("0009", "10"), 0);
  EXPECT_EQ(compare_sequences("000", "0"), 0);
  EXPECT_GT(compare_sequences("11", "0010"), 0);
}

TEST(OnFailureTest, SnsAndS3WrapIt) {
  const auto payload = parse_failure_note(document(R"(,"payload":"{\"Records\":[]}")"));
  EXPECT_EQ(std::get<FailedRange>(payload.value()).payload, R"({"Records":[]})");
  EXPECT_TRUE(std::holds_alternative<FailedRange>(
      parse_failure_note(R"({"Type":"Notification","Message":"{\"KinesisBatchInfo\":{\"shardId\":\"s\",)"
                         R"(\"startSequenceNumber\":\"1\",\"endSequenceNumber\":\"2\",)"
                         R"(\"streamArn\":\"arn:aws:kinesis:us-east-1:1:stream/s\"}}"})")
          .value()));
  const auto notice = parse_failure_note(
      R"({"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]})");
  EXPECT_EQ(std::get<BucketNotice>(notice.value()).objects.at(0).key, "k");
}

TEST(OnFailureTest, WhatNamesNoRangeExactlyIsRefused) {
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[1]"), document({}, "x"), document({}, "101"),
        std::string(R"({"KinesisBatchInfo":{}})"), records(kinesis_record("1", "QQ=="))})
    EXPECT_FALSE(parse_failure_note(text)) << text;
}

}  // namespace
}  // namespace sluice::lambda
