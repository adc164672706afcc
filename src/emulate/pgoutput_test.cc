#include "emulate/pgoutput.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::emulate::pgoutput {
namespace {

using namespace std::string_literals;

// Big-endian bytes of a number.
std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}
std::string text_value(const std::string& text) { return "t" + number(text.size(), 4) + text; }

template <typename Part>
Part parsed(const std::string& message) {
  Result<Message> result = parse(message);
  EXPECT_TRUE(result.ok());
  return std::get<Part>(result.value());
}

TEST(Pgoutput, ATransactionHasItsCommitTimeSince1970) {
  const Begin begin =
      parsed<Begin>("B" + number(0x16B374D848, 8) + number(800'000'000'000'001, 8) + number(731, 4));
  EXPECT_EQ(begin.transaction, 731U);
  EXPECT_EQ(begin.commit_microseconds, 1'746'684'800'000'001);
  EXPECT_EQ(begin.final_position, 0x16B374D848U);
}

TEST(Pgoutput, TheEndOfACommitIsWhatIsConfirmed) {
  const Commit commit = parsed<Commit>("C\0"s + number(100, 8) + number(148, 8) + number(5, 8));
  EXPECT_EQ(commit.end, 148U);
}

TEST(Pgoutput, ARelationHasColumnsWithTypes) {
  const Relation relation = parsed<Relation>("R" + number(16385, 4) + "depot\0parcel\0f"s + number(2, 2) +
                                             "\1id\0"s + number(20, 4) + number(0xFFFFFFFF, 4) +
                                             "\1weight\0"s + number(1700, 4) + number(786438, 4));
  EXPECT_EQ(relation, (Relation{16385, "depot", "parcel", 'f', {{"id", 20, -1}, {"weight", 1700, 786438}}}));
}

TEST(Pgoutput, AnUpdateMayHaveTheOldRowAndLeaveValuesOut) {
  const std::string message = "U" + number(7, 4) + "O" + number(2, 2) + text_value("1") + text_value("old") +
                              "N" + number(3, 2) + text_value("1") + "u" + "n";
  const Update update = parsed<Update>(message);
  ASSERT_TRUE(update.old);
  EXPECT_FALSE(update.old_is_key);
  EXPECT_EQ((*update.old)[1].text, "old");
  ASSERT_EQ(update.row.size(), 3U);
  EXPECT_EQ(update.row[0].text, "1");
  EXPECT_EQ(update.row[1].kind, Value::Kind::Unchanged);
  EXPECT_EQ(update.row[2].kind, Value::Kind::Null);
}

TEST(Pgoutput, AnUpdateWithoutTheOldRowSaysSo) {
  const Update update = parsed<Update>("U" + number(7, 4) + "N" + number(1, 2) + text_value(""));
  EXPECT_FALSE(update.old);
  EXPECT_EQ(update.row[0].kind, Value::Kind::Text);
  EXPECT_EQ(update.row[0].text, "");
}

TEST(Pgoutput, ADeleteHasTheKeyOrTheWholeRow) {
  EXPECT_TRUE(parsed<Delete>("D" + number(7, 4) + "K" + number(1, 2) + text_value("1")).old_is_key);
  EXPECT_FALSE(parsed<Delete>("D" + number(7, 4) + "O" + number(1, 2) + text_value("1")).old_is_key);
}

TEST(Pgoutput, InsertTruncateTypeAndTheRestAreKnown) {
  EXPECT_EQ(parsed<Insert>("I" + number(9, 4) + "N" + number(1, 2) + "n").relation, 9U);
  EXPECT_EQ(parsed<Truncate>("T" + number(2, 4) + "\0"s + number(8, 4) + number(9, 4)).relations,
            (std::vector<uint32_t>{8, 9}));
  EXPECT_EQ(parsed<TypeName>("Y" + number(16500, 4) + "public\0mood\0"s).name, "public.mood");
  parsed<Other>("O" + number(1, 8) + "somewhere\0"s);
}

TEST(Pgoutput, EveryCutOffMessageIsRefused) {
  const std::string update = "U" + number(7, 4) + "O" + number(1, 2) + text_value("old") + "N" +
                             number(2, 2) + text_value("new") + "u";
  for (size_t size = 0; size < update.size(); ++size) {
    EXPECT_FALSE(parse(update.substr(0, size)).ok()) << size;
  }
  EXPECT_TRUE(parse(update).ok());
  EXPECT_FALSE(parse(update + "x").ok());
  EXPECT_FALSE(parse("Z").ok());
  EXPECT_FALSE(parse("I" + number(7, 4) + "N" + number(1, 2) + "b" + number(0, 4)).ok());
  EXPECT_FALSE(parse("I" + number(7, 4) + "N" + number(1, 2) + "t" + number(0xFFFFFFFF, 4)).ok());
}

TEST(Pgoutput, PositionsReadAsPostgresqlWritesThem) {
  EXPECT_EQ(to_text(0x16B374D848), "16/B374D848");
  EXPECT_EQ(parse_lsn("16/B374D848"), 0x16B374D848U);
  EXPECT_EQ(parse_lsn("0/0"), 0U);
  EXPECT_EQ(parse_lsn("16"), std::nullopt);
  EXPECT_EQ(parse_lsn("16/"), std::nullopt);
  EXPECT_EQ(parse_lsn("16/1G"), std::nullopt);
  EXPECT_EQ(parse_lsn("1/123456789"), std::nullopt);
}

}  // namespace
}  // namespace sluice::emulate::pgoutput
