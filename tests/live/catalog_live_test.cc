// `sluice catalog read` against a real PostgreSQL.
#include "catalog/catalog.h"
#include "live_database.h"

namespace sluice::live {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using CatalogRead = LiveDatabase;

TEST_F(CatalogRead, EveryTypeIsReadWithItsModifiers) {
  std::string columns = "c0 integer PRIMARY KEY";
  const std::vector<std::string> types = {"smallint",
                                          "integer",
                                          "bigint",
                                          "oid",
                                          "real",
                                          "double precision",
                                          "numeric",
                                          "numeric(12,2)",
                                          "numeric(38,37)",
                                          "numeric(3,-2)",
                                          "boolean",
                                          "text",
                                          "varchar",
                                          "varchar(40)",
                                          "char(5)",
                                          "bpchar",
                                          "name",
                                          "\"char\"",
                                          "bytea",
                                          "uuid",
                                          "date",
                                          "time without time zone",
                                          "time with time zone",
                                          "timestamp without time zone",
                                          "timestamp with time zone",
                                          "interval",
                                          "json",
                                          "jsonb",
                                          "oidvector"};
  for (const std::string& type : types)
    columns += ", c" + std::to_string(&type - types.data() + 1) + " " + type;
  sql("CREATE TABLE t (" + columns + ")");
  Result<catalog::Catalog> catalog = catalog::read_postgres(dsn());
  ASSERT_TRUE(catalog.ok()) << catalog.error().message;
  const catalog::Table* table = catalog.value().find({"public", "t"});
  ASSERT_NE(table, nullptr);
  std::vector<std::string> read;
  for (const catalog::Column& column : table->columns) read.push_back(catalog::to_text(column.type));
  read.erase(read.begin());
  EXPECT_EQ(read, types);
  EXPECT_EQ(catalog::parse_toml(catalog::to_toml(catalog.value()), "t.toml").value(), catalog.value());
}

TEST_F(CatalogRead, KeysComeInKeyOrderAndColumnsInTheirs) {
  sql("CREATE SCHEMA \"Odd \"\"one\"; CREATE TABLE \"Odd \"\"one\".\"t 1\" (gone text, a text, b integer NOT "
      "NULL, c text, "
      "PRIMARY KEY (c, a)); ALTER TABLE \"Odd \"\"one\".\"t 1\" DROP gone; CREATE TABLE empty (); CREATE "
      "TABLE bare (v text)");
  sql("CREATE TABLE parts (id integer PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE part1 PARTITION OF "
      "parts DEFAULT;"
      "CREATE VIEW seen AS SELECT 1; CREATE TEMP TABLE passing (id integer)");
  const catalog::Catalog catalog = catalog::read_postgres(dsn()).value();
  std::vector<std::string> names;
  for (const auto& [name, table] : catalog.tables) names.push_back(name.schema + "." + name.table);
  EXPECT_THAT(names, ElementsAre("Odd \"one.t 1", "public.bare", "public.empty", "public.parts"));
  const catalog::Table* odd = catalog.find({"Odd \"one", "t 1"});
  EXPECT_THAT(odd->key, ElementsAre("c", "a"));
  ASSERT_EQ(odd->columns.size(), 3U);
  EXPECT_EQ(odd->columns[0].name, "a");
  EXPECT_FALSE(odd->columns[1].nullable);
  EXPECT_TRUE(catalog.find({"public", "bare"})->columns[0].nullable);
  EXPECT_TRUE(catalog.find({"public", "bare"})->key.empty());
  EXPECT_TRUE(catalog.find({"public", "empty"})->columns.empty());
}

TEST_F(CatalogRead, ATypeThatDsqlLacksIsRefusedByName) {
  sql("CREATE TABLE t (id integer PRIMARY KEY, tags text[])");
  Result<catalog::Catalog> catalog = catalog::read_postgres(dsn());
  ASSERT_FALSE(catalog.ok());
  EXPECT_THAT(catalog.error().message, HasSubstr("column tags of public.t is of type text[]"));
}

}  // namespace
}  // namespace sluice::live
