#include "catalog/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace sluice::catalog {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string round_trip(std::string_view text) {
  Result<ColumnType> type = parse_column_type(text);
  return type ? to_text(type.value()) : "error: " + type.error().message;
}

std::string toml_error(std::string_view text) {
  Result<Catalog> catalog = parse_toml(text, "shop.toml");
  return catalog ? "no error" : catalog.error().message;
}

Catalog shop() {
  Table items;
  items.name = {"public", "order_items"};
  items.columns = {
      {"order_id", {Type::BigInt, {}, {}, {}}, false}, {"line_no", {Type::Integer, {}, {}, {}}, false},
      {"price", {Type::Numeric, 12, 2, {}}, true},     {"sku", {Type::Varchar, {}, {}, 40}, true},
      {"grade", {Type::QuotedChar, {}, {}, {}}, true}, {"made_at", {Type::TimestampTz, {}, {}, {}}, true}};
  items.key = {"order_id", "line_no"};
  Table odd;
  odd.name = {"my \"schema\"", "tab\\le\n\x7F\xC3\xA9"};
  odd.columns = {{"", {}, true}};
  odd.columns[0].name = "a=b]#";
  Catalog catalog;
  catalog.tables = {{items.name, items}, {odd.name, odd}};
  return catalog;
}

TEST(TypeNames, EveryTypeIsReadBackFromItsName) {
  for (int i = 0; i <= static_cast<int>(Type::OidVector); ++i) {
    const Type type = static_cast<Type>(i);
    EXPECT_EQ(type_from_name(type_name(type)), type) << type_name(type);
  }
  EXPECT_EQ(type_name(Type::OidVector), "oidvector");
  EXPECT_EQ(type_name(Type::QuotedChar), "\"char\"");
}

TEST(TypeNames, ModifiersAreKept) {
  EXPECT_EQ(round_trip("numeric(12,2)"), "numeric(12,2)");
  EXPECT_EQ(round_trip("numeric"), "numeric");
  EXPECT_EQ(round_trip("numeric(5)"), "numeric(5,0)");
  EXPECT_EQ(round_trip("NUMERIC ( 38 , 37 )"), "numeric(38,37)");
  EXPECT_EQ(round_trip("numeric(3,-2)"), "numeric(3,-2)");
  EXPECT_EQ(round_trip("character varying(40)"), "varchar(40)");
  EXPECT_EQ(round_trip("varchar"), "varchar");
  EXPECT_EQ(round_trip("character(3)"), "char(3)");
}

TEST(TypeNames, CharAloneIsOneCharacterAndBpcharHasNoLimit) {
  EXPECT_EQ(round_trip("char"), "char(1)");
  EXPECT_EQ(round_trip("bpchar"), "bpchar");
  EXPECT_EQ(round_trip("\"char\""), "\"char\"");
}

TEST(TypeNames, TheUsualAliasesAreKnown) {
  EXPECT_EQ(round_trip("int4"), "integer");
  EXPECT_EQ(round_trip("timestamptz"), "timestamp with time zone");
  EXPECT_EQ(round_trip("timestamp(3)  WITH time zone"), "timestamp with time zone");
  EXPECT_EQ(round_trip("decimal(4,1)"), "numeric(4,1)");
  EXPECT_EQ(round_trip("float(24)"), "real");
  EXPECT_EQ(round_trip("float(25)"), "double precision");
  EXPECT_EQ(round_trip("bool"), "boolean");
}

TEST(TypeNames, WhatDsqlLacksIsRefusedByName) {
  EXPECT_THAT(round_trip("money"), HasSubstr("'money' is not a type that Aurora DSQL has"));
  EXPECT_THAT(round_trip("integer[]"), HasSubstr("'integer[]'"));
  EXPECT_THAT(round_trip(""), StartsWith("error"));
  EXPECT_THAT(round_trip("numeric(12"), StartsWith("error"));
  EXPECT_THAT(round_trip("numeric(0)"), HasSubstr("numeric does not take"));
  EXPECT_THAT(round_trip("numeric(1,2,3)"), HasSubstr("numeric does not take"));
  EXPECT_THAT(round_trip("varchar(0)"), HasSubstr("does not take"));
  EXPECT_THAT(round_trip("bigint(4)"), HasSubstr("bigint does not take"));
  EXPECT_THAT(round_trip("timestamp(9)"), HasSubstr("does not take"));
  EXPECT_THAT(round_trip("varchar(99999999999999)"), StartsWith("error"));
}

TEST(CatalogToml, WhatIsWrittenIsReadBack) {
  const Catalog before = shop();
  Result<Catalog> after = parse_toml(to_toml(before), "shop.toml");
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after.value(), before);
}

TEST(CatalogToml, IsMadeToBeReadAndDiffed) {
  EXPECT_THAT(to_toml(shop()), HasSubstr(R"toml([[table]]
schema = "public"
name = "order_items"
key = ["order_id", "line_no"]
columns = [
  { name = "order_id", type = "bigint", nullable = false },
  { name = "line_no", type = "integer", nullable = false },
  { name = "price", type = "numeric(12,2)" },
  { name = "sku", type = "varchar(40)" },
  { name = "grade", type = "\"char\"" },
  { name = "made_at", type = "timestamp with time zone" },
]
)toml"));
}

TEST(CatalogToml, TheSchemaIsPublicUnlessItSaysOtherwise) {
  Result<Catalog> catalog = parse_toml("[[table]]\nname = \"t\"", "shop.toml");
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_NE(catalog.value().find({"public", "t"}), nullptr);
  EXPECT_EQ(catalog.value().find({"public", "u"}), nullptr);
}

TEST(CatalogToml, AnEmptyTextIsAnEmptyCatalog) {
  Result<Catalog> catalog = parse_toml("", "shop.toml");
  ASSERT_TRUE(catalog);
  EXPECT_TRUE(catalog.value().tables.empty());
}

TEST(CatalogToml, AnErrorNamesTheFileAndTheLine) {
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\nkeys = []"),
              "shop.toml:3: 'keys' is not a setting of a catalog; did you mean 'key'?");
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\ncolumns = [\n {name = \"a\", type = \"money\"}]"),
              "shop.toml:4: 'money' is not a type that Aurora DSQL has");
  EXPECT_THAT(toml_error("[[table]]\nname = "), StartsWith("shop.toml:2: "));
  EXPECT_THAT(toml_error("[table]\nname = \"t\""), StartsWith("shop.toml:1: 'table' must be written as"));
  EXPECT_THAT(toml_error("table = 5"), StartsWith("shop.toml:1: 'table' must be written as"));
  EXPECT_THAT(toml_error("\n[[table]]\nkey = []"), StartsWith("shop.toml:2: 'name' is missing"));
}

TEST(CatalogToml, ContradictionsAreRefused) {
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\n[[table]]\nname = \"t\""),
              HasSubstr("public.t stands here"));
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\nkey = [\"a\"]"), HasSubstr("'a', which is not among"));
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\nkey = [\"a\", \"a\"]\n"
                         "columns = [{name = \"a\", type = \"text\"}]"),
              HasSubstr("'a' twice"));
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\n"
                         "columns = [{name = \"a\", type = \"text\"}, {name = \"a\", type = \"oid\"}]"),
              HasSubstr("'a' stands here for the second time"));
  EXPECT_THAT(toml_error("[[table]]\nname = 5"), HasSubstr("'name' must be a string"));
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\nkey = \"a\""), HasSubstr("'key' must be an array"));
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\nkey = [5]"), HasSubstr("'key' must be an array"));
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\ncolumns = 5"), HasSubstr("'columns' must be an array"));
  EXPECT_THAT(toml_error("[[table]]\nname = \"t\"\ncolumns = [5]"), HasSubstr("a column must be written as"));
  EXPECT_THAT(
      toml_error("[[table]]\nname = \"t\"\ncolumns = [{name = \"a\", type = \"text\", nullable = \"no\"}]"),
      HasSubstr("'nullable' must be true or false"));
}

TEST(CatalogFile, IsReadFromItsPath) {
  const std::string path = ::testing::TempDir() + "catalog_test.toml";
  std::ofstream(path) << to_toml(shop());
  Result<Catalog> catalog = read_file(path);
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog.value(), shop());
}

TEST(CatalogFile, AMissingFileIsNamed) {
  Result<Catalog> catalog = read_file("/nowhere/shop.toml");
  ASSERT_FALSE(catalog);
  EXPECT_THAT(catalog.error().message, HasSubstr("cannot read the catalog /nowhere/shop.toml"));
}

}  // namespace
}  // namespace sluice::catalog
