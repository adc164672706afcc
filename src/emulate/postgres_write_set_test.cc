#include "emulate/postgres_write_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::emulate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const WrittenTable kOrders{1, "public", "orders", true};
const WrittenTable kItems{2, "public", "items", true};
const WrittenTable kNotes{3, "public", "notes", false};

RowImage row(const std::string& key, const std::string& rest = "") {
  return {key, "key " + key, "row " + key + rest};
}
// In a table without a key the whole row is its identity.
RowImage note(const std::string& text) { return {text, "", "note " + text}; }

std::vector<std::string> told(const WriteSet& set) {
  std::vector<std::string> lines;
  for (const NetChange& change : set.net_changes()) {
    lines.push_back(std::string(1, change.op) + " " + change.table->table + " " +
                    std::string(change.before.value_or("null")) + " -> " +
                    std::string(change.after.value_or("null")));
  }
  return lines;
}

TEST(WriteSet, EachKindOfChangeAloneIsTold) {
  WriteSet set;
  set.insert(kOrders, row("1"));
  set.update(kOrders, row("2"), row("2", " new"));
  set.remove(kOrders, row("3"));
  EXPECT_THAT(told(set),
              ElementsAre("c orders null -> row 1", "u orders null -> row 2 new", "d orders key 3 -> null"));
}

TEST(WriteSet, AnInsertThatIsUpdatedIsAnInsertOfTheLastImage) {
  WriteSet set;
  set.insert(kOrders, row("1"));
  set.update(kOrders, row("1"), row("1", " a"));
  set.update(kOrders, row("1", " a"), row("1", " b"));
  EXPECT_THAT(told(set), ElementsAre("c orders null -> row 1 b"));
}

TEST(WriteSet, ARowThatCameAndWentIsNotTold) {
  WriteSet set;
  set.insert(kOrders, row("1"));
  set.remove(kOrders, row("1"));
  EXPECT_THAT(told(set), IsEmpty());
  set.insert(kOrders, row("1", " again"));
  EXPECT_THAT(told(set), ElementsAre("c orders null -> row 1 again"));
}

TEST(WriteSet, ARowThatWentAndCameAgainIsAnUpdate) {
  WriteSet set;
  set.remove(kOrders, row("1"));
  set.insert(kOrders, row("1", " again"));
  EXPECT_THAT(told(set), ElementsAre("u orders null -> row 1 again"));
  set.remove(kOrders, row("1"));
  EXPECT_THAT(told(set), ElementsAre("d orders key 1 -> null"));
}

TEST(WriteSet, UpdatesOfOneRowAreOne) {
  WriteSet set;
  set.update(kOrders, row("1"), row("1", " a"));
  set.update(kOrders, row("1", " a"), row("1", " b"));
  EXPECT_THAT(told(set), ElementsAre("u orders null -> row 1 b"));
}

TEST(WriteSet, AChangedKeyIsADeleteAndAnInsert) {
  WriteSet set;
  set.update(kOrders, row("1"), row("2"));
  EXPECT_THAT(told(set), ElementsAre("d orders key 1 -> null", "c orders null -> row 2"));
}

TEST(WriteSet, AKeyThatIsChangedTwiceLeavesNothingInBetween) {
  WriteSet set;
  set.update(kOrders, row("1"), row("2"));
  set.update(kOrders, row("2"), row("3"));
  EXPECT_THAT(told(set), ElementsAre("d orders key 1 -> null", "c orders null -> row 3"));
}

TEST(WriteSet, RowsThatSwapTheirKeysAreUpdates) {
  WriteSet set;
  set.update(kOrders, row("1", " of a"), row("9", " of a"));
  set.update(kOrders, row("2", " of b"), row("1", " of b"));
  set.update(kOrders, row("9", " of a"), row("2", " of a"));
  EXPECT_THAT(told(set), ElementsAre("u orders null -> row 1 of b", "u orders null -> row 2 of a"));
}

TEST(WriteSet, EqualKeysOfTwoTablesAreTwoRows) {
  WriteSet set;
  set.insert(kOrders, row("1"));
  set.remove(kItems, row("1"));
  EXPECT_THAT(told(set), ElementsAre("c orders null -> row 1", "d items key 1 -> null"));
}

TEST(WriteSet, RowsWithoutAKeyAreFoundByTheirContent) {
  WriteSet set;
  set.insert(kNotes, note("a"));
  set.insert(kNotes, note("a"));
  set.update(kNotes, note("a"), note("b"));
  EXPECT_THAT(told(set), ElementsAre(testing::AnyOf("c notes null -> note a", "c notes null -> note b"),
                                     testing::AnyOf("c notes null -> note a", "c notes null -> note b")));
  set.remove(kNotes, note("b"));
  EXPECT_THAT(told(set), ElementsAre("c notes null -> note a"));
}

TEST(WriteSet, OldRowsWithoutAKeyAreDeletedWithoutAnImage) {
  WriteSet set;
  set.remove(kNotes, note("a"));
  set.remove(kNotes, note("a"));
  set.insert(kNotes, note("a"));
  set.update(kNotes, note("x"), note("y"));
  set.update(kNotes, note("y"), note("z"));
  EXPECT_THAT(told(set), ElementsAre("d notes null -> null", "d notes null -> null", "c notes null -> note a",
                                     "u notes null -> note z"));
}

TEST(WriteSet, AfterClearNothingIsHeld) {
  WriteSet set;
  set.insert(kOrders, row("1"));
  EXPECT_GT(set.bytes(), 0U);
  set.clear();
  EXPECT_EQ(set.bytes(), 0U);
  EXPECT_THAT(told(set), IsEmpty());
}

}  // namespace
}  // namespace sluice::emulate
