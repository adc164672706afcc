// What generate and emulate put into a real stream, read back: all of it, byte for byte, spread over the
// shards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "emulate/generator.h"
#include "emulate/kinesis_out.h"
#include "live_database.h"
#include "live_stream.h"

namespace sluice::live {
namespace {

emulate::KinesisOutOptions into(const aws::StreamName& stream) {
  emulate::KinesisOutOptions options;
  options.stream = stream;
  return options;
}

class KinesisOutLive : public ::testing::Test, protected LiveStream {};

TEST_F(KinesisOutLive, EveryGeneratedRecordIsInTheStreamByteForByte) {
  make_stream("generated", 4);
  emulate::GenerateOptions wanted;
  wanted.seed = 11;
  wanted.changes = 3000;
  wanted.duplicates = 0.05;
  wanted.poison = 0.01;
  wanted.oversize = 0.01;
  std::vector<std::string> expected;
  auto first = emulate::Generator::make(wanted);
  ASSERT_TRUE(first.value().run([&](std::string_view record) -> Result<void> {
    expected.emplace_back(record);
    return {};
  }));
  net::SystemSleeper sleeper;
  emulate::KinesisOut out(kinesis, into(stream), system_clock(), sleeper);
  auto second = emulate::Generator::make(wanted);
  const auto run = second.value().run([&](std::string_view record) { return out.write(record); });
  ASSERT_TRUE(run) << run.error().message;
  ASSERT_TRUE(out.flush());
  EXPECT_EQ(out.counts().stored, static_cast<int64_t>(expected.size()));
  for (const aws::Shard& shard : shards()) EXPECT_GT(read(shard.shard_id).size(), expected.size() / 8);
  std::sort(expected.begin(), expected.end());
  EXPECT_TRUE(read_all() == expected);
}

// Two slots see the same transactions; one writes lines, the other puts records.
class EmulateIntoStream : public LiveDatabase {};

TEST_F(EmulateIntoStream, WhatPostgresqlCommitsIsInTheStream) {
  LiveStream live;
  live.make_stream("emulated", 4);
  ASSERT_FALSE(HasFatalFailure());
  sql("CREATE TABLE orders (id bigint PRIMARY KEY, note text)");
  emulate::PostgresOptions other = options;
  other.slot = "sluice_other";
  net::SystemSleeper sleeper;
  emulate::KinesisOut out(live.kinesis, into(live.stream), system_clock(), sleeper);
  const std::atomic<bool> stop{false};
  ASSERT_TRUE(emulate::emulate_postgres(other, out, stop));
  watch();
  sql("INSERT INTO orders SELECT i, repeat('x', i % 50) FROM generate_series(1, 1500) AS i");
  sql("UPDATE orders SET note = 'new' WHERE id % 3 = 0");
  sql("DELETE FROM orders WHERE id % 5 = 0");
  const auto put = emulate::emulate_postgres(other, out, stop);
  ASSERT_TRUE(put) << put.error().message;
  std::vector<std::string> expected = told_now();
  EXPECT_EQ(expected.size(), 1500U + 500U + 300U);
  std::vector<std::string> told;
  for (const std::string& record : live.read_all()) told.push_back(parse_record(record).story());
  std::sort(expected.begin(), expected.end());
  std::sort(told.begin(), told.end());
  EXPECT_TRUE(told == expected);
  ASSERT_TRUE(emulate::drop_emulation(other));
}

}  // namespace
}  // namespace sluice::live
