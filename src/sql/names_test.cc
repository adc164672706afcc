#include "sql/names.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "sql/quote.h"

namespace sluice::sql {
namespace {

using change::TableName;
using testing::ElementsAre;
using testing::EndsWith;
using testing::MatchesRegex;
using testing::StartsWith;

std::vector<std::string> stems(const std::vector<TableName>& tables) { return view_stems(tables); }
std::vector<std::string> columns(const std::vector<std::string>& keys) { return column_names(keys); }

TEST(Names, ATableInPublicIsNamedBareAndAnotherWithItsSchema) {
  EXPECT_THAT(stems({{"public", "orders"}, {"sales", "orders"}}), ElementsAre("orders", "sales_orders"));
}

TEST(Names, ThePublicTableKeepsANameThatAnotherSchemaWouldTake) {
  const auto names = stems({{"sales", "orders"}, {"public", "sales_orders"}});
  EXPECT_THAT(names, ElementsAre(MatchesRegex("sales_orders_[0-9a-f]{8}"), "sales_orders"));
}

TEST(Names, OfTablesThatDifferByCaseTheOneInLowerCaseKeepsItsName) {
  const auto names = stems({{"public", "ORDERS"}, {"public", "Orders"}, {"public", "orders"}});
  EXPECT_EQ(names[2], "orders");
  EXPECT_THAT(names[0], MatchesRegex("ORDERS_[0-9a-f]{8}"));
  EXPECT_THAT(names[1], MatchesRegex("Orders_[0-9a-f]{8}"));
}

TEST(Names, WithoutALowerCaseOneTheBytewiseSmallestKeepsItsName) {
  EXPECT_THAT(stems({{"public", "Orders"}, {"public", "ORDERS"}}),
              ElementsAre(StartsWith("Orders_"), "ORDERS"));
}

TEST(Names, TheSuffixIsTheChecksumOfSchemaDotTable) {
  // crc32c("b_a.c") = ce89bbcf
  EXPECT_THAT(stems({{"b", "a_c"}, {"b_a", "c"}}), ElementsAre("b_a_c", "b_a_c_ce89bbcf"));
}

TEST(Names, ASuffixedNameNeverTakesTheNameOfARealTable) {
  const std::string suffixed = stems({{"public", "a"}, {"public", "A"}})[1];
  const auto names = stems({{"public", "a"}, {"public", "A"}, {"public", suffixed}});
  EXPECT_THAT(names, ElementsAre("a", suffixed + "_2", suffixed));
}

TEST(Names, TheOrderOfArrivalChangesNothing) {
  std::vector<TableName> tables = {{"public", "a_b"}, {"a", "b"}, {"A", "b"}, {"public", "A_B"}, {"a", "B"}};
  std::sort(tables.begin(), tables.end());
  std::map<TableName, std::string> expected;
  const auto first = view_stems(tables);
  for (size_t at = 0; at < tables.size(); ++at) expected[tables[at]] = first[at];
  while (std::next_permutation(tables.begin(), tables.end())) {
    const auto names = view_stems(tables);
    for (size_t at = 0; at < tables.size(); ++at) ASSERT_EQ(names[at], expected[tables[at]]);
  }
}

TEST(Names, ColumnsThatDifferByCaseAloneAreToldApart) {
  EXPECT_THAT(columns({"Id", "name", "id"}), ElementsAre(MatchesRegex("Id_[0-9a-f]{8}"), "name", "id"));
}

TEST(Names, OnlyAsciiLettersAreFoldedAsTheDatabaseDoes) {
  EXPECT_THAT(columns({"É", "é"}), ElementsAre("É", "é"));
}

TEST(Names, AnEmptyKeyIsShownAsSomethingThatCanBeQuoted) {
  EXPECT_THAT(columns({""}), ElementsAre("_"));
  EXPECT_THAT(columns({"", "_"}), ElementsAre("_", StartsWith("__")));
}

TEST(Quote, DoublesItsOwnQuoteAndNothingElse) {
  EXPECT_EQ(quote_identifier("order\"s; drop"), "\"order\"\"s; drop\"");
  EXPECT_EQ(quote_identifier("it's"), "\"it's\"");
  EXPECT_EQ(quote_literal("it's \"so\" \\ $$"), "'it''s \"so\" \\ $$'");
}

TEST(Quote, NeverLetsANulEndTheStatementEarly) {
  EXPECT_EQ(quote_identifier(std::string_view("a\0b", 3)),
            "\"a\xEF\xBF\xBD"
            "b\"");
  EXPECT_THAT(quote_literal(std::string_view("\0", 1)), EndsWith("\xBD'"));
}

TEST(LongNames, AShortNameStaysAsItIs) {
  EXPECT_EQ(fit_name("orders", "_current", 63), "orders_current");
  EXPECT_EQ(fit_name(std::string(55, 'a'), "_current", 63), std::string(55, 'a') + "_current");
}

TEST(LongNames, LongNamesAreCutAndStayDifferent) {
  const std::string one = fit_name(std::string(60, 'a') + "1", "_current", 63);
  const std::string two = fit_name(std::string(60, 'a') + "2", "_current", 63);
  EXPECT_EQ(one.size(), 63U);
  EXPECT_EQ(two.size(), 63U);
  EXPECT_NE(one, two);
  EXPECT_TRUE(one.ends_with("_current"));
}

TEST(LongNames, ACharacterIsNeverCutInTwo) {
  for (size_t before = 0; before < 4; ++before) {
    std::string stem(before, 'a');
    while (stem.size() < 80) stem += "\xE6\x97\xA5";
    const std::string name = fit_name(stem, "_as_of", 63);
    EXPECT_LE(name.size(), 63U);
    EXPECT_TRUE(is_utf8(name)) << before;
  }
}

}  // namespace
}  // namespace sluice::sql
