// A stream of its own per test on the emulator of scripts/with-kinesis, and what is in it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "aws/kinesis.h"
#include "aws/kinesis_for_test.h"
#include "net/retry.h"

namespace sluice::live {

inline std::string emulator() {
  const char* url = std::getenv("AWS_ENDPOINT_URL_KINESIS");
  CHECK(url != nullptr);  // run it under scripts/with-kinesis
  return url;
}

class LiveStream {
 public:
  LiveStream() : session(emulator()), kinesis(session.session) {}
  LiveStream(const LiveStream&) = delete;
  LiveStream& operator=(const LiveStream&) = delete;
  ~LiveStream() {
    if (!stream.name.empty()) {
      EXPECT_TRUE(kinesis.delete_stream(stream));
    }
  }

  void make_stream(const std::string& name, int shards) {
    stream.name = name;
    const auto made = kinesis.create_stream(name, shards);
    ASSERT_TRUE(made) << made.error().message;
    wait_active();
  }

  void wait_active() {
    net::SystemSleeper sleeper;
    const auto active = net::retry({.deadline_ms = 30'000}, system_clock(), sleeper, [&]() -> Result<void> {
      const auto summary = kinesis.describe(stream);
      if (!summary.ok()) return summary.error();
      if (summary.value().status != "ACTIVE") return unavailable("the stream is " + summary.value().status);
      return {};
    });
    ASSERT_TRUE(active) << active.error().message;
  }

  void put(const std::vector<std::pair<std::string, std::string>>& records) {
    std::vector<aws::OutgoingRecord> outgoing;
    for (const auto& [key, data] : records) outgoing.push_back({key, data});
    const auto put = kinesis.put_records(stream, outgoing);
    ASSERT_TRUE(put) << put.error().message;
    EXPECT_EQ(put.value().failed, 0);
    for (const auto& item : put.value().items) EXPECT_FALSE(item.sequence.empty());
  }

  std::vector<aws::Shard> shards() {
    auto listed = kinesis.list_shards(stream);
    EXPECT_TRUE(listed) << listed.error().message;
    return listed.ok() ? listed.value() : std::vector<aws::Shard>();
  }

  // Everything in a shard, in its order, and its children if it has ended.
  std::vector<std::string> read(const std::string& shard_id, std::set<std::string>* children = nullptr) {
    auto iterator = kinesis.iterator(stream, shard_id, aws::StartAt::TrimHorizon);
    EXPECT_TRUE(iterator) << iterator.error().message;
    if (!iterator.ok()) return {};
    std::vector<std::string> data;
    std::string next = iterator.value();
    for (int empty_pages = 0; !next.empty() && empty_pages < 3;) {
      Arena arena;
      const auto page = kinesis.get_records(stream, next, aws::kMaxGetRecords, arena);
      EXPECT_TRUE(page) << page.error().message;
      if (!page.ok()) return data;
      for (const auto& record : page.value().records) data.emplace_back(record.data);
      if (children != nullptr)
        children->insert(page.value().child_shards.begin(), page.value().child_shards.end());
      empty_pages += page.value().records.empty() ? 1 : 0;
      next = page.value().next_iterator;
    }
    return data;
  }

  std::vector<std::string> read_all() {
    std::vector<std::string> all;
    for (const aws::Shard& shard : shards())
      for (std::string& data : read(shard.shard_id)) all.push_back(std::move(data));
    std::sort(all.begin(), all.end());
    return all;
  }

  aws::KinesisSession session;
  aws::Kinesis kinesis;
  aws::StreamName stream;
};

}  // namespace sluice::live
