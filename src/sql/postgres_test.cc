#include "sql/postgres.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(PostgresViews, AreTheSameInWhateverOrderTheTablesAreNamed) {
  const std::vector<change::TableState> tables = {table_with("Orders", {"id"}),
                                                  table_with("orders", {"id", "total"})};
  const std::vector<change::TableState> turned = {tables[1], tables[0]};
  EXPECT_EQ(postgres_views(tables, nullptr), postgres_views(turned, nullptr));
}

TEST(PostgresViews, AColumnNamedLikeTheArgumentOfTheFunctionIsNoProblem) {
  const std::vector<change::TableState> tables = {table_with("t", {"ts", "record_id", "event_data"})};
  const View view = postgres_views(tables, nullptr).front();
  EXPECT_THAT(view.create_function, HasSubstr("\"t_as_of\"(timestamptz)"));
  EXPECT_THAT(view.create_function, HasSubstr("cdc_through_ns($1)"));
}

}  // namespace
}  // namespace sluice::sql
