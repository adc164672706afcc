#include "catalog/seen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace sluice::catalog {
namespace {

using change::ImageField;
using change::kind_bit;
using change::KindSet;
using change::SeenColumn;
using change::ValueKind;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// An image of some commit: its columns in order, with the kinds of their values.
struct Shown {
  std::vector<std::pair<std::string, ValueKind>> columns;
  int64_t commit_ts_ns = 0;
};

bool note(SeenColumns& seen, const Shown& shown) {
  std::vector<ImageField> fields;
  for (const auto& [name, kind] : shown.columns)
    fields.push_back({name, "", kind, name.find('\\') != std::string::npos});
  return seen.note({"{}", fields}, shown.commit_ts_ns);
}

// name → (kinds, first commit, place), whatever the order in which they were met.
using Known = std::map<std::string, std::tuple<KindSet, int64_t, uint32_t>>;

Known known(const std::vector<SeenColumn>& columns) {
  Known all;
  for (const SeenColumn& column : columns)
    all[column.name] = {column.kinds, column.first_commit_ts_ns, column.ordinal};
  EXPECT_EQ(all.size(), columns.size()) << "each column once";
  return all;
}

TEST(SeenColumnsTest, AColumnIsTheUnionOfEverythingItShowed) {
  std::vector<SeenColumn> columns;
  SeenColumns seen(columns);
  EXPECT_TRUE(note(seen, {{{"id", ValueKind::Int}, {"note", ValueKind::Null}}, 10}));
  EXPECT_TRUE(note(seen, {{{"id", ValueKind::BigInt}, {"note", ValueKind::String}}, 20}));
  EXPECT_FALSE(note(seen, {{{"id", ValueKind::Int}, {"note", ValueKind::String}}, 30})) << "nothing new";
  ASSERT_THAT(columns, SizeIs(2));
  EXPECT_EQ(columns[0].kinds, kind_bit(ValueKind::Int) | kind_bit(ValueKind::BigInt));
  EXPECT_EQ(columns[1].kinds, kind_bit(ValueKind::Null) | kind_bit(ValueKind::String));
}

TEST(SeenColumnsTest, AnEarlierCommitThatArrivesLateDecidesThePlace) {
  std::vector<SeenColumn> columns;
  SeenColumns seen(columns);
  note(seen, {{{"added", ValueKind::Int}, {"id", ValueKind::Int}}, 20});
  EXPECT_TRUE(note(seen, {{{"id", ValueKind::Int}}, 10}));
  EXPECT_EQ(known(columns)["id"], (std::tuple<KindSet, int64_t, uint32_t>{kind_bit(ValueKind::Int), 10, 0}));
  EXPECT_EQ(known(columns)["added"],
            (std::tuple<KindSet, int64_t, uint32_t>{kind_bit(ValueKind::Int), 20, 0}));
}

TEST(SeenColumnsTest, ANameIsTheSameHoweverItIsEscaped) {
  std::vector<SeenColumn> columns;
  SeenColumns seen(columns);
  EXPECT_TRUE(note(seen, {{{"gr\\u00f6\\u00dfe", ValueKind::Int}}, 10}));
  EXPECT_FALSE(note(seen, {{{"größe", ValueKind::Int}}, 10}));
  EXPECT_FALSE(note(seen, {{{"gr\\u00f6\\u00dfe", ValueKind::Int}}, 10}));
  ASSERT_THAT(columns, SizeIs(1));
  EXPECT_EQ(columns[0].name, "größe");
}

TEST(SeenColumnsTest, ContinuesFromWhatWasStored) {
  std::vector<SeenColumn> columns = {{"id", kind_bit(ValueKind::Int), 10, 0}};
  SeenColumns seen(columns);
  EXPECT_FALSE(note(seen, {{{"id", ValueKind::Int}}, 11}));
  EXPECT_TRUE(note(seen, {{{"id", ValueKind::Int}, {"b", ValueKind::Bool}}, 11}));
  EXPECT_THAT(columns, SizeIs(2));
}

TEST(SeenColumnsTest, AnyOrderOfTheSameImagesEndsAtTheSameColumns) {
  const std::vector<Shown> shown = {
      {{{"id", ValueKind::Int}, {"name", ValueKind::String}}, 10},
      {{{"name", ValueKind::Null}, {"id", ValueKind::BigInt}}, 10},
      {{{"id", ValueKind::Int}, {"total", ValueKind::NonFinite}, {"name", ValueKind::String}}, 20},
      {{{"total", ValueKind::Float}}, 15},
      {{{"n\\u0061me", ValueKind::Object}, {"id", ValueKind::Int}, {"x", ValueKind::Array}}, 5},
      {{{"id", ValueKind::HugeInt}}, 30},
  };
  std::vector<size_t> order = {0, 1, 2, 3, 4, 5};
  const auto after = [&] {
    std::vector<SeenColumn> columns;
    SeenColumns seen(columns);
    for (const size_t at : order) {
      const Known before = known(columns);
      const bool something_new = note(seen, shown[at]);
      EXPECT_EQ(something_new, known(columns) != before);
      EXPECT_FALSE(note(seen, shown[at])) << "the same again is nothing new";
    }
    return known(columns);
  };
  const Known first = after();
  EXPECT_THAT(first, SizeIs(4));
  while (std::next_permutation(order.begin(), order.end())) {
    ASSERT_EQ(after(), first) << ::testing::PrintToString(order);
  }
}

}  // namespace
}  // namespace sluice::catalog
