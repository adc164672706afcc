#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/quarantine_source.h"
#include "app/retry_plan.h"
#include "app/retry_text.h"

namespace sluice::app {
namespace {

using sink::QuarantineEntry;
using testing::ElementsAre;
using testing::HasSubstr;

QuarantineEntry entry(int64_t id, std::string reason, std::string chunk_id = "") {
  QuarantineEntry out;
  out.id = id;
  out.shard = "shard-1";
  out.sequence = std::to_string(id * 100);
  out.reason = std::move(reason);
  out.chunk_id = std::move(chunk_id);
  out.bytes = "{}";
  return out;
}

// The ids of each group.
std::vector<std::vector<int64_t>> ids_of(const Result<std::vector<std::vector<QuarantineEntry>>>& plan) {
  std::vector<std::vector<int64_t>> ids;
  for (const auto& group : plan.value()) {
    ids.emplace_back();
    for (const QuarantineEntry& one : group) ids.back().push_back(one.id);
  }
  return ids;
}

const std::vector<QuarantineEntry> kIndex = {entry(1, "not-json"), entry(2, "incomplete-chunk", "c-1"),
                                             entry(3, "not-json"), entry(4, "crc-mismatch", "c-1")};

TEST(RetryPlan, takes_what_was_chosen) {
  EXPECT_THAT(ids_of(plan_retry(kIndex, {.ids = {}, .reason = "not-json", .all = false})),
              ElementsAre(ElementsAre(1), ElementsAre(3)));
  EXPECT_THAT(ids_of(plan_retry(kIndex, {.ids = {3}, .reason = "", .all = false})),
              ElementsAre(ElementsAre(3)));
  EXPECT_THAT(ids_of(plan_retry(kIndex, {.ids = {}, .reason = "", .all = true})),
              ElementsAre(ElementsAre(1), ElementsAre(2, 4), ElementsAre(3)));
}

TEST(RetryPlan, takes_all_pieces_of_a_chunk_when_one_was_chosen) {
  EXPECT_THAT(ids_of(plan_retry(kIndex, {.ids = {4}, .reason = "", .all = false})),
              ElementsAre(ElementsAre(2, 4)));
}

TEST(RetryPlan, refuses_an_id_that_is_not_there_before_anything_is_tried) {
  const auto plan = plan_retry(kIndex, {.ids = {1, 9}, .reason = "", .all = false});
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().message, HasSubstr("record 9 is not in quarantine"));
}

TEST(QuarantineSource, gives_every_record_once_under_its_own_position_and_confirms_nothing) {
  QuarantineSource source({entry(1, "not-json"), entry(2, "not-json")});
  const auto pull = source.next();
  ASSERT_TRUE(pull.ok() && pull.value().block);
  const change::Block& block = *pull.value().block;
  ASSERT_EQ(block.records.size(), 2U);
  EXPECT_EQ(block.records[1].position.shard, "shard-1");
  EXPECT_EQ(block.records[1].position.sequence, "200");
  EXPECT_EQ(block.records[1].bytes, "{}");
  EXPECT_TRUE(block.checkpoint.empty());
  const auto after = source.next();
  EXPECT_FALSE(after.value().block);
  EXPECT_EQ(after.value().quiet, source::Quiet::End);
}

TEST(RetryText, says_what_landed_and_what_is_still_refused_and_why) {
  RetryReport report{.where = "--db shop.duckdb",
                     .tried = 5,
                     .books = {},
                     .refused_by_reason = {{"crc-mismatch", 2}},
                     .imbalances = {}};
  report.books.landed = 3;
  report.books.quarantined = 2;
  EXPECT_EQ(retry_text(report),
            "5 tried, 3 landed and left the quarantine.\n"
            "  2 refused again: 2 crc-mismatch.\n"
            "    sluice quarantine list --db shop.duckdb\n");
  EXPECT_EQ(exit_code_of(report), kNeedsAPerson);
  EXPECT_EQ(retry_json(report),
            "{\"tried\":5,\"landed\":3,\"repeats\":0,\"waiting\":0,\"refused\":2,"
            "\"refused_by_reason\":{\"crc-mismatch\":2},\"balanced\":true}\n");
}

}  // namespace
}  // namespace sluice::app
