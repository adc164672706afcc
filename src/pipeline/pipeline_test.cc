#include "pipeline/pipeline.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "base/crc32c.h"
#include "pipeline/faulty_sink_for_test.h"
#include "pipeline/memory_source_for_test.h"
#include "pipeline/model_sink_for_test.h"

namespace sluice::pipeline {
namespace {

using change::Books;
using change::TableName;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kDayNs = int64_t{86'400} * 1'000'000'000;
constexpr const char* kShard = "shard-0";

std::string change_of(const std::string& op, int64_t ts_ns, const std::string& image,
                      const std::string& table = "orders") {
  const bool deletes = op == "d";
  return fmt::format(
      R"({{"type":"full","op":"{}","before":{},"after":{},"source":{{"schema":"public","table":"{}","ts_ns":{}}}}})",
      op, deletes ? image : "null", deletes ? "null" : image, table, ts_ns);
}

std::string order(int64_t id) { return change_of("c", 100 + id, fmt::format(R"({{"id":{}}})", id)); }

const std::string kFragment = R"({"type":"fragment","chunk_id":"c-1","index":0,"data":"{"})";

class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() { source_options_.max_block_records = 1; }

  void add(const std::string& record) { shards_.front().records.push_back(record); }
  void add_orders(int64_t count) {
    for (int64_t id = 0; id < count; ++id) add(order(id));
  }

  // One start of the program on what is durable.
  Result<RunSummary> run(FaultySink::DrawFault fault = [](const change::Batch&) { return SinkFault::None; }) {
    ModelSink inner(durable_, skip_repeats_);
    inner.refuse(refused_text_);
    inner.call_worth_applying(rows_worth_applying_);
    FaultySink sink(inner, std::move(fault));
    source_options_.saved = inner.load().value().checkpoints;
    MemorySource source(shards_, source_options_);
    notices_.clear();
    Hooks hooks;
    hooks.stop = &stop_;
    hooks.notice = [this](const std::string& notice) { notices_.push_back(notice); };
    hooks.progress = [this](const Snapshot& snapshot) { snapshots_.push_back(snapshot); };
    Result<RunSummary> summary = pipeline::run(source, sink, options_, clock_, hooks);
    given_ = source.given().contains(kShard) ? source.given().at(kShard) : 0;
    EXPECT_THAT(durable_.violations, IsEmpty());
    return summary;
  }

  std::vector<std::string> record_ids() const {
    std::vector<std::string> ids;
    for (const DurableRow& row : durable_.rows) ids.push_back(row.record_id);
    return ids;
  }

  std::vector<MemoryShard> shards_ = {{kShard, {}}};
  MemorySourceOptions source_options_;
  PipelineOptions options_;
  ManualClock clock_{1'800'000'000'000'000'000};
  Durable durable_;
  bool skip_repeats_ = false;
  std::string refused_text_;
  int64_t rows_worth_applying_ = INT64_MAX;
  std::atomic<bool> stop_ = false;
  std::vector<std::string> notices_;
  std::vector<Snapshot> snapshots_;
  int64_t given_ = 0;
};

TEST_F(PipelineTest, EveryRecordEndsSomewhereAndTheBooksSayWhere) {
  skip_repeats_ = true;
  add(order(1));
  add(order(1));
  add("no record");
  add(kFragment);
  const RunSummary summary = run().value();
  const Books books = summary.shards.at(kShard);
  EXPECT_EQ(books.read, 4);
  EXPECT_EQ(books.landed, 1);
  EXPECT_EQ(books.repeats, 1);
  EXPECT_EQ(books.quarantined, 1);
  EXPECT_EQ(books.waiting, 1);
  EXPECT_TRUE(books.balanced());
  EXPECT_THAT(summary.imbalances, IsEmpty());
  EXPECT_THAT(summary.waiting_chunks, ElementsAre("c-1"));
  ASSERT_THAT(durable_.quarantine, SizeIs(1));
  EXPECT_EQ(durable_.quarantine[0].bytes, "no record");
  EXPECT_EQ(durable_.quarantine[0].sequence, "2");
  EXPECT_FALSE(summary.interrupted);
}

TEST_F(PipelineTest, ARecordWhoseRowTheDestinationRefusesIsKeptAsItWasDelivered) {
  refused_text_ = "too long";
  // Spelled as no writer of ours would spell it.
  const std::string refused =
      R"( {"source":{"ts_ns":7 , "table":"orders","schema":"public"}, "note":"x", "after":{ "id":1,"a":"too long"},"op":"c","type":"full","before":null})";
  add(order(5));
  add(refused);
  add(order(6));
  const RunSummary summary = run().value();
  EXPECT_EQ(summary.shards.at(kShard).landed, 2);
  EXPECT_EQ(summary.shards.at(kShard).quarantined, 1);
  EXPECT_EQ(summary.quarantined_by_reason.at("refused"), 1);
  EXPECT_THAT(summary.imbalances, IsEmpty());
  ASSERT_THAT(durable_.quarantine, SizeIs(1));
  EXPECT_EQ(durable_.quarantine[0].bytes, refused);
  EXPECT_EQ(durable_.quarantine[0].sequence, "1");
}

TEST_F(PipelineTest, AnAssembledRowThatTheDestinationRefusesIsKeptPieceByPiece) {
  refused_text_ = "too long";
  const std::string image = R"({"id":1,"a":"too long"})";
  const std::vector<std::string> pieces = {
      R"({"type":"fragment","chunk_id":"c-1","index":1,"data":"\"too long\"}"})",
      fmt::format(
          R"({{"type":"chunked","op":"c","chunked":{{"after":{{"chunk_id":"c-1","total_fragments":2,"crc32c":"{}"}}}},"source":{{"schema":"public","table":"orders","ts_ns":7}}}})",
          crc32c(image)),
      R"({"type":"fragment","chunk_id":"c-1","index":0,"data":"{\"id\":1,\"a\":"})"};
  // The first two wait in the store of an earlier run.
  add(pieces[0]);
  add(pieces[1]);
  ASSERT_TRUE(run().ok());
  add(pieces[2]);
  add(order(6));
  const RunSummary summary = run().value();
  EXPECT_EQ(summary.shards.at(kShard).landed, 1);
  EXPECT_EQ(summary.shards.at(kShard).quarantined, 3);
  EXPECT_EQ(summary.shards.at(kShard).waiting, -2);
  EXPECT_THAT(summary.imbalances, IsEmpty());
  EXPECT_THAT(durable_.pieces, IsEmpty());
  std::map<std::string, std::string> kept;
  for (const DurableBadRecord& record : durable_.quarantine) {
    EXPECT_EQ(record.chunk_id, "c-1");
    kept[record.sequence] = record.bytes;
  }
  EXPECT_EQ(kept, (std::map<std::string, std::string>{{"0", pieces[0]}, {"1", pieces[1]}, {"2", pieces[2]}}));
}

TEST_F(PipelineTest, ABatchIsFullByRows) {
  options_.batch_rows = 2;
  add_orders(10);
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(durable_.batches, 5);
}

TEST_F(PipelineTest, ABatchEndsBeforeABlockThatWouldExceedItsRows) {
  options_.batch_rows = 7;
  source_options_.max_block_records = 5;
  add_orders(100);
  size_t most = 0;
  ASSERT_TRUE(run([&most](const change::Batch& batch) {
                most = std::max(most, batch.rows.size());
                return SinkFault::None;
              }).ok());
  EXPECT_THAT(durable_.rows, SizeIs(100));
  EXPECT_LE(most, 7U);
}

TEST_F(PipelineTest, ABatchIsFullByBytes) {
  options_.batch_bytes = 1;
  add_orders(10);
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(durable_.batches, 10) << "a block is never cut, and each is too large";
}

TEST_F(PipelineTest, ABatchThatGrowsNoMoreIsAppliedAtTheEnd) {
  add_orders(10);
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(durable_.batches, 1);
  EXPECT_THAT(durable_.rows, SizeIs(10));
}

TEST_F(PipelineTest, ASinkWithNothingToDoIsGivenWhatIsWorthATransaction) {
  rows_worth_applying_ = 3;
  add_orders(10);
  std::vector<size_t> sizes;
  ASSERT_TRUE(run([&sizes](const change::Batch& batch) {
                sizes.push_back(batch.rows.size());
                return SinkFault::None;
              }).ok());
  EXPECT_THAT(durable_.rows, SizeIs(10));
  EXPECT_EQ(sizes.front(), 3U);
}

TEST_F(PipelineTest, NoMoreThanTwoBatchesAreAliveWhileTheSinkIsSlow) {
  options_.batch_rows = 1;
  add_orders(20);
  std::atomic<int64_t> taken = 0;
  std::atomic<int64_t> durable = 0;
  std::atomic<int64_t> most_alive = 0;
  source_options_.before_block = [&](size_t blocks) -> Result<void> {
    taken = static_cast<int64_t>(blocks);
    return {};
  };
  const auto slow = [&](const change::Batch&) {
    // Long enough for a reader without bounds to take all there is.
    for (int turn = 0; turn < 20; ++turn) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      most_alive = std::max(most_alive.load(), taken.load() - durable.load());
    }
    ++durable;
    return SinkFault::None;
  };
  ASSERT_TRUE(run(slow).ok());
  EXPECT_EQ(durable, 20);
  // One in the sink and one sealed behind it; the reader may stand before the next block, not behind it.
  EXPECT_LE(most_alive, 2);
}

TEST_F(PipelineTest, AStopDrainsWhatWasReadAndAsksTheSourceForNoMore) {
  options_.batch_rows = 3;
  add_orders(20);
  source_options_.before_block = [this](size_t blocks) -> Result<void> {
    EXPECT_LE(blocks, 4U) << "asked again after the stop";
    stop_ = blocks == 4;
    return {};
  };
  const RunSummary summary = run().value();
  EXPECT_TRUE(summary.interrupted);
  EXPECT_EQ(given_, 5);
  EXPECT_THAT(durable_.rows, SizeIs(5));
  EXPECT_EQ(durable_.checkpoints.at(kShard), "5");

  stop_ = false;
  source_options_.before_block = {};
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(durable_.rows, SizeIs(20)) << "continues there, without a gap and without a repeat";
}

TEST_F(PipelineTest, AFailingSourceKeepsWhatItGave) {
  add_orders(9);
  source_options_.before_block = [](size_t blocks) -> Result<void> {
    if (blocks == 7) return refused("the shard is gone");
    return {};
  };
  const Result<RunSummary> failed = run();
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::Refused);
  EXPECT_THAT(failed.error().message, HasSubstr("the shard is gone"));
  EXPECT_THAT(durable_.rows, SizeIs(7));
  EXPECT_EQ(durable_.checkpoints.at(kShard), "7");
}

TEST_F(PipelineTest, ASinkThatIsAwayEndsTheRunAndNothingIsConfirmed) {
  options_.batch_rows = 2;
  add_orders(10);
  int64_t batches = 0;
  const Result<RunSummary> failed =
      run([&](const change::Batch&) { return batches++ == 1 ? SinkFault::Unavailable : SinkFault::None; });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(batches, 2) << "nothing is applied after a batch that failed";
  EXPECT_EQ(durable_.checkpoints.at(kShard), "2");
  EXPECT_THAT(durable_.quarantine, IsEmpty()) << "only data errors are set aside";
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(durable_.rows, SizeIs(10));
}

TEST_F(PipelineTest, ALostReplyDoesNotRepeatABatchThatIsDurable) {
  options_.batch_rows = 5;
  add_orders(10);
  int64_t batches = 0;
  const Result<RunSummary> failed =
      run([&](const change::Batch&) { return batches++ == 0 ? SinkFault::UnknownAfter : SinkFault::None; });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().kind, ErrorKind::OutcomeUnknown);
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(durable_.rows, SizeIs(10));
  EXPECT_EQ(durable_.books.at(kShard).read, 10);
}

TEST_F(PipelineTest, AFragmentIsGivenUpAfterEightDaysAndNotBefore) {
  add(kFragment);
  ASSERT_TRUE(run().ok());
  clock_.advance_ns(8 * kDayNs - 1'000'000);
  EXPECT_EQ(run().value().waiting, 1);
  EXPECT_THAT(durable_.quarantine, IsEmpty());
  clock_.advance_ns(2'000'000);
  const RunSummary summary = run().value();
  EXPECT_EQ(summary.waiting, 0);
  EXPECT_EQ(summary.quarantined_by_reason.at("incomplete-chunk"), 1);
  ASSERT_THAT(durable_.quarantine, SizeIs(1));
  EXPECT_EQ(durable_.quarantine[0].bytes, kFragment);
  EXPECT_EQ(durable_.quarantine[0].chunk_id, "c-1");
  EXPECT_THAT(durable_.pieces, IsEmpty());
  EXPECT_TRUE(durable_.books.at(kShard).balanced());
}

TEST_F(PipelineTest, AFragmentIsGivenUpWhileTheRunGoesOn) {
  add(kFragment);
  add_orders(3);
  source_options_.before_block = [this](size_t) -> Result<void> {
    clock_.advance_ns(3 * kDayNs);
    return {};
  };
  EXPECT_EQ(run().value().quarantined_by_reason.at("incomplete-chunk"), 1);
  EXPECT_THAT(durable_.rows, SizeIs(3));
}

TEST_F(PipelineTest, AKeyThatIsLearnedCorrectsRowsOfThisRunAndOfEarlierOnesAndSaysSoOnce) {
  add(change_of("c", 1, R"({"id":7,"tenant":1})"));
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(record_ids(), ElementsAre("7"));
  add(change_of("c", 2, R"({"id":7,"tenant":2})"));
  add(change_of("d", 3, R"({"tenant":2,"id":7})"));
  add(change_of("d", 4, R"({"tenant":2,"id":8})"));
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(record_ids(), ElementsAre("[1,7]", "[2,7]", "[2,7]", "[2,8]"));
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("name (tenant, id) as the key")));
  EXPECT_EQ(durable_.tables.at({"public", "orders"}).key.columns, (std::vector<std::string>{"tenant", "id"}));
}

TEST_F(PipelineTest, AKeyThatIsConfiguredLaterCorrectsWhatStands) {
  add(change_of("c", 1, R"({"id":7,"tenant":1})"));
  ASSERT_TRUE(run().ok());
  options_.keys[{"public", "orders"}] = {"tenant"};
  add(change_of("c", 2, R"({"id":7,"tenant":2})"));
  ASSERT_TRUE(run().ok());
  EXPECT_THAT(record_ids(), ElementsAre("1", "2"));
}

TEST_F(PipelineTest, ADisagreementAboutTheKeyIsSaidOncePerTableAndCounted) {
  options_.keys[{"public", "orders"}] = {"order_no"};
  for (int64_t id = 0; id < 3; ++id) add(change_of("d", 10 + id, fmt::format(R"({{"id":{}}})", id)));
  add(change_of("d", 20, R"({"order_no":1})"));
  const RunSummary summary = run().value();
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("a delete names (id) as the key, but (order_no) is in use")));
  ASSERT_THAT(summary.tables_to_mention, SizeIs(1));
  EXPECT_EQ(summary.tables_to_mention[0].key_mismatches, 3);
  EXPECT_EQ(durable_.books.at(kShard).landed, 4) << "such deletes are landed";
}

TEST_F(PipelineTest, RowsWithoutAKeyAreMentioned) {
  add(change_of("c", 1, R"({"word":"a"})", "notes"));
  add(change_of("c", 2, R"({"word":"b"})", "notes"));
  add(order(1));
  const RunSummary summary = run().value();
  ASSERT_THAT(summary.tables_to_mention, SizeIs(1));
  EXPECT_EQ(summary.tables_to_mention[0].table, (TableName{"public", "notes"}));
  EXPECT_EQ(summary.tables_to_mention[0].keyless_rows, 2);
}

TEST_F(PipelineTest, CuriositiesLandAndAreCounted) {
  add(change_of("merge", 1, R"({"id":1})"));
  add(R"({"op":"c","after":{"id":2},"source":{"schema":"public","table":"orders","ts_ms":5}})");
  add(R"({"op":"c","after":{"id":3},"source":{"version":"9","schema":"public","table":"orders"},"ts_ns":5})");
  const RunSummary summary = run().value();
  EXPECT_EQ(summary.curiosities.at("unknown-op"), 1);
  EXPECT_EQ(summary.curiosities.at("commit-time-in-ms"), 1);
  EXPECT_EQ(summary.curiosities.at("commit-time-from-envelope"), 1);
  EXPECT_EQ(summary.curiosities.at("unknown-version"), 1);
  EXPECT_THAT(durable_.rows, SizeIs(3));
  EXPECT_EQ(durable_.rows[0].operation, "merge") << "stored as delivered";
  EXPECT_EQ(durable_.rows[1].commit_ts_ns, 5'000'000);
}

TEST_F(PipelineTest, AStoreThatLostARowIsFoundOut) {
  add_orders(3);
  ASSERT_TRUE(run().ok());
  durable_.rows.pop_back();
  const RunSummary summary = run().value();
  EXPECT_THAT(summary.imbalances, ElementsAre(HasSubstr("the ledger says 3 rows, the store holds 2")));
}

TEST_F(PipelineTest, TheLastSnapshotIsBalancedAndSaysThatItIsTheLast) {
  options_.batch_rows = 2;
  add_orders(7);
  add(kFragment);
  ASSERT_TRUE(run().ok());
  ASSERT_FALSE(snapshots_.empty());
  const Snapshot& last = snapshots_.back();
  EXPECT_TRUE(last.final);
  EXPECT_TRUE(last.books.balanced());
  EXPECT_EQ(last.books.read, 8);
  EXPECT_EQ(last.newest_commit_ts_ns, 106);
  EXPECT_GT(last.oldest_waiting_ns, 0);
}

TEST_F(PipelineTest, ShardsHaveBooksAndCheckpointsOfTheirOwn) {
  shards_ = {{"a", {order(1), order(2)}}, {"b", {"bad"}}, {"c", {}}};
  const RunSummary summary = run().value();
  EXPECT_EQ(summary.shards.at("a").landed, 2);
  EXPECT_EQ(summary.shards.at("b").quarantined, 1);
  EXPECT_EQ(durable_.checkpoints, (std::map<std::string, std::string>{{"a", "2"}, {"b", "1"}}));
}

}  // namespace
}  // namespace sluice::pipeline
