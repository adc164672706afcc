// The Kinesis client against a Kinesis that is not ours: scripts/with-kinesis starts one and says where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "live_stream.h"

namespace sluice::live {
namespace {

using aws::Shard;
using aws::StartAt;

class KinesisClient : public ::testing::Test, protected LiveStream {};

TEST_F(KinesisClient, WhatIsPutIsRead) {
  make_stream("put-and-read", 4);
  const auto summary = kinesis.describe(stream);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary.value().open_shards, 4);
  EXPECT_EQ(shards().size(), 4U);
  std::vector<std::pair<std::string, std::string>> records;
  std::vector<std::string> expected;
  for (int i = 0; i < 500; ++i) {
    expected.push_back("record \xC3\xA9\n\"" + std::string(static_cast<size_t>(i), 'x') + std::to_string(i));
    records.emplace_back("key" + std::to_string(i), expected.back());
  }
  put(records);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(read_all(), expected);
}

TEST_F(KinesisClient, ARecordOfSixMebibytesGoesThroughOnceTheStreamAllowsIt) {
  make_stream("large-records", 1);
  const auto allowed = kinesis.update_max_record_size(stream, 10'240);
  ASSERT_TRUE(allowed) << allowed.error().message;
  wait_active();
  EXPECT_EQ(kinesis.describe(stream).value().max_record_kib, 10'240);
  std::string large;
  for (uint32_t i = 0; large.size() < (6U << 20); ++i) large += static_cast<char>(i * 2654435761U >> 24);
  put({{"large", large}, {"small", "small"}});
  EXPECT_EQ(read_all(), (std::vector<std::string>{std::min(large, std::string("small")),
                                                  std::max(large, std::string("small"))}));
}

TEST_F(KinesisClient, SplitAndMergedShardsNameTheirChildren) {
  make_stream("split-and-merge", 2);
  put({{"a", "before 1"}, {"b", "before 2"}, {"c", "before 3"}, {"d", "before 4"}});
  const Shard first = shards().at(0);
  ASSERT_TRUE(kinesis.split_shard(stream, first.shard_id, "1000000000000000000000"));
  wait_active();
  std::vector<Shard> halves;
  for (const Shard& shard : shards())
    if (shard.parent_id == first.shard_id) halves.push_back(shard);
  ASSERT_EQ(halves.size(), 2U);
  EXPECT_FALSE(shards().at(0).last_sequence.empty());
  std::set<std::string> children;
  read(first.shard_id, &children);
  EXPECT_EQ(children, (std::set<std::string>{halves[0].shard_id, halves[1].shard_id}));

  const auto merged = kinesis.merge_shards(stream, halves[0].shard_id, halves[1].shard_id);
  ASSERT_TRUE(merged) << merged.error().message;
  wait_active();
  std::string adjacent;
  for (const Shard& shard : shards())
    if (shard.parent_id == halves[0].shard_id) adjacent = shard.adjacent_parent_id;
  EXPECT_EQ(adjacent, halves[1].shard_id);
  put({{"a", "after 1"}, {"b", "after 2"}});
  EXPECT_EQ(read_all(),
            (std::vector<std::string>{"after 1", "after 2", "before 1", "before 2", "before 3", "before 4"}));
}

TEST_F(KinesisClient, ReadingGoesOnBehindASequenceNumberAndFromATime) {
  make_stream("positions", 1);
  put({{"k", "one"}, {"k", "two"}, {"k", "three"}});
  const std::string shard = shards().at(0).shard_id;
  Arena arena;
  const auto first =
      kinesis.get_records(stream, kinesis.iterator(stream, shard, StartAt::TrimHorizon).value(), 1, arena);
  ASSERT_TRUE(first);
  ASSERT_EQ(first.value().records.size(), 1U);
  const auto& one = first.value().records[0];
  EXPECT_EQ(one.data, "one");
  EXPECT_EQ(one.partition_key, "k");
  EXPECT_GT(one.arrival_ms, 1'600'000'000'000);
  const auto data_from = [&](StartAt start, int64_t time_ms) {
    Arena other;
    const auto page = kinesis.get_records(
        stream, kinesis.iterator(stream, shard, start, one.sequence, time_ms).value(), 10, other);
    std::vector<std::string> data;
    for (const auto& record : page.value().records) data.emplace_back(record.data);
    return data;
  };
  EXPECT_EQ(data_from(StartAt::AtSequence, 0), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(data_from(StartAt::AfterSequence, 0), (std::vector<std::string>{"two", "three"}));
  EXPECT_EQ(data_from(StartAt::AtTime, one.arrival_ms - 60'000),
            (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(KinesisClient, AStreamThatIsNotThereIsRefusedByName) {
  const auto summary = kinesis.describe({"no-such-stream", {}});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().kind, ErrorKind::Refused);
  EXPECT_EQ(summary.error().reason, "ResourceNotFoundException");
  EXPECT_THAT(summary.error().message, ::testing::HasSubstr("no-such-stream"));
}

// AWS refuses it; this emulator stumbles over it and answers with a 500.
TEST_F(KinesisClient, AnIteratorThatIsNoneIsAnError) {
  make_stream("bad-iterator", 1);
  Arena arena;
  const auto page = kinesis.get_records(stream, "no iterator", 1, arena);
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().message, ::testing::HasSubstr("cannot read the stream bad-iterator"));
}

}  // namespace
}  // namespace sluice::live
