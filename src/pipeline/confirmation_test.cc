// A source that gives nothing more before what it gave is confirmed, as one must that answers to somebody.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/faulty_sink_for_test.h"
#include "pipeline/model_sink_for_test.h"
#include "pipeline/pipeline.h"

namespace sluice::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kShard = "shard-0";

class AskingSource final : public source::Source {
 public:
  AskingSource(int blocks, const Durable& durable) : blocks_(blocks), durable_(durable) {}

  Result<source::Pull> next() override {
    if (confirmed_positions.size() < static_cast<size_t>(given_))
      return source::Pull{std::nullopt, source::Quiet::Unconfirmed};
    if (given_ == blocks_) return source::Pull{std::nullopt, source::Quiet::End};
    change::Block block;
    block.shard = kShard;
    const int id = given_++;
    block.records.push_back(
        {{block.arena.copy(kShard), block.arena.copy(std::to_string(id))},
         block.arena.copy(fmt::format(R"({{"type":"full","op":"c","before":null,"after":{{"id":{}}},)"
                                      R"("source":{{"schema":"public","table":"orders","ts_ns":{}}}}})",
                                      id, 100 + id))});
    block.checkpoint = std::to_string(given_);
    return source::Pull{std::move(block), source::Quiet::Later};
  }
  void confirmed(const std::vector<change::Checkpoint>& durable) override {
    for (const change::Checkpoint& checkpoint : durable) {
      confirmed_positions.push_back(checkpoint.position);
      // Nothing is under way in the sink: the next block was not given yet.
      EXPECT_EQ(durable_.checkpoints.at(kShard), checkpoint.position);
    }
  }
  std::vector<std::string> take_notices() override { return {}; }
  source::Progress progress() const override { return {}; }

  std::vector<std::string> confirmed_positions;

 private:
  int blocks_;
  const Durable& durable_;
  int given_ = 0;
};

class Confirmation : public ::testing::Test {
 protected:
  Result<RunSummary> run(int blocks, FaultySink::DrawFault fault) {
    ModelSink inner(durable_, false);
    FaultySink sink(inner, std::move(fault));
    AskingSource source(blocks, durable_);
    Result<RunSummary> summary = pipeline::run(source, sink, options_, clock_, {});
    confirmed_ = source.confirmed_positions;
    return summary;
  }

  PipelineOptions options_;
  ManualClock clock_{1'800'000'000'000'000'000};  // stands still: no batch is ever due by its age
  Durable durable_;
  std::vector<std::string> confirmed_;
};

TEST_F(Confirmation, ABatchIsNotHeldBackFromASourceThatWaitsForIt) {
  ASSERT_TRUE(run(3, [](const change::Batch&) { return SinkFault::None; }).ok());
  EXPECT_THAT(confirmed_, ElementsAre("1", "2", "3"));
  EXPECT_EQ(durable_.batches, 3);
}

TEST_F(Confirmation, WhatIsNotDurableIsNeverConfirmed) {
  int batches = 0;
  const auto fails = [&](const change::Batch&) {
    return ++batches == 2 ? SinkFault::Unavailable : SinkFault::None;
  };
  ASSERT_FALSE(run(3, fails).ok());
  EXPECT_THAT(confirmed_, ElementsAre("1"));
}

TEST_F(Confirmation, ARunThatOnlyHasItsOwnNumbersDoesNotLookOverTheStore) {
  ASSERT_TRUE(run(1, [](const change::Batch&) { return SinkFault::None; }).ok());
  options_.look_over_store = false;
  const RunSummary summary = run(2, [](const change::Batch&) { return SinkFault::None; }).value();
  EXPECT_EQ(summary.shards.at(kShard).read, 2);
  EXPECT_THAT(summary.shards_ever, IsEmpty());
}

}  // namespace
}  // namespace sluice::pipeline
