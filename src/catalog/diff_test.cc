#include "catalog/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/learned.h"

namespace sluice::catalog {
namespace {

using change::kind_bit;
using change::KindSet;
using change::ValueKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Catalog file(const std::string& tables) {
  Result<Catalog> catalog = parse_toml(tables, "t.toml");
  EXPECT_TRUE(catalog.ok()) << (catalog.ok() ? "" : catalog.error().message);
  return catalog.ok() ? std::move(catalog).value() : Catalog();
}

// "orders: id bigint, total numeric(12,2); key id"
std::string table(const std::string& name, const std::vector<std::pair<std::string, std::string>>& columns,
                  const std::string& key = "\"id\"", const std::string& more = "") {
  std::string text = "[[table]]\nname = \"" + name + "\"\n" + more + "key = [" + key + "]\ncolumns = [\n";
  for (const auto& [column, type] : columns)
    text += "  { name = \"" + column + "\", type = \"" + type + "\" },\n";
  return text + "]\n";
}

const std::vector<std::pair<std::string, std::string>> kOrders = {
    {"id", "bigint"}, {"customer", "uuid"}, {"total", "numeric(12,2)"}, {"placed_at", "timestamp"}};

std::vector<std::string> told(const std::vector<Difference>& differences) {
  std::vector<std::string> lines;
  for (const Difference& one : differences) {
    std::string line = std::string(finding_name(one.what)) + " " + one.table.table;
    if (!one.column.empty()) line += "." + one.column;
    if (!one.was.empty() || !one.is.empty()) line += " " + one.was + " -> " + one.is;
    lines.push_back(line + (one.needs_doing ? "" : " (note)"));
  }
  return lines;
}

std::vector<std::string> differences(const std::string& before, const std::string& now) {
  return told(compare(file(before), file(now)));
}

TEST(Diff, OneCatalogIsEqualToItself) {
  EXPECT_THAT(differences(table("orders", kOrders), table("orders", kOrders)), IsEmpty());
}

TEST(Diff, TablesComeAndGo) {
  EXPECT_THAT(differences(table("orders", kOrders), table("refunds", {{"id", "bigint"}, {"why", "text"}})),
              ElementsAre("gone-table orders", "new-table refunds  -> 2 columns, key (id)"));
}

TEST(Diff, ATableOfTheSameShapeUnderAnotherNameLooksRenamed) {
  EXPECT_THAT(differences(table("orders", kOrders), table("purchases", kOrders)),
              ElementsAre("renamed-table orders public.orders -> public.purchases"));
}

TEST(Diff, ColumnsComeAndGo) {
  auto columns = kOrders;
  columns.pop_back();
  columns.emplace_back("note", "text");
  EXPECT_THAT(differences(table("orders", kOrders), table("orders", columns)),
              ElementsAre("dropped-column orders.placed_at timestamp without time zone -> ",
                          "new-column orders.note  -> text"));
}

TEST(Diff, AColumnOfTheSameTypeAtTheSamePlaceLooksRenamed) {
  auto columns = kOrders;
  columns[2].first = "amount";
  EXPECT_THAT(differences(table("orders", kOrders), table("orders", columns)),
              ElementsAre("renamed-column orders.total total -> amount"));
  std::swap(columns[2], columns[3]);  // elsewhere, but the only two of the type
  EXPECT_THAT(differences(table("orders", kOrders), table("orders", columns)),
              ElementsAre("renamed-column orders.total total -> amount"));
}

TEST(Diff, OfTwoThatCouldBeMeantNoneLooksRenamed) {
  EXPECT_THAT(
      differences(table("t", {{"id", "bigint"}, {"a", "text"}, {"b", "uuid"}, {"c", "text"}}),
                  table("t", {{"x", "text"}, {"id", "bigint"}, {"b", "uuid"}})),
      ElementsAre("dropped-column t.a text -> ", "dropped-column t.c text -> ", "new-column t.x  -> text"));
}

TEST(Diff, ATypeThatChangedIsNamedWithItsPrecision) {
  auto columns = kOrders;
  columns[2].second = "numeric(14,2)";
  columns[1].second = "text";
  EXPECT_THAT(differences(table("orders", kOrders), table("orders", columns)),
              ElementsAre("retyped-column orders.customer uuid -> text",
                          "retyped-column orders.total numeric(12,2) -> numeric(14,2)"));
}

TEST(Diff, AKeyThatChangedIsNamed) {
  EXPECT_THAT(differences(table("orders", kOrders), table("orders", kOrders, "\"customer\", \"id\"")),
              ElementsAre("key-changed orders (id) -> (customer, id)"));
}

TEST(Diff, ATableWithoutAKeyIsANoteUntilItLosesOne) {
  EXPECT_THAT(differences(table("log", kOrders, ""), table("log", kOrders, "")),
              ElementsAre("no-key log (note)"));
  EXPECT_THAT(differences(table("log", kOrders), table("log", kOrders, "")),
              ElementsAre("key-changed log (id) -> "));
  EXPECT_THAT(differences("", table("log", kOrders, "")),
              ElementsAre("new-table log  -> 4 columns, without a key", "no-key log"));
}

TEST(Diff, ATableOfAnotherShapeUnderTheOldNameLooksMadeAnew) {
  EXPECT_THAT(
      differences(table("orders", kOrders), table("orders", {{"id", "text"}, {"a", "json"}, {"b", "date"}})),
      ElementsAre("remade-table orders", "dropped-column orders.customer uuid -> ",
                  "dropped-column orders.total numeric(12,2) -> ",
                  "dropped-column orders.placed_at timestamp without time zone -> ",
                  "new-column orders.a  -> json", "new-column orders.b  -> date",
                  "retyped-column orders.id bigint -> text"));
}

TEST(Diff, NullabilityAndOrderAreDifferences) {
  EXPECT_THAT(differences("[[table]]\nname = \"t\"\nkey = [\"a\"]\ncolumns = [{name=\"a\", type=\"text\"}, "
                          "{name=\"b\", type=\"text\", nullable=false}]",
                          table("t", {{"b", "text"}, {"a", "text"}}, "\"a\"")),
              ElementsAre("nullability t.b not null -> nullable", "column-order t"));
}

constexpr const char* kLearned = "learned = true\n";

TEST(Diff, ALearnedEntryIsOnlyHeldAgainstWhatItsEventsCouldShow) {
  const std::string learned =
      table("orders", {{"id", "bigint"}, {"customer", "text"}, {"total", "text"}, {"placed_at", "bigint"}},
            "", kLearned);
  EXPECT_THAT(differences(learned, table("orders", kOrders)), ElementsAre("learned-entry orders"));
  EXPECT_THAT(differences(table("orders", kOrders), learned), IsEmpty());
  EXPECT_THAT(
      differences(table("orders", {{"id", "bigint"}}), table("orders", {{"id", "boolean"}}, "", kLearned)),
      ElementsAre("retyped-column orders.id bigint -> boolean"));
  EXPECT_THAT(differences(table("orders", kOrders, "\"id\"", kLearned),
                          table("orders", kOrders, "\"id\", \"customer\"")),
              ElementsAre("learned-entry orders", "key-changed orders (id) -> (id, customer)"));
}

change::SeenColumn seen(const std::string& name, ValueKind kind, KindSet more = 0) {
  static uint32_t ordinal = 0;
  return {name, static_cast<KindSet>(kind_bit(kind) | more), 1, ordinal++};
}

SeenTable orders(std::vector<change::SeenColumn> all, std::vector<change::SeenColumn> newest,
                 change::TableKey key = {{"id"}, change::KeyOrigin::Learned, 5}) {
  return {{{"public", "orders"}, std::move(key), std::move(all), 0}, std::move(newest)};
}

std::vector<change::SeenColumn> orders_as_sent() {
  return {seen("id", ValueKind::Int), seen("customer", ValueKind::String), seen("total", ValueKind::String),
          seen("placed_at", ValueKind::BigInt)};
}

TEST(DiffWithSeen, EventsOfEveryDeclaredTypeAreNoDifference) {
  EXPECT_THAT(
      told(compare_with_seen(file(table("orders", kOrders)), {orders(orders_as_sent(), orders_as_sent())})),
      IsEmpty());
}

TEST(DiffWithSeen, TheNewestImageSaysWhichColumnsThereAre) {
  auto newest = orders_as_sent();
  newest[2].name = "amount";
  newest.push_back(seen("note", ValueKind::Null));
  auto all = orders_as_sent();
  all.insert(all.end(), newest.end() - 3, newest.end());
  EXPECT_THAT(told(compare_with_seen(file(table("orders", kOrders)), {orders(all, newest)})),
              ElementsAre("renamed-column orders.total total -> amount",
                          "new-column orders.note  -> nothing but null"));
  newest = orders_as_sent();
  newest.pop_back();
  EXPECT_THAT(told(compare_with_seen(file(table("orders", kOrders)), {orders(orders_as_sent(), newest)})),
              ElementsAre("dropped-column orders.placed_at timestamp without time zone -> "));
}

TEST(DiffWithSeen, WhatNoChangeHasShownYetIsANote) {
  auto columns = kOrders;
  columns.emplace_back("note", "text");
  EXPECT_THAT(told(compare_with_seen(file(table("orders", columns) + table("quiet", kOrders)),
                                     {orders(orders_as_sent(), orders_as_sent())})),
              ElementsAre("not-seen-yet orders.note (note)", "not-seen-yet quiet (note)"));
}

TEST(DiffWithSeen, AValueOfAnotherKindIsARetypedColumnNowAndANoteWhenItIsOld) {
  auto newest = orders_as_sent();
  newest[3].kinds = kind_bit(ValueKind::String);
  EXPECT_THAT(told(compare_with_seen(file(table("orders", kOrders)), {orders(newest, newest)})),
              ElementsAre("retyped-column orders.placed_at timestamp without time zone -> strings"));
  EXPECT_THAT(told(compare_with_seen(file(table("orders", kOrders)), {orders(newest, orders_as_sent())})),
              ElementsAre("old-values orders.placed_at timestamp without time zone -> strings (note)"));
}

TEST(DiffWithSeen, KeysAreComparedByHowWellTheyAreKnown) {
  const auto with_key = [](change::TableKey key) {
    return told(compare_with_seen(file(table("orders", kOrders, "\"customer\", \"id\"")),
                                  {orders(orders_as_sent(), orders_as_sent(), std::move(key))}));
  };
  EXPECT_THAT(with_key({{"id"}, change::KeyOrigin::IdColumn, 0}),
              ElementsAre("key-unknown orders (customer, id) -> (id)"));
  EXPECT_THAT(with_key({{"id"}, change::KeyOrigin::Learned, 7}),
              ElementsAre("key-changed orders (customer, id) -> (id)"));
  EXPECT_THAT(with_key({{"customer", "id"}, change::KeyOrigin::Catalog, 0}), IsEmpty());
}

TEST(DiffWithSeen, ATableThatTheFileLacksIsNew) {
  EXPECT_THAT(told(compare_with_seen(Catalog(), {orders(orders_as_sent(), {})})),
              ElementsAre("new-table orders  -> 4 columns"));
}

TEST(LearnedCatalog, HoldsWhatTheEventsHaveShownAndIsReadBack) {
  SeenTable table = orders({seen("id", ValueKind::Int), seen("total", ValueKind::String),
                            seen("open", ValueKind::Bool, kind_bit(ValueKind::Null)),
                            seen("rate", ValueKind::Float, kind_bit(ValueKind::NonFinite)),
                            seen("tags", ValueKind::Array), seen("never", ValueKind::Null)},
                           {}, {{"id", "line"}, change::KeyOrigin::Learned, 7});
  const Catalog learned = learned_catalog({table.state});
  const Table& entry = learned.tables.begin()->second;
  std::vector<std::string> columns;
  for (const Column& column : entry.columns) columns.push_back(column.name + " " + to_text(column.type));
  EXPECT_THAT(columns, ElementsAre("id bigint", "total text", "open boolean", "rate double precision",
                                   "tags jsonb", "never text", "line text"));
  EXPECT_TRUE(entry.learned);
  EXPECT_THAT(entry.key, ElementsAre("id", "line"));
  EXPECT_EQ(parse_toml(to_toml(learned), "l.toml").value(), learned);
}

TEST(LearnedCatalog, AKeyThatNothingHasToldIsLeftEmpty) {
  const SeenTable table = orders(orders_as_sent(), {}, {{"id"}, change::KeyOrigin::IdColumn, 0});
  EXPECT_THAT(learned_catalog({table.state}).tables.begin()->second.key, IsEmpty());
}

}  // namespace
}  // namespace sluice::catalog
