#include "sql/postgres.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace sluice::sql {
namespace {

using testing::HasSubstr;

change::TableState table_with(const std::string& name, const std::vector<std::string>& columns) {
  change::TableState table;
  table.name = {"public", name};
  uint32_t ordinal = 0;
  for (const std::string& column : columns)
    table.columns.push_back({column, change::kind_bit(change::ValueKind::Int), 1, ordinal++});
  return table;
}

TEST(PostgresNames, AShortNameStaysAsItIs) {
  EXPECT_EQ(fit_postgres_name("orders", "_current"), "orders_current");
  EXPECT_EQ(fit_postgres_name(std::string(55, 'a'), "_current"), std::string(55, 'a') + "_current");
}

TEST(PostgresNames, LongNamesAreCutAndStayDifferent) {
  const std::string one = fit_postgres_name(std::string(60, 'a') + "1", "_current");
  const std::string two = fit_postgres_name(std::string(60, 'a') + "2", "_current");
  EXPECT_EQ(one.size(), 63U);
  EXPECT_EQ(two.size(), 63U);
  EXPECT_NE(one, two);
  EXPECT_TRUE(one.ends_with("_current"));
}

TEST(PostgresNames, ACharacterIsNeverCutInTwo) {
  for (size_t before = 0; before < 4; ++before) {
    std::string stem(before, 'a');
    while (stem.size() < 80) stem += "\xE6\x97\xA5";
    const std::string name = fit_postgres_name(stem, "_as_of");
    EXPECT_LE(name.size(), 63U);
    EXPECT_TRUE(is_utf8(name)) << before;
  }
}

TEST(PostgresViews, AreTheSameInWhateverOrderTheTablesAreNamed) {
  const std::vector<change::TableState> tables = {table_with("Orders", {"id"}),
                                                  table_with("orders", {"id", "total"})};
  const std::vector<change::TableState> turned = {tables[1], tables[0]};
  EXPECT_EQ(postgres_views(tables, nullptr), postgres_views(turned, nullptr));
}

TEST(PostgresViews, AColumnNamedLikeTheArgumentOfTheFunctionIsNoProblem) {
  const std::vector<change::TableState> tables = {table_with("t", {"ts", "record_id", "event_data"})};
  const PostgresView view = postgres_views(tables, nullptr).front();
  EXPECT_THAT(view.create_function, HasSubstr("\"t_as_of\"(timestamptz)"));
  EXPECT_THAT(view.create_function, HasSubstr("cdc_through_ns($1)"));
}

}  // namespace
}  // namespace sluice::sql
