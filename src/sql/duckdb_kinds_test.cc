// History, changes, transactions, elements and the options of a table, as the real DuckDB answers through the
// views.
#include <gmock/gmock.h>

#include "sql/log_for_test.h"

namespace sluice::sql {
namespace {

using catalog::Type;
using change::TableName;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr int64_t kStart = 1'767'225'600'000'000'000;  // 2026-01-01
constexpr int64_t kSecond = 1'000'000'000;

catalog::Catalog orders() {
  catalog::Catalog catalog = one_table_catalog({"public", "orders"}, {{"id", {Type::BigInt, {}, {}, {}}},
                                                                      {"email", {Type::Text, {}, {}, {}}},
                                                                      {"items", {Type::Json, {}, {}, {}}}});
  catalog.tables.begin()->second.key = {"id"};
  return catalog;
}

std::string order(int id, const std::string& email, const std::string& items = "") {
  std::string image = "{\"id\":" + std::to_string(id) + ",\"email\":\"" + email + "\"";
  if (!items.empty()) image += ",\"items\":\"" + items + "\"";
  return image + "}";
}

class Kinds : public testing::Test {
 protected:
  void make(const TableOptions& options = {}) {
    const catalog::Catalog catalog = orders();
    log.make(duckdb_views({}, &catalog, {{{"public", "orders"}, options}}));
  }
  void land(const std::string& id, const std::string& image, const std::string& op, int64_t at) {
    log.land({{id, image, op, at, {"public", "orders"}}});
  }
  LogForTest log;
};

TEST_F(Kinds, HistoryHasEveryVersionOnceWithTheTimeItWasTrue) {
  make();
  land("1", order(1, "b"), "u", kStart + 2 * kSecond);
  land("1", order(1, "a"), "c", kStart);
  land("1", order(1, "a"), "c", kStart);  // delivered again
  land("1", "{\"id\":1}", "d", kStart + 3 * kSecond);
  land("2", order(2, "x"), "c", kStart + kSecond);
  EXPECT_EQ(
      log.lines(
          "SELECT record_id, operation, strftime(valid_from, '%S'), strftime(valid_to, '%S'), id, email "
          "FROM orders_history"),
      (Texts{"1|c|00|02|1|a", "1|d|03|NULL|1|NULL", "1|u|02|03|1|b", "2|c|01|NULL|2|x"}));
}

TEST_F(Kinds, HistoryAtAMomentIsWhatAsOfSays) {
  make();
  // Commits of one nanosecond, one microsecond and several; r, d and unknown operations; everything twice.
  const std::vector<std::string> operations = {"c", "u", "d", "r", "m"};
  for (int round = 0; round < 2; ++round) {
    for (int at = 0; at < 300; ++at) {
      const int id = at % 7;
      const std::string& op = operations[static_cast<size_t>(at * 11 % 5)];
      land(std::to_string(id), op == "d" ? "{\"id\":1}" : order(id, std::to_string(at % 13)), op,
           kStart + at * 37 % 101 * 400);
    }
  }
  for (int us = 0; us < 42; us += 3) {
    const std::string moment = "make_timestamp(" + std::to_string(kStart / 1000 + us) + ")";
    EXPECT_EQ(log.lines("SELECT id, email FROM orders_history WHERE valid_from <= " + moment +
                        " AND (valid_to > " + moment + " OR valid_to IS NULL) AND operation <> 'd'"),
              log.lines("SELECT id, email FROM orders_as_of(" + moment + ")"))
        << us;
  }
}

TEST_F(Kinds, ChangesAreCountedPerDayAndOperationHoweverOftenTheyCame) {
  make();
  land("1", order(1, "a"), "c", kStart);
  land("1", order(1, "a"), "c", kStart);
  land("1", order(1, "b"), "u", kStart + kSecond);
  land("1", order(1, "c"), "u", kStart + 2 * kSecond);
  land("2", order(2, "c"), "u", kStart + 86'400 * kSecond);
  EXPECT_EQ(log.lines("SELECT day, operation, changes, records FROM orders_changes"),
            (Texts{"2026-01-01|c|1|1", "2026-01-01|u|2|1", "2026-01-02|u|1|1"}));
}

TEST_F(Kinds, ATransactionIsOneRow) {
  make();
  land("1", order(1, "a"), "c", kStart);
  land("1", order(1, "a"), "c", kStart);
  land("2", order(2, "a"), "d", kStart);
  log.land({{"1", "{}", "u", kStart, {"sales", "lines"}}, {"9", "{}", "r", kStart, {"sales", "lines"}}});
  EXPECT_EQ(log.lines("SELECT tx_id, committed_at, commit_ts_ns, changes, tables, inserts, deletes FROM "
                      "cdc_transactions"),
            (Texts{"tx|2026-01-01 00:00:00|1767225600000000000|3|2|1|1"}));
}

TEST_F(Kinds, AnArrayHasARowPerElementAndWhatIsNoneHasNoRow) {
  TableOptions options;
  options.unnest = {"items"};
  make(options);
  land("1", order(1, "a", R"([{\"n\": 1}, \"two\", null])"), "c", kStart);
  land("2", order(2, "a", "[]"), "c", kStart);
  land("3", order(3, "a", R"({\"n\": 1})"), "c", kStart);
  land("4", order(4, "a", "[broken"), "c", kStart);
  land("5", order(5, "a"), "c", kStart);
  land("6", order(6, "a", "[6]"), "c", kStart);
  land("6", "{\"id\":6}", "d", kStart + 1);
  EXPECT_EQ(log.lines("SELECT id, ordinal, item FROM orders_items_each"),
            (Texts{"1|1|{\"n\":1}", "1|2|\"two\"", "1|3|null"}));
}

TEST_F(Kinds, ExcludedColumnsAreNowhereAndRenamedOnesHaveTheirName) {
  TableOptions options;
  options.exclude = {"email"};
  options.rename = {{"items", "lines"}};
  make(options);
  EXPECT_THAT(log.lines("SELECT column_name FROM (DESCRIBE orders_current)"),
              UnorderedElementsAre("id", "lines"));
  EXPECT_THAT(log.lines("SELECT column_name FROM (DESCRIBE orders_history)"),
              UnorderedElementsAre("record_id", "operation", "valid_from", "valid_to", "commit_ts_ns", "id",
                                   "lines"));
  TableOptions only;
  only.include = {"email"};
  make(only);
  EXPECT_THAT(log.lines("SELECT column_name FROM (DESCRIBE orders_current)"), ElementsAre("email"));
}

TEST_F(Kinds, AHashDependsOnTheKeyAndIsNothingWithoutOne) {
  TableOptions options;
  options.hash = {"email"};
  make(options);
  land("1", order(1, "a@example.com"), "c", kStart);
  land("2", "{\"id\":2,\"email\":null}", "c", kStart);
  EXPECT_EQ(log.lines("SELECT id, email FROM orders_current"), (Texts{"1|NULL", "2|NULL"}));
  const std::string inner(64, 'a');
  const std::string outer(64, 'b');
  log.run("INSERT INTO cdc_mask_key VALUES (" + quote_literal(inner) + ", " + quote_literal(outer) + ")");
  // sha256(outer + hex of sha256(inner + value)), as another program computed it.
  EXPECT_EQ(log.lines("SELECT id, email FROM orders_current"),
            (Texts{"1|8f982c95a042840679df3aa6f1454b2bfbceebab6c28a6377dc7bff944a61ea4", "2|NULL"}));
  EXPECT_EQ(log.lines("SELECT record_id = id::VARCHAR FROM orders_history"), (Texts{"false", "false"}));
}

TEST_F(Kinds, AnArrayThatIsHiddenDoesNotComeOutInPieces) {
  TableOptions options;
  options.unnest = {"items", "no such column"};
  options.hash = {"items"};
  const catalog::Catalog catalog = orders();
  for (const View& view : duckdb_views({}, &catalog, {{{"public", "orders"}, options}}))
    EXPECT_NE(view.kind, ViewKind::Each);
}

TEST(ViewNames, AColumnNamedAsOneOfHistorysOwnGetsAnotherName) {
  const catalog::Catalog catalog = one_table_catalog(
      {"public", "t"}, {{"operation", {Type::Text, {}, {}, {}}}, {"Valid_From", {Type::Text, {}, {}, {}}}});
  LogForTest log;
  log.make(duckdb_views({}, &catalog));
  EXPECT_THAT(log.lines("SELECT column_name FROM (DESCRIBE t_current)"),
              ElementsAre("Valid_From", "operation"));
  EXPECT_EQ(log.value("SELECT count(*) FROM (DESCRIBE t_history)"), "7");
  EXPECT_EQ(
      log.value(
          "SELECT count(*) FROM (DESCRIBE t_history) WHERE column_name ILIKE 'valid\\_from\\_%' ESCAPE '\\'"),
      "1");
}

TEST(ViewNames, ArraysOfTwoTablesNeverMeet) {
  catalog::Catalog catalog = one_table_catalog({"public", "a"}, {{"b_c", {Type::Json, {}, {}, {}}}});
  catalog.tables.merge(one_table_catalog({"public", "a_b"}, {{"c", {Type::Json, {}, {}, {}}}}).tables);
  TableOptions of_a;
  of_a.unnest = {"b_c"};
  TableOptions of_b;
  of_b.unnest = {"c"};
  std::set<std::string> names;
  for (const View& view : duckdb_views({}, &catalog, {{{"public", "a"}, of_a}, {{"public", "a_b"}, of_b}}))
    EXPECT_TRUE(names.insert(view.view_name).second) << view.view_name;
  EXPECT_EQ(names.size(), 8U);
}

}  // namespace
}  // namespace sluice::sql
