#include "sink/postgres/copy_rows.h"

#include <gtest/gtest.h>

#include "sink/postgres/store.h"

namespace sluice::sink::postgres {
namespace {

constexpr size_t kNone = std::string_view::npos;

std::string jsonb_of(std::string_view json) {
  std::string sent;
  const CopySink out = [&sent](std::string_view bytes) -> Result<void> {
    sent += bytes;
    return {};
  };
  CopyRows copy(out);
  EXPECT_TRUE(copy.row(1).ok());
  copy.jsonb(json);
  EXPECT_TRUE(copy.finish().ok());
  return sent.substr(19 + 2 + 4 + 1, json.size());
}

TEST(JsonbEscapes, OnlyWhatJsonbRefusesIsFound) {
  EXPECT_EQ(find_refused_escape(R"({"a":"plain \n \u0001 \u00e9 \ud83d\ude00 \\u0000"})"), kNone);
  EXPECT_EQ(find_refused_escape(R"("\u0000")"), 1U);
  EXPECT_EQ(find_refused_escape(R"("\\\u0000")"), 3U);
  EXPECT_EQ(find_refused_escape(R"("\ud83d")"), 1U);
  EXPECT_EQ(find_refused_escape(R"("\ud83dx\ude00")"), 1U);
  EXPECT_EQ(find_refused_escape(R"("\ude00\ud83d")"), 1U);
  EXPECT_EQ(find_refused_escape(R"("\uD83D\uDE00\ud83d\ud83d\ude00")"), 13U);
}

TEST(JsonbEscapes, WhatIsRefusedIsReplacedAndNothingElseIsTouched) {
  EXPECT_EQ(jsonb_of(R"({"a":"x\u0000\u0000y","b":"\ud83d\ude00"})"),
            R"({"a":"x\ufffd\ufffdy","b":"\ud83d\ude00"})");
  EXPECT_EQ(jsonb_of(R"("\\u0000")"), R"("\\u0000")");
}

TEST(CopyRows, ATimeIsCutTowardsThePast) {
  const auto time_of = [](int64_t wall_ns) {
    std::string sent;
    const CopySink out = [&sent](std::string_view bytes) -> Result<void> {
      sent += bytes;
      return {};
    };
    CopyRows copy(out);
    copy.time(wall_ns);
    EXPECT_TRUE(copy.finish().ok());
    uint64_t value = 0;
    for (const char c : sent.substr(19 + 4, 8)) value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<int64_t>(value);
  };
  EXPECT_EQ(time_of(946'684'800'000'001'999), 1);
  EXPECT_EQ(time_of(-1), -946'684'800'000'001);
}

TEST(JsonList, IsReadBackAsItWasWritten) {
  const std::vector<std::string> names = {"id",    "",   "a \"b\" \\ c", std::string("nul\0byte", 8),
                                          "größe", "[,]"};
  EXPECT_EQ(from_json_list(to_json_list(names)), names);
  EXPECT_TRUE(from_json_list("[]").empty());
}

TEST(ArrayText, QuotesWhatPostgresWouldRead) {
  EXPECT_EQ(array_text({"a", "", "b\"c\\d", "NULL", "{,}"}), R"({"a","","b\"c\\d","NULL","{,}"})");
  EXPECT_EQ(array_text({}), "{}");
}

TEST(ShownDsn, NeverShowsAPassword) {
  EXPECT_EQ(shown_dsn("postgresql://me:hunter2@db.example:5433/shop"), "postgres:db.example:5433/shop");
  EXPECT_EQ(shown_dsn("host=db dbname=shop password=hunter2"), "postgres:db/shop");
  EXPECT_EQ(shown_dsn("hunter2"), "postgres:(not a connection string)");
}

}  // namespace
}  // namespace sluice::sink::postgres
