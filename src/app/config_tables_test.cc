// What a configuration file says of single tables, and how it is told what is wrong.
#include "app/config_tables.h"

#include <gmock/gmock.h>

namespace sluice::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

sql::ViewOptions read(const std::string& text) {
  auto layer = parse_config_text(text, "shop.toml");
  EXPECT_TRUE(layer.ok()) << layer.error().message;
  return layer.ok() ? layer.value().views : sql::ViewOptions();
}

std::string failure(const std::string& text) {
  const auto layer = parse_config_text(text, "shop.toml");
  return layer.ok() ? "" : layer.error().message;
}

TEST(TablesOfAConfiguration, SayWhatTheirViewsShow) {
  const auto views = read(R"(
batch_rows = 10
[table."public.orders"]
exclude = ["note"]
rename = { total = "amount" }
mask = { email = "hash", card = "drop" }
unnest = ["items"]
[table.customers]
include = ["id", "city"]
)");
  ASSERT_EQ(views.size(), 2U);
  const sql::TableOptions& orders = views.at({"public", "orders"});
  EXPECT_THAT(orders.exclude, ElementsAre("card", "note"));
  EXPECT_EQ(orders.rename.at("total"), "amount");
  EXPECT_THAT(orders.hash, ElementsAre("email"));
  EXPECT_THAT(orders.unnest, ElementsAre("items"));
  EXPECT_THAT(views.at({"public", "customers"}).include, ElementsAre("id", "city"));
}

TEST(TablesOfAConfiguration, WithDotsInTheirNamesAreWrittenInTwoParts) {
  const auto views = read("[table.\"a.b\".\"c.d\"]\nexclude = [\"x\"]\n");
  EXPECT_TRUE(views.contains({"a.b", "c.d"}));
  EXPECT_THAT(failure("[table.\"a.b.c\"]\nexclude = [\"x\"]\n"),
              HasSubstr("shop.toml:1: table.a.b.c: more than one dot"));
}

TEST(TablesOfAConfiguration, ThatAreWrongAreToldWithFileLineAndTable) {
  EXPECT_EQ(failure("[table.t]\nmaks = { a = \"hash\" }\n"),
            "shop.toml:2: table.public.t: there is no 'maks'. Do you mean mask?");
  EXPECT_EQ(failure("[table.t]\nmask = { a = \"sha1\" }\n"),
            "shop.toml:2: table.public.t: mask of 'a' is \"hash\" or \"drop\".");
  EXPECT_THAT(failure("[table.t]\nmask = [\"a\"]\n"),
              HasSubstr("shop.toml:2: table.public.t: mask takes columns and texts"));
  EXPECT_THAT(failure("[table.t]\nexclude = \"a\"\n"), HasSubstr("exclude takes a list of column names"));
  EXPECT_THAT(failure("[table.t]\nexclude = [\"a\", \"a\"]\n"), HasSubstr("names the column 'a' twice"));
  EXPECT_THAT(failure("[table.t]\nrename = { a = \"x\", b = \"x\" }\n"),
              HasSubstr("gives the name 'x' twice"));
  EXPECT_THAT(failure("[table.t]\nunnest = [\"a\"]\nmask = { a = \"drop\" }\n"),
              HasSubstr("unnest names the column 'a', which is not shown"));
  EXPECT_THAT(failure("[table.t]\ninclude = [\"a\"]\nmask = { b = \"hash\" }\n"),
              HasSubstr("mask names the column 'b', which is not shown"));
  EXPECT_THAT(failure("table = 3\n"), HasSubstr("shop.toml:1: table takes tables"));
  EXPECT_THAT(failure("[table]\nt = 3\n"), HasSubstr("shop.toml:2: table.t takes a table"));
}

}  // namespace
}  // namespace sluice::app
