#include "source/shard_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::source {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Kind = ShardPosition::Kind;

constexpr const char* kMiddle = "170141183460469231731687303715884105727";
constexpr const char* kAfterMiddle = "170141183460469231731687303715884105728";
constexpr const char* kLast = "340282366920938463463374607431768211455";

aws::Shard open(const std::string& id, const char* first = "0", const char* last = kLast) {
  aws::Shard shard;
  shard.shard_id = id;
  shard.start_hash = first;
  shard.end_hash = last;
  shard.first_sequence = "1";
  return shard;
}

aws::Shard closed(const std::string& id) {
  aws::Shard shard = open(id);
  shard.last_sequence = "9";
  return shard;
}

aws::Shard child(const std::string& id, const std::string& parent) {
  aws::Shard shard = open(id);
  shard.parent_id = parent;
  return shard;
}

class ShardMapTest : public testing::Test {
 protected:
  void start_at(Kind kind, int64_t time_ms = 0) { start_ = {kind, time_ms}; }
  void ledger_has(const std::string& shard, ShardPosition position) {
    saved_[shard] = std::move(position);
    first_run_ = false;
  }
  ShardMap map() { return {saved_, start_, first_run_}; }

  static std::vector<std::string> ids(const std::vector<ShardStart>& starts) {
    std::vector<std::string> out;
    for (const ShardStart& start : starts) out.push_back(start.shard_id);
    return out;
  }
  static Kind kind_of(const std::vector<ShardStart>& starts, const std::string& id) {
    const auto found = std::ranges::find(starts, id, &ShardStart::shard_id);
    EXPECT_NE(found, starts.end()) << id;
    return found == starts.end() ? Kind::Lost : found->from.kind;
  }

  StartPosition start_;
  std::map<std::string, ShardPosition> saved_;
  bool first_run_ = true;
};

TEST_F(ShardMapTest, F09_reads_closed_parents_as_well_as_their_children) {
  ShardMap shards = map();
  const auto found = shards.take_list(std::vector{closed("a"), child("b", "a"), child("c", "a")});
  EXPECT_THAT(ids(found), ElementsAre("a", "b", "c"));
  EXPECT_EQ(kind_of(found, "a"), Kind::TrimHorizon);
  EXPECT_EQ(kind_of(found, "b"), Kind::TrimHorizon);
}

TEST_F(ShardMapTest, names_every_shard_once) {
  ShardMap shards = map();
  EXPECT_THAT(ids(shards.take_list(std::vector{open("a")})), ElementsAre("a"));
  EXPECT_THAT(ids(shards.take_children(std::vector<std::string>{"b", "c"})), ElementsAre("b", "c"));
  EXPECT_THAT(ids(shards.take_list(std::vector{closed("a"), child("b", "a"), child("c", "a")})), IsEmpty());
  EXPECT_THAT(ids(shards.take_children(std::vector<std::string>{"b"})), IsEmpty());
}

TEST_F(ShardMapTest, R6_latest_holds_for_the_open_shards_of_the_first_list_only) {
  start_at(Kind::Latest);
  ShardMap shards = map();
  const auto found = shards.take_list(std::vector{closed("old"), open("a")});
  EXPECT_EQ(kind_of(found, "a"), Kind::Latest);
  EXPECT_EQ(kind_of(found, "old"), Kind::Skipped);
  const auto children = shards.take_children(std::vector<std::string>{"b"});
  EXPECT_EQ(kind_of(children, "b"), Kind::TrimHorizon);
  const auto later = shards.take_list(std::vector{closed("a"), child("b", "a"), child("c", "a")});
  EXPECT_EQ(kind_of(later, "c"), Kind::TrimHorizon);
}

TEST_F(ShardMapTest, R6_latest_holds_for_no_shard_once_the_ledger_knows_the_stream) {
  start_at(Kind::Latest);
  ledger_has("a", {.kind = Kind::After, .sequence = "5"});
  ShardMap shards = map();
  const auto found = shards.take_list(std::vector{closed("a"), child("b", "a"), open("c")});
  EXPECT_EQ(kind_of(found, "a"), Kind::After);
  EXPECT_EQ(kind_of(found, "b"), Kind::TrimHorizon);
  EXPECT_EQ(kind_of(found, "c"), Kind::TrimHorizon);
}

TEST_F(ShardMapTest, an_empty_list_is_not_the_first_one) {
  start_at(Kind::Latest);
  ShardMap shards = map();
  EXPECT_THAT(shards.take_list({}), IsEmpty());
  EXPECT_EQ(kind_of(shards.take_list(std::vector{open("a")}), "a"), Kind::Latest);
}

TEST_F(ShardMapTest, a_time_holds_for_every_shard_of_the_first_list) {
  start_at(Kind::At, 1234);
  ShardMap shards = map();
  const auto found = shards.take_list(std::vector{closed("a"), child("b", "a")});
  EXPECT_EQ(kind_of(found, "a"), Kind::At);
  EXPECT_EQ(found[1].from.start_ms, 1234);
  EXPECT_EQ(kind_of(shards.take_children(std::vector<std::string>{"c"}), "c"), Kind::TrimHorizon);
}

TEST_F(ShardMapTest, hands_out_a_shard_of_the_ledger_that_is_gone_only_if_it_was_not_read_to_its_end) {
  ledger_has("half", {.kind = Kind::After, .sequence = "5"});
  ledger_has("whole", {.kind = Kind::End, .sequence = {}});
  ShardMap shards = map();
  const auto found = shards.take_list(std::vector{open("new")});
  EXPECT_THAT(ids(found), UnorderedElementsAre("new", "half"));
  EXPECT_FALSE(shards.listed("half"));
  EXPECT_TRUE(shards.listed("new"));
}

TEST_F(ShardMapTest, a_shard_that_was_read_to_its_end_is_not_begun_again) {
  ledger_has("whole", {.kind = Kind::End, .sequence = {}});
  ShardMap shards = map();
  EXPECT_EQ(kind_of(shards.take_list(std::vector{closed("whole")}), "whole"), Kind::End);
}

TEST_F(ShardMapTest, R13_finds_hash_keys_that_no_open_shard_takes) {
  ShardMap shards = map();
  shards.take_list(std::vector{open("a", "0", kMiddle), open("b", kAfterMiddle, kLast)});
  EXPECT_THAT(shards.holes(), IsEmpty());
  shards.take_list(std::vector{open("a", "0", kMiddle), closed("b")});
  EXPECT_EQ(share_text(shards.holes()), "50.0 %");
  EXPECT_EQ(shards.open_shards(), 1U);
}

}  // namespace
}  // namespace sluice::source
