// The texts of this room held against tests/golden/, where a person can review them.
//
// SLUICE_REWRITE_GOLDEN=1 in the environment writes the files instead.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "sql/log_for_test.h"
#include "sql/postgres.h"

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
  for (const View& view : views) text += view.create_view + ";\n\n" + view.create_macro + ";\n\n";
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
    EXPECT_TRUE(log.rows("SELECT * FROM " + quote_identifier(view.macro_name) + "(now())").empty());
  }
}

// The live tests run these texts in PostgreSQL.
void expect_golden_postgres_views(const std::string& file, const std::vector<PostgresView>& views) {
  std::string text;
  for (const PostgresView& view : views) text += view.create_view + ";\n\n" + view.create_function + ";\n\n";
  expect_golden(file, text);
}

TEST(Golden, TheEventLogAndTheFunctionsOfPostgreSql) {
  expect_golden("postgres_schema.sql", postgres_schema());
}

TEST(Golden, TheEventLogAndTheMacrosOfTheViews) { expect_golden("duckdb_schema.sql", duckdb_schema()); }

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
  expect_golden_views("duckdb_views_declared.sql", duckdb_views({}, &catalog));
  expect_golden_postgres_views("postgres_views_declared.sql", postgres_views({}, &catalog));
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
  expect_golden_views("duckdb_views_inferred.sql", duckdb_views(tables, nullptr));
  expect_golden_postgres_views("postgres_views_inferred.sql", postgres_views(tables, nullptr));
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
  expect_golden_views("duckdb_views_hostile.sql", duckdb_views(tables, nullptr));
  expect_golden_postgres_views("postgres_views_hostile.sql", postgres_views(tables, nullptr));
}

}  // namespace
}  // namespace sluice::sql
