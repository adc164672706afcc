// The texts of this room held against tests/golden/, where a person can review them.
//
// SLUICE_REWRITE_GOLDEN=1 in the environment writes the files instead.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "sql/athena.h"
#include "sql/log_for_test.h"
#include "sql/maintained.h"
#include "sql/postgres.h"
#include "sql/redshift.h"

namespace sluice::sql {
namespace {

using catalog::Type;
using change::kind_bit;
using change::KindSet;
using change::ValueKind;

void expect_golden(const std::string& file, const std::string& text) {
  const std::string path = std::string(SLUICE_GOLDEN_DIR) + "/" + file;
  if (std::getenv("SLUICE_REWRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream stored(path, std::ios::binary);
  std::ostringstream expected;
  expected << stored.rdbuf();
  EXPECT_EQ(text, expected.str()) << path
                                  << " says otherwise. If the new text is right, run this program with "
                                  << "SLUICE_REWRITE_GOLDEN=1 and review the difference.";
}

std::string script(const std::vector<View>& views) {
  std::string text;
  for (const View& view : views) {
    text += view.create_view + ";\n\n";
    if (!view.create_function.empty()) text += view.create_function + ";\n\n";
    if (!view.as_of_query.empty()) text += view.as_of_query + ";\n\n";
  }
  return text;
}

KindSet kinds(std::initializer_list<ValueKind> of) {
  KindSet set = 0;
  for (const ValueKind kind : of) set = static_cast<KindSet>(set | kind_bit(kind));
  return set;
}

// The text is also executed, so that no golden file can hold what DuckDB refuses.
void expect_golden_views(const std::string& file, const std::vector<View>& views) {
  expect_golden(file, script(views));
  LogForTest log;
  log.run(script(views));
  for (const View& view : views) {
    EXPECT_TRUE(log.rows("SELECT * FROM " + quote_identifier(view.view_name)).empty());
    if (view.function_name.empty()) continue;
    EXPECT_TRUE(log.rows("SELECT * FROM " + quote_identifier(view.function_name) + "(now())").empty());
  }
}

// The live tests run these texts in PostgreSQL.
void expect_golden_postgres_views(const std::string& file, const std::vector<View>& views) {
  expect_golden(file, script(views));
}

// One story in all dialects: tests/sqlglot reads those of Redshift and Athena.
void expect_golden_in_all(const std::string& story, const std::vector<change::TableState>& tables,
                          const catalog::Catalog* catalog, const ViewOptions& options = {}) {
  expect_golden_views("duckdb_views_" + story + ".sql", duckdb_views(tables, catalog, options));
  expect_golden_postgres_views("postgres_views_" + story + ".sql", postgres_views(tables, catalog, options));
  expect_golden("redshift_views_" + story + ".sql", script(redshift_views(tables, catalog, options)));
  expect_golden("athena_views_" + story + ".sql", script(athena_views(tables, catalog, options)));
}

std::string lines_of(const std::vector<std::string>& statements) {
  std::string text;
  for (const std::string& statement : statements) text += statement + ";\n\n";
  return text;
}

TEST(Golden, TheEventLogAndTheFunctionsOfPostgreSql) {
  expect_golden("postgres_schema.sql", postgres_schema());
}

TEST(Golden, TheEventLogAndTheMacrosOfTheViews) { expect_golden("duckdb_schema.sql", duckdb_schema()); }

TEST(Golden, TheEventLogInRedshiftAndInAthena) {
  expect_golden("redshift_schema.sql", lines_of(redshift_schema()));
  expect_golden("athena_schema.sql", lines_of(athena_schema("s3://bucket/prefix/")));
}

TEST(Golden, AViewOfEveryDeclaredType) {
  const catalog::Catalog catalog =
      one_table_catalog({"public", "every_type"}, {{"small", {Type::SmallInt, {}, {}, {}}},
                                                   {"whole", {Type::Integer, {}, {}, {}}},
                                                   {"big", {Type::BigInt, {}, {}, {}}},
                                                   {"object_id", {Type::Oid, {}, {}, {}}},
                                                   {"single_precision", {Type::Real, {}, {}, {}}},
                                                   {"double_precision", {Type::DoublePrecision, {}, {}, {}}},
                                                   {"price", {Type::Numeric, 12, 2, {}}},
                                                   {"count", {Type::Numeric, 38, {}, {}}},
                                                   {"any_number", {Type::Numeric, {}, {}, {}}},
                                                   {"wide_number", {Type::Numeric, 39, 2, {}}},
                                                   {"odd_scale", {Type::Numeric, 2, 5, {}}},
                                                   {"flag", {Type::Boolean, {}, {}, {}}},
                                                   {"words", {Type::Text, {}, {}, {}}},
                                                   {"label", {Type::Varchar, {}, {}, 40}},
                                                   {"code", {Type::Char, {}, {}, 4}},
                                                   {"identifier", {Type::Name, {}, {}, {}}},
                                                   {"letter", {Type::QuotedChar, {}, {}, {}}},
                                                   {"photo", {Type::Bytea, {}, {}, {}}},
                                                   {"token", {Type::Uuid, {}, {}, {}}},
                                                   {"day", {Type::Date, {}, {}, {}}},
                                                   {"clock", {Type::Time, {}, {}, {}}},
                                                   {"zoned_clock", {Type::TimeTz, {}, {}, {}}},
                                                   {"moment", {Type::Timestamp, {}, {}, {}}},
                                                   {"zoned_moment", {Type::TimestampTz, {}, {}, {}}},
                                                   {"term", {Type::Interval, {}, {}, {}}},
                                                   {"document", {Type::Json, {}, {}, {}}},
                                                   {"binary_document", {Type::Jsonb, {}, {}, {}}},
                                                   {"object_ids", {Type::OidVector, {}, {}, {}}}});
  expect_golden_in_all("declared", {}, &catalog);
}

TEST(Golden, AViewOfEveryInferredType) {
  using enum ValueKind;
  const std::vector<change::TableState> tables = {
      seen_table({"sales", "guessed"}, {{"flag", kinds({Bool, Null})},
                                        {"id", kinds({Int, BigInt})},
                                        {"ratio", kinds({Int, Float, NonFinite})},
                                        {"huge", kinds({HugeInt})},
                                        {"note", kinds({String, Null})},
                                        {"nested", kinds({Object, Array})},
                                        {"mixed", kinds({Object, Int})},
                                        {"nothing_yet", kinds({Null})}}),
      seen_table({"public", "without_columns"}, {})};
  expect_golden_in_all("inferred", tables, nullptr);
}

TEST(Golden, AViewOfHostileAndCollidingNames) {
  const KindSet integer = kinds({ValueKind::Int});
  const std::vector<change::TableState> tables = {
      seen_table({"public", "order\"s; drop"},
                 {{"select", integer}, {"a/b~c", integer}, {"it's \"so\" \\", integer}, {"", integer}}),
      seen_table({"public", "cdc_events"}, {{"Id", integer}, {"id", integer}}),
      seen_table({"sales", "orders"}, {{"id", integer}}),
      seen_table({"public", "Sales_Orders"}, {{"id", integer}}),
      seen_table({"a'b", "täble"}, {{"id", integer}})};
  expect_golden_in_all("hostile", tables, nullptr);
}

// The present is read from cdc_current, everything else from the log.
TEST(Golden, TheViewsOfAMaintainedTable) {
  catalog::Catalog catalog = one_table_catalog(
      {"public", "orders"}, {{"id", {Type::BigInt, {}, {}, {}}}, {"total", {Type::Numeric, 12, 2, {}}}});
  catalog.tables.begin()->second.key = {"id"};
  TableOptions options;
  options.current_table = true;
  const ViewOptions chosen = {{{"public", "orders"}, options}};
  expect_golden("duckdb_maintained.sql",
                duckdb_maintained_schema() + "\n" + script(duckdb_views({}, &catalog, chosen)));
  LogForTest log;
  log.run(duckdb_maintained_schema());
  log.run(script(duckdb_views({}, &catalog, chosen)));
  EXPECT_TRUE(log.rows("SELECT * FROM orders_current").empty());
  expect_golden("postgres_maintained.sql",
                postgres_maintained_schema() + "\n" + script(postgres_views({}, &catalog, chosen)));
  expect_golden("postgres_maintained_fill.sql", postgres_fill_current(true) + ";\n");
}

TEST(Golden, AViewWithEveryOption) {
  catalog::Catalog catalog = one_table_catalog({"public", "orders"}, {{"id", {Type::BigInt, {}, {}, {}}},
                                                                      {"email", {Type::Text, {}, {}, {}}},
                                                                      {"card", {Type::Text, {}, {}, {}}},
                                                                      {"total", {Type::Numeric, 12, 2, {}}},
                                                                      {"items", {Type::Json, {}, {}, {}}},
                                                                      {"Tags", {Type::Jsonb, {}, {}, {}}}});
  catalog.tables.begin()->second.key = {"id"};
  TableOptions options;
  options.exclude = {"card"};
  options.rename = {{"total", "amount"}, {"email", "who"}};
  options.hash = {"email"};
  options.unnest = {"items", "Tags"};
  expect_golden_in_all("options", {}, &catalog, {{{"public", "orders"}, options}});
}

}  // namespace
}  // namespace sluice::sql
