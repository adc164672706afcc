#include "aws/kinesis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/kinesis_for_test.h"
#include "aws/kinesis_replies.h"
#include "base/text.h"
#include "net/scripted_server_for_test.h"

namespace sluice::aws {
namespace {

using net::ScriptedReply;
using net::SeenRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// 129 digits, the longest that AWS may give.
std::string longest_number() { return "4" + std::string(128, '9'); }

std::string record_json(const std::string& sequence, const std::string& data) {
  return R"({"SequenceNumber":")" + sequence + R"(","ApproximateArrivalTimestamp":1790000123.456,"Data":")" +
         base64_encode(data) + R"(","PartitionKey":"k","EncryptionType":null})";
}

class KinesisTest : public ::testing::Test {
 protected:
  std::string target() const { return server.seen().back().header("X-Amz-Target"); }
  Result<RecordsPage> get(Arena& arena) { return kinesis.get_records({"shop-cdc", {}}, "it", 1000, arena); }

  net::ScriptedServer server{[](const SeenRequest&) { return ScriptedReply{.status = 500}; }};
  KinesisSession session{server.url()};
  Kinesis kinesis{session.session};
  const StreamName stream{"shop-cdc", {}};
};

TEST_F(KinesisTest, APageOfRecordsIsDecodedIntoTheArena) {
  server.change([](const SeenRequest&) {
    return ScriptedReply{
        .body = R"({"Records":[)" + record_json(longest_number(), "one\n") + "," + record_json("7", "") +
                R"(],"NextShardIterator":"next","MillisBehindLatest":1234,"ChildShards":null})"};
  });
  Arena arena;
  const auto page = get(arena);
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page.value().records.size(), 2U);
  EXPECT_EQ(page.value().records[0].sequence, longest_number());
  EXPECT_EQ(page.value().records[0].data, "one\n");
  EXPECT_EQ(page.value().records[0].partition_key, "k");
  EXPECT_EQ(page.value().records[0].arrival_ms, 1790000123456);
  EXPECT_EQ(page.value().records[1].data, "");
  EXPECT_EQ(page.value().next_iterator, "next");
  EXPECT_EQ(page.value().millis_behind, 1234);
  EXPECT_EQ(target(), "Kinesis_20131202.GetRecords");
  EXPECT_EQ(server.seen().back().body, R"({"ShardIterator":"it","Limit":1000})");
}

TEST_F(KinesisTest, NullAndAbsentMeanTheSameAtAShardsEnd) {
  for (const std::string end : {R"("NextShardIterator":null,"MillisBehindLatest":null,)", ""}) {
    server.change([&](const SeenRequest&) {
      return ScriptedReply{.body = "{" + end +
                                   R"("Records":[],"ChildShards":[{"ShardId":"shardId-1","ParentShards":["a"],
                                   "HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"1"}},{"ShardId":"shardId-2"}]})"};
    });
    Arena arena;
    const auto page = get(arena);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page.value().next_iterator, "");
    EXPECT_EQ(page.value().millis_behind, -1);
    EXPECT_THAT(page.value().child_shards, ElementsAre("shardId-1", "shardId-2"));
  }
}

TEST_F(KinesisTest, APageOfTenMebibytesComesWhole) {
  std::string data(10U << 20, 'x');
  for (size_t i = 0; i < data.size(); i += 251) data[i] = static_cast<char>(i >> 8);
  const std::string body = R"({"Records":[)" + record_json("1", data) + R"(],"NextShardIterator":"n"})";
  server.change([&](const SeenRequest&) { return ScriptedReply{.body = body}; });
  Arena arena;
  const auto page = get(arena);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_TRUE(page.value().records[0].data == data);
}

TEST_F(KinesisTest, AReplyCutAnywhereIsUnavailableToAReadAndNeverARecord) {
  const std::string body = R"({"Records":[)" + record_json("1", "data") + R"(],"NextShardIterator":"n"})";
  for (size_t cut = 0; cut < body.size(); cut += 7) {
    server.change([&](const SeenRequest&) { return ScriptedReply{.body = body.substr(0, cut)}; });
    Arena arena;
    EXPECT_EQ(get(arena).error().kind, ErrorKind::Unavailable) << cut;
    EXPECT_EQ(get(arena).error().reason, "bad-reply") << cut;
  }
  server.change([&](const SeenRequest&) { return ScriptedReply{.body = body, .cut_after = 100}; });
  Arena arena;
  EXPECT_EQ(get(arena).error().kind, ErrorKind::Unavailable);
}

TEST_F(KinesisTest, ARecordThatIsNotWhatKinesisPromisesIsAnErrorForTheWholePage) {
  for (const std::string record :
       {R"({"Data":"AA=="})", R"({"SequenceNumber":"","Data":"AA=="})",
        R"({"SequenceNumber":"1x","Data":"AA=="})", R"({"SequenceNumber":"1"})",
        R"({"SequenceNumber":"1","Data":null})", R"({"SequenceNumber":"1","Data":"AA="})",
        R"({"SequenceNumber":"1","Data":"hush"x})", R"({"SequenceNumber":1,"Data":"AA=="})",
        R"({"SequenceNumber":"1","Data":"AA==","ApproximateArrivalTimestamp":"now"})",
        R"({"SequenceNumber":"1","Data":"AA==","ApproximateArrivalTimestamp":1e300})", "null", "7"}) {
    server.change(
        [&](const SeenRequest&) { return ScriptedReply{.body = R"({"Records":[)" + record + "]}"}; });
    Arena arena;
    const auto page = get(arena);
    ASSERT_FALSE(page) << record;
    EXPECT_EQ(page.error().reason, "bad-reply");
    EXPECT_THAT(page.error().message, Not(HasSubstr("hush")));
  }
}

TEST_F(KinesisTest, ShardsAreListedPageByPage) {
  const auto shard = [](const std::string& id, const std::string& end) {
    return R"({"ShardId":")" + id +
           R"(","ParentShardId":null,"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},"SequenceNumberRange":{"StartingSequenceNumber":"5","EndingSequenceNumber":)" +
           end + "}}";
  };
  server.change([&](const SeenRequest& request) {
    if (request.body == R"({"StreamName":"shop-cdc"})")
      return ScriptedReply{.body = R"({"NextToken":"to\"ken","Shards":[)" + shard("s-0", "null") + "]}"};
    if (request.body == R"({"NextToken":"to\"ken"})")
      return ScriptedReply{.body = R"({"NextToken":null,"Shards":[)" + shard("s-1", "\"9\"") + "]}"};
    return ScriptedReply{.status = 400, .body = R"({"__type":"InvalidArgumentException"})"};
  });
  const auto shards = kinesis.list_shards(stream);
  ASSERT_TRUE(shards) << shards.error().message;
  ASSERT_EQ(shards.value().size(), 2U);
  EXPECT_EQ(shards.value()[0].shard_id, "s-0");
  EXPECT_EQ(shards.value()[0].last_sequence, "");
  EXPECT_EQ(shards.value()[1].last_sequence, "9");
  EXPECT_EQ(shards.value()[1].end_hash, "340282366920938463463374607431768211455");
}

TEST_F(KinesisTest, AnIteratorIsAskedForInEveryWay) {
  server.change([](const SeenRequest&) { return ScriptedReply{.body = R"({"ShardIterator":"it"})"}; });
  const auto asked = [&](StartAt start) {
    EXPECT_EQ(
        kinesis.iterator({{}, "arn:aws:kinesis:us-east-1:1:stream/x"}, "s-0", start, "42", 1790000123045)
            .value(),
        "it");
    return server.seen().back().body;
  };
  const std::string all =
      R"({"StreamARN":"arn:aws:kinesis:us-east-1:1:stream/x","ShardId":"s-0","ShardIteratorType":)";
  EXPECT_EQ(asked(StartAt::TrimHorizon), all + R"("TRIM_HORIZON"})");
  EXPECT_EQ(asked(StartAt::Latest), all + R"("LATEST"})");
  EXPECT_EQ(asked(StartAt::AtTime), all + R"("AT_TIMESTAMP","Timestamp":1790000123.045})");
  EXPECT_EQ(asked(StartAt::AtSequence), all + R"("AT_SEQUENCE_NUMBER","StartingSequenceNumber":"42"})");
  EXPECT_EQ(asked(StartAt::AfterSequence), all + R"("AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"42"})");
}

TEST_F(KinesisTest, WhatBecameOfEachRecordIsToldInOrder) {
  server.change([](const SeenRequest&) {
    return ScriptedReply{.body = R"({"FailedRecordCount":1,"Records":[
      {"SequenceNumber":"5","ShardId":"s-0","ErrorCode":null,"ErrorMessage":null},
      {"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded"}]})"};
  });
  const std::vector<OutgoingRecord> records = {{"key\"1", "one"}, {"2", "two"}};
  const auto put = kinesis.put_records(stream, records);
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(put.value().failed, 1);
  EXPECT_EQ(put.value().items[0].sequence, "5");
  EXPECT_EQ(put.value().items[1].error_code, "ProvisionedThroughputExceededException");
  EXPECT_EQ(
      server.seen().back().body,
      R"({"StreamName":"shop-cdc","Records":[{"Data":"b25l","PartitionKey":"key\"1"},{"Data":"dHdv","PartitionKey":"2"}]})");
}

TEST_F(KinesisTest, APutWhoseReplyIsLostCutOrTooShortIsOfUnknownOutcome) {
  const std::vector<OutgoingRecord> records = {{"k", "one"}, {"k", "two"}};
  for (const ScriptedReply& reply :
       {ScriptedReply{.cut_after = 0}, ScriptedReply{.body = R"({"Records":[{"SequenceNumber":"5"}]})"},
        ScriptedReply{.body = R"({"Records":[{},{}]})"}, ScriptedReply{.body = "{"},
        ScriptedReply{.status = 500}}) {
    server.change([&](const SeenRequest&) { return reply; });
    EXPECT_EQ(kinesis.put_records(stream, records).error().kind, ErrorKind::OutcomeUnknown);
  }
}

TEST_F(KinesisTest, MoreThanACallTakesIsRefusedBeforeItIsSent) {
  EXPECT_FALSE(kinesis.put_records(stream, {}));
  const std::vector<OutgoingRecord> many(kMaxPutRecords + 1, OutgoingRecord{"k", "x"});
  EXPECT_FALSE(kinesis.put_records(stream, many));
  const std::string large(kMaxPutBytes, 'x');
  const std::vector<OutgoingRecord> one = {{"k", large}};
  EXPECT_FALSE(kinesis.put_records(stream, one));
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(KinesisTest, AThrottleAndAnExpiredIteratorAreToldApart) {
  Arena arena;
  server.change([](const SeenRequest&) {
    return ScriptedReply{.status = 400, .body = R"({"__type":"ProvisionedThroughputExceededException"})"};
  });
  EXPECT_EQ(get(arena).error().kind, ErrorKind::Throttled);
  server.change([](const SeenRequest&) {
    return ScriptedReply{.status = 400,
                         .body = R"({"__type":"ExpiredIteratorException","message":"Iterator expired."})"};
  });
  EXPECT_EQ(get(arena).error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(get(arena).error().reason, "ExpiredIteratorException");
  EXPECT_EQ(get(arena).error().message,
            "cannot read the stream shop-cdc: ExpiredIteratorException: Iterator expired.");
}

TEST(StreamNameTest, ANameOrAnArnIsTakenAndNothingElse) {
  EXPECT_EQ(parse_stream_name("shop-cdc_1.x").value().name, "shop-cdc_1.x");
  const auto arn = parse_stream_name("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/shop-cdc");
  EXPECT_EQ(arn.value().shown(), "shop-cdc");
  EXPECT_EQ(arn.value().name, "");
  for (const std::string text : {"", "a b", "arn:aws:s3:::x", "arn:aws:kinesis:r:1:stream/", "x/y", "ö"})
    EXPECT_FALSE(parse_stream_name(text)) << text;
  EXPECT_FALSE(parse_stream_name(std::string(129, 'a')));
}

}  // namespace
}  // namespace sluice::aws
