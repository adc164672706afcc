#include "app/rows_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/text_width.h"

namespace sluice::app {
namespace {

using sink::duckdb::ResultColumn;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// Rows of a query, written in a format into a file that is read back.
class Rendering {
 public:
  explicit Rendering(std::vector<ResultColumn> columns) : columns_(std::move(columns)) {}
  Rendering& row(Cells cells) {
    rows_.push_back(std::move(cells));
    return *this;
  }
  std::string in(const std::string& format, const TableStyle& style = {}) const {
    const std::string path = testing::TempDir() + "sluice_rows_text_test";
    {
      auto opened = Output::open(path, "--out");
      EXPECT_TRUE(opened.ok());
      Output output = std::move(opened).value();
      const auto writer = make_row_writer(format, columns_, style, output);
      for (const Cells& cells : rows_) {
        const auto more = writer->row(cells);
        EXPECT_TRUE(more.ok());
        if (!more.value()) break;
      }
      EXPECT_TRUE(writer->finish().ok());
      EXPECT_TRUE(output.close().ok());
    }
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    std::filesystem::remove(path);
    return text.str();
  }

 private:
  std::vector<ResultColumn> columns_;
  std::vector<Cells> rows_;
};

Rendering orders() {
  Rendering rendering(
      {{"order_id", "BIGINT", true}, {"status", "VARCHAR", false}, {"total", "DECIMAL(12,2)", true}});
  rendering.row({"1", "paid", "12.50"}).row({"9223372036854775807", std::nullopt, "7.00"});
  return rendering;
}

TEST(RowsText, a_table_is_aligned_with_numbers_to_the_right) {
  EXPECT_EQ(orders().in("table"),
            "            order_id  status  total\n"
            " ───────────────────  ──────  ─────\n"
            "                   1  paid    12.50\n"
            " 9223372036854775807  NULL     7.00\n"
            "(2 rows)\n");
}

TEST(RowsText, a_table_without_rows_still_names_its_columns) {
  EXPECT_EQ(Rendering({{"id", "INTEGER", true}}).in("table"), " id\n ──\n(0 rows)\n");
}

TEST(RowsText, a_table_tells_the_text_NULL_from_no_value) {
  Rendering rendering({{"a", "VARCHAR", false}});
  rendering.row({"NULL"}).row({std::nullopt});
  EXPECT_EQ(rendering.in("table"), " a\n ──────\n \"NULL\"\n NULL\n(2 rows)\n");
}

TEST(RowsText, a_table_aligns_wide_characters_and_combining_marks) {
  Rendering rendering({{"city", "VARCHAR", false}, {"n", "INTEGER", true}});
  rendering.row({"東京", "1"}).row({"Ko\xCC\x88ln", "2"}).row({"📦", "3"});
  EXPECT_EQ(rendering.in("table"),
            " city  n\n"
            " ────  ─\n"
            " 東京  1\n"
            " Ko\xCC\x88ln  2\n"
            " 📦    3\n"
            "(3 rows)\n");
}

TEST(RowsText, a_table_shows_nothing_that_a_terminal_would_obey) {
  Rendering rendering({{"a\x1b[31m", "VARCHAR", false}});
  rendering.row({"x\x1b]0;title\x07\n\xff"});
  const std::string table = rendering.in("table");
  EXPECT_THAT(table, HasSubstr("a\\x1b[31m"));
  EXPECT_THAT(table, HasSubstr("x\\x1b]0;title\\x07\\n\\xff"));
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
}

TEST(RowsText, a_terminal_gets_a_bounded_table_and_a_hint) {
  Rendering rendering({{"a", "VARCHAR", false}});
  for (int i = 0; i < 5; ++i) rendering.row({std::string(100, 'x')});
  const std::string table = rendering.in("table", {.terminal = true, .colour = false, .max_rows = 3});
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 7);
  EXPECT_THAT(table, HasSubstr("(the first 3 rows; --max-rows shows more, --format csv writes all)"));
  EXPECT_THAT(table, HasSubstr(std::string(79, 'x') + "…\n"));
}

TEST(RowsText, elsewhere_a_table_is_whole) {
  Rendering rendering({{"a", "VARCHAR", false}});
  for (int i = 0; i < 5; ++i) rendering.row({std::string(100, 'x')});
  EXPECT_THAT(rendering.in("table", {.terminal = false, .colour = false, .max_rows = 3}),
              EndsWith(std::string(100, 'x') + "\n(5 rows)\n"));
}

TEST(RowsText, a_table_longer_than_what_is_held_back_goes_on_with_the_same_widths) {
  Rendering rendering({{"a", "INTEGER", true}});
  for (size_t i = 0; i < kTableRows + 2; ++i) rendering.row({std::to_string(i)});
  const std::string table = rendering.in("table");
  EXPECT_EQ(table.substr(table.size() - 34), " 9999\n 10000\n 10001\n(10,002 rows)\n");
}

TEST(RowsText, csv_quotes_what_needs_it_and_tells_empty_from_absent) {
  Rendering rendering({{"a", "VARCHAR", false}, {"say \"b\"", "VARCHAR", false}});
  rendering.row({"plain", "x,y"}).row({"", std::nullopt}).row({"two\nlines", "\"q\""});
  EXPECT_EQ(rendering.in("csv"), "a,\"say \"\"b\"\"\"\nplain,\"x,y\"\n\"\",\n\"two\nlines\",\"\"\"q\"\"\"\n");
}

TEST(RowsText, csv_without_rows_has_its_header) {
  EXPECT_EQ(Rendering({{"id", "INTEGER", true}}).in("csv"), "id\n");
}

TEST(RowsText, json_keeps_every_digit_and_quotes_what_is_not_exact) {
  Rendering rendering({{"big", "HUGEINT", true},
                       {"float", "DOUBLE", true},
                       {"nan", "DOUBLE", true},
                       {"price", "DECIMAL(38,2)", true},
                       {"flag", "BOOLEAN", false},
                       {"at", "TIMESTAMP", false},
                       {"doc", "JSON", false},
                       {"none", "BIGINT", true}});
  rendering.row({"170141183460469231731687303715884105727", "1e+300", "nan", "0.10", "true",
                 "2026-01-02 03:04:05", "{\"a\":\n[1.0, \"x\\ny\"]}", std::nullopt});
  EXPECT_EQ(
      rendering.in("ndjson"),
      "{\"big\":170141183460469231731687303715884105727,\"float\":1e+300,\"nan\":\"nan\",\"price\":\"0.10\","
      "\"flag\":true,\"at\":\"2026-01-02 03:04:05\",\"doc\":{\"a\": [1.0, \"x\\ny\"]},\"none\":null}\n");
}

TEST(RowsText, json_is_one_array) {
  EXPECT_EQ(orders().in("json"),
            "[\n {\"order_id\":1,\"status\":\"paid\",\"total\":\"12.50\"},\n"
            " {\"order_id\":9223372036854775807,\"status\":null,\"total\":\"7.00\"}\n]\n");
  EXPECT_EQ(Rendering({{"id", "INTEGER", true}}).in("json"), "[]\n");
}

TEST(RowsText, json_gives_columns_of_one_name_different_ones) {
  Rendering rendering({{"a", "INTEGER", true}, {"a", "INTEGER", true}, {"a_1", "INTEGER", true}});
  rendering.row({"1", "2", "3"});
  EXPECT_EQ(rendering.in("ndjson"), "{\"a\":1,\"a_1\":2,\"a_1_1\":3}\n");
}

TEST(TextWidth, a_cut_text_has_the_width_that_was_asked_for) {
  EXPECT_EQ(cut_to_width("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to_width("abcdefg", 6), "abcde…");
  EXPECT_EQ(cut_to_width("東京東京", 5), "東京…");
  EXPECT_EQ(cut_to_width("東京東京", 6), "東京…");
  EXPECT_EQ(display_width(cut_to_width("東京東京", 6)), 5U);
}

TEST(TextWidth, bytes_that_are_not_text_count_one_each) {
  EXPECT_EQ(display_width("\xff\xfe"), 2U);
  EXPECT_EQ(display_width("\xe6\x9d"), 2U);
}

TEST(Output, says_that_a_full_disk_is_full) {
  auto opened = Output::open("/dev/full", "--out");
  ASSERT_TRUE(opened.ok());
  Output output = std::move(opened).value();
  ASSERT_TRUE(output.write("x").ok());
  const auto closed = output.close();
  ASSERT_FALSE(closed.ok());
  EXPECT_EQ(closed.error().message, "cannot write to /dev/full: No space left on device.");
}

TEST(Output, refuses_a_directory_by_the_name_that_was_typed) {
  const auto opened = Output::open("/tmp", "--out");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().message, "cannot write to /tmp (--out): it is a directory. Name a file in it.");
}

}  // namespace
}  // namespace sluice::app
