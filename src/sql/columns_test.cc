#include "sql/columns.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace sluice::sql {
namespace {

using catalog::Type;
using change::kind_bit;
using change::KindSet;
using change::ValueKind;
using testing::ElementsAre;

Inferred inferred(std::initializer_list<ValueKind> kinds) {
  KindSet set = 0;
  for (const ValueKind kind : kinds) set = static_cast<KindSet>(set | kind_bit(kind));
  return infer(set);
}

TEST(Infer, GivesTheNarrowestTypeThatHoldsEverythingSeen) {
  using enum ValueKind;
  EXPECT_EQ(inferred({Bool}), Inferred::Boolean);
  EXPECT_EQ(inferred({Int}), Inferred::Integer);
  EXPECT_EQ(inferred({Int, BigInt}), Inferred::Integer);
  EXPECT_EQ(inferred({Float}), Inferred::Double);
  EXPECT_EQ(inferred({Int, Float, NonFinite}), Inferred::Double);
  EXPECT_EQ(inferred({Int, NonFinite}), Inferred::Double);
  EXPECT_EQ(inferred({Object, Array}), Inferred::Json);
  EXPECT_EQ(inferred({String}), Inferred::Text);
}

TEST(Infer, FallsBackToTextWhereANumberCouldLoseADigit) {
  using enum ValueKind;
  EXPECT_EQ(inferred({BigInt, Float}), Inferred::Text);
  EXPECT_EQ(inferred({BigInt, NonFinite}), Inferred::Text);
  EXPECT_EQ(inferred({HugeInt}), Inferred::Text);
  EXPECT_EQ(inferred({Int, HugeInt}), Inferred::Text);
}

TEST(Infer, FallsBackToTextWhereKindsMix) {
  using enum ValueKind;
  EXPECT_EQ(inferred({Bool, Int}), Inferred::Text);
  EXPECT_EQ(inferred({Int, String}), Inferred::Text);
  EXPECT_EQ(inferred({Object, String}), Inferred::Text);
  EXPECT_EQ(inferred({NonFinite}), Inferred::Text);
  EXPECT_EQ(inferred({NonFinite, String}), Inferred::Text);
}

TEST(Infer, NullSaysNothing) {
  using enum ValueKind;
  EXPECT_EQ(inferred({Null}), Inferred::Text);
  EXPECT_EQ(inferred({}), Inferred::Text);
  EXPECT_EQ(inferred({Null, Bool}), Inferred::Boolean);
}

std::vector<std::string> keys(const std::vector<ViewColumn>& columns) {
  std::vector<std::string> keys;
  for (const ViewColumn& column : columns) keys.push_back(column.key);
  return keys;
}

change::TableState seen() {
  change::TableState table;
  table.columns = {{"late", kind_bit(ValueKind::Int), 20, 0},
                   {"second", kind_bit(ValueKind::Int), 10, 1},
                   {"first", kind_bit(ValueKind::Int), 10, 0},
                   {"also_first", kind_bit(ValueKind::Int), 10, 0}};
  return table;
}

TEST(ViewColumns, StandInTheOrderOfFirstCommitThenOrdinalThenName) {
  const change::TableState table = seen();
  EXPECT_THAT(keys(view_columns(&table, nullptr)), ElementsAre("also_first", "first", "second", "late"));
}

TEST(ViewColumns, DoNotDependOnTheOrderInWhichTheyAreKept) {
  change::TableState table = seen();
  std::sort(table.columns.begin(), table.columns.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  do {
    ASSERT_THAT(keys(view_columns(&table, nullptr)), ElementsAre("also_first", "first", "second", "late"));
  } while (std::next_permutation(table.columns.begin(), table.columns.end(),
                                 [](const auto& left, const auto& right) { return left.name < right.name; }));
}

TEST(ViewColumns, OfTheCatalogComeFirstSeenOrNot) {
  const change::TableState table = seen();
  catalog::Table declared;
  declared.columns = {{"second", {Type::SmallInt, {}, {}, {}}, false},
                      {"never_seen", {Type::Uuid, {}, {}, {}}, true}};
  const auto columns = view_columns(&table, &declared);
  EXPECT_THAT(keys(columns), ElementsAre("second", "never_seen", "also_first", "first", "late"));
  EXPECT_EQ(columns[0].declared->type, Type::SmallInt);
  EXPECT_FALSE(columns[2].declared.has_value());
  EXPECT_EQ(columns[2].inferred, Inferred::Integer);
}

TEST(ViewColumns, OfANewTableOrAnEmptyOneAreNone) {
  const change::TableState table;
  EXPECT_TRUE(view_columns(&table, nullptr).empty());
  EXPECT_TRUE(view_columns(nullptr, nullptr).empty());
}

TEST(ViewColumns, OfALearnedEntryAreAsWideAsWhatIsSeenHere) {
  catalog::Table learned;
  learned.learned = true;
  for (const catalog::Type type : {catalog::Type::BigInt, catalog::Type::Boolean, catalog::Type::Date})
    learned.columns.push_back({std::string(catalog::type_name(type)), {type, {}, {}, {}}, true});
  change::TableState seen;
  seen.columns = {{"bigint", change::kind_bit(change::ValueKind::String), 1, 0},
                  {"date", change::kind_bit(change::ValueKind::String), 1, 1}};
  const std::vector<ViewColumn> columns = view_columns(&seen, &learned);
  ASSERT_EQ(columns.size(), 3U);
  EXPECT_EQ(columns[0].inferred, Inferred::Text);
  EXPECT_FALSE(columns[0].declared.has_value());
  EXPECT_EQ(columns[1].inferred, Inferred::Boolean);
  EXPECT_TRUE(columns[2].declared.has_value()) << "a person has written it";
}

}  // namespace
}  // namespace sluice::sql
