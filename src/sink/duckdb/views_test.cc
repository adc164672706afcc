// The views of a store compared, dropped and checked, in a real file.
#include "sink/duckdb/views.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "sink/duckdb/sink.h"

namespace sluice::sink::duckdb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ViewsOfAStore : public testing::Test {
 protected:
  ViewsOfAStore() {
    std::filesystem::remove(path());
    catalog::Table& table = catalog.tables[{"public", "orders"}];
    table = {{"public", "orders"}, {}, {"id"}, false};
    table.columns.push_back({"id", {catalog::Type::BigInt, {}, {}, {}}, false});
    table.columns.push_back({"total", {catalog::Type::Numeric, 12, 2, {}}, true});
    table.columns.push_back({"made", {catalog::Type::TimestampTz, {}, {}, {}}, true});
  }
  ~ViewsOfAStore() override { std::filesystem::remove(path()); }

  std::string path() const { return testing::TempDir() + "views_of_a_store.duckdb"; }

  std::unique_ptr<Store> open() {
    SinkOptions options;
    options.path = path();
    options.catalog = catalog;
    options.views = chosen;
    std::unique_ptr<Store> store = open_sink(std::move(options)).value();
    EXPECT_TRUE(store->load().ok());
    return store;
  }

  std::vector<std::string> differing() {
    std::vector<std::string> names;
    for (const ViewDifference& one : open()->view_differences().value()) {
      static constexpr std::array<const char*, 3> kSigns = {"+", "~", "-"};
      names.push_back(kSigns[static_cast<size_t>(one.kind)] + one.name);
    }
    return names;
  }

  void execute(const std::string& sql) {
    const auto database = open_database({.path = path(), .access = Access::ReadWrite}).value();
    const Result<void> done = database->connect().value()->execute(sql);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }

  std::optional<std::string> value_of(const std::string& sql) {
    const auto database = open_database({.path = path(), .access = Access::ReadOnly}).value();
    return database->connect().value()->query_value(sql).value();
  }

  catalog::Catalog catalog;
  sql::ViewOptions chosen;
};

TEST_F(ViewsOfAStore, DifferInNothingAfterTheyWereMade) {
  EXPECT_THAT(differing(),
              ElementsAre("+orders_as_of", "+orders_changes", "+orders_current", "+orders_history"));
  EXPECT_EQ(open()->refresh_views({}).value(), 3);
  EXPECT_THAT(differing(), IsEmpty());
  EXPECT_EQ(open()->refresh_views({}).value(), 3);
  EXPECT_THAT(differing(), IsEmpty());
}

TEST_F(ViewsOfAStore, DifferWhereTheCatalogOrAPersonChangedOneAndComparingChangesNothing) {
  EXPECT_TRUE(open()->refresh_views({}).ok());
  execute("CREATE OR REPLACE VIEW orders_changes AS SELECT 42 AS day; CREATE TABLE mine (id INTEGER)");
  catalog.tables[{"public", "orders"}].columns.pop_back();
  catalog.tables[{"public", "new"}] = {{"public", "new"}, {}, {}, false};
  const std::vector<std::string> expected = {"+new_as_of",      "+new_changes",   "+new_current",
                                             "+new_history",    "~orders_as_of",  "~orders_changes",
                                             "~orders_current", "~orders_history"};
  EXPECT_EQ(differing(), expected);
  EXPECT_EQ(differing(), expected);
  EXPECT_EQ(value_of("SELECT day FROM orders_changes"), "42");
  catalog.tables.clear();
  EXPECT_THAT(differing(),
              ElementsAre("-orders_as_of", "-orders_changes", "-orders_current", "-orders_history"));
}

TEST_F(ViewsOfAStore, AreDroppedWithoutAnythingElse) {
  EXPECT_TRUE(open()->refresh_views({}).ok());
  execute("CREATE VIEW mine AS SELECT 1; INSERT INTO cdc_events (record_id) VALUES ('1')");
  EXPECT_EQ(open()->drop_views().value(), 3);
  EXPECT_EQ(
      value_of("SELECT string_agg(view_name, ',' ORDER BY view_name) FROM duckdb_views() WHERE NOT internal"),
      "cdc_transactions,mine");
  EXPECT_EQ(value_of("SELECT count(*) FROM cdc_events"), "1");
  EXPECT_EQ(open()->drop_views().value(), 0);
}

TEST_F(ViewsOfAStore, TellWhichValuesTheyCannotShow) {
  EXPECT_TRUE(open()->refresh_views({}).ok());
  execute(
      "INSERT INTO cdc_events (source_schema, source_table, operation, record_id, event_data, commit_ts_ns) "
      "VALUES "
      "('public', 'orders', 'c', '1', '{\"id\":1,\"total\":\"1.50\",\"made\":0}', 1), "
      "('public', 'orders', 'c', '2', '{\"id\":2,\"total\":\"NaN\",\"made\":null}', 1), "
      "('public', 'orders', 'c', '3', '{\"id\":3,\"total\":\"99999999999999.00\"}', 1), "
      "('public', 'orders', 'c', '4', '{\"id\":4,\"total\":\"NaN\"}', 1), "
      "('public', 'orders', 'd', '4', '{\"id\":4}', 2), "
      "('public', 'orders', 'c', 'x', '{\"id\":\"x\",\"total\":\"0\"}', 1)");
  const std::vector<UnconvertedColumn> found = open()->unconverted_values().value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].column, "id");
  EXPECT_EQ(found[0].values, 1);
  EXPECT_EQ(found[0].first_record_id, "x");
  EXPECT_EQ(found[1].column, "total");
  EXPECT_EQ(found[1].values, 2);
  EXPECT_EQ(found[1].first_record_id, "2");
  EXPECT_EQ(found[1].last_record_id, "3");
}

TEST_F(ViewsOfAStore, WithAMaskGetOneKeyAndKeepIt) {
  EXPECT_TRUE(open()->refresh_views({}).ok());
  EXPECT_EQ(value_of("SELECT count(*) FROM cdc_mask_key"), "0");
  chosen[{"public", "orders"}].hash = {"total"};
  EXPECT_TRUE(open()->refresh_views({}).ok());
  const auto key = value_of("SELECT inner_key || outer_key FROM cdc_mask_key");
  EXPECT_EQ(key.value_or("").size(), 128U);
  EXPECT_TRUE(open()->refresh_views({}).ok());
  EXPECT_EQ(value_of("SELECT inner_key || outer_key FROM cdc_mask_key"), key);
}

TEST_F(ViewsOfAStore, CannotBeGrantedBecauseDuckDbHasNoRoles) {
  const auto granted = open()->refresh_views({"analyst"});
  ASSERT_FALSE(granted.ok());
  EXPECT_THAT(granted.error().message, testing::HasSubstr("DuckDB has no roles"));
}

}  // namespace
}  // namespace sluice::sink::duckdb
