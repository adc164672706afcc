#include "base/text.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/arena.h"
#include "base/json_text.h"
#include "base/result.h"

namespace sluice {
namespace {

std::string unescaped(std::string_view inside) {
  std::string text;
  append_unescaped(text, inside);
  return text;
}

std::string as_json(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

TEST(Text, NumbersReadLikeNumbers) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(-999), "-999");
  EXPECT_EQ(with_thousands(-1000), "-1,000");
  EXPECT_EQ(with_thousands(1'204'881), "1,204,881");
  EXPECT_EQ(with_thousands(INT64_MIN), "-9,223,372,036,854,775,808");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(3'565'158), "3.4 MiB");
  EXPECT_EQ(human_duration(0.44), "0.4 s");
  EXPECT_EQ(human_duration(200), "3 min 20 s");
  EXPECT_EQ(human_duration(8 * 86'400 + 3 * 3600), "8 d 3 h");
}

TEST(Text, TimesKeepTheirNanoseconds) {
  EXPECT_EQ(utc_text(1'790'000'123'456'789'017), "2026-09-21T14:15:23.456789017Z");
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59.999999999Z");
}

TEST(Text, IntegersAreTakenWholeOrNotAtAll) {
  EXPECT_EQ(parse_int64("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_int64("9223372036854775807"), INT64_MAX);
  EXPECT_FALSE(parse_int64("9223372036854775808"));
  for (const char* bad : {"", " 1", "1 ", "+1", "1.0", "1e3", "0x1", "-"})
    EXPECT_FALSE(parse_int64(bad)) << bad;
  EXPECT_FALSE(parse_uint64("-1"));
}

TEST(Text, Base64TakesOnlyWhatItWouldWrite) {
  for (const std::string& bytes : {std::string(), std::string("\0", 1), std::string("ab"), std::string("abc"),
                                   std::string("\xFF\xFE\xFD\xFC")}) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
  EXPECT_EQ(base64_encode("Sluice"), "U2x1aWNl");
  for (const char* bad : {"a", "ab=", "ab==c", "a b=", "ab==\n", "!!!!", "YR=="})
    EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(Text, TheNearestNameIsASlipOfTheHandAway) {
  const std::vector<std::string> names = {"batch_rows", "batch_bytes", "repeats"};
  EXPECT_EQ(nearest_name("batch_row", names), "batch_rows");
  EXPECT_EQ(nearest_name("repaets", names), "repeats");
  EXPECT_FALSE(nearest_name("colour", names));
}

TEST(Text, Utf8IsToldFromWhatOnlyLooksLikeIt) {
  for (const char* good : {"", "a", "Größe", "€", "📦", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(good)) << good;
  // A lone continuation, overlong forms, a surrogate, past U+10FFFF, cut off.
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xFF"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(Text, Sha256GivesThePublishedValue) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(JsonText, EscapesMeanWhatTheyStandFor) {
  EXPECT_EQ(unescaped(R"(a\"b\\c\/d\b\f\n\r\t)"), "a\"b\\c/d\b\f\n\r\t");
  EXPECT_EQ(unescaped(R"(\u00e9\u20AC\ud83d\udce6)"), "é€📦");
  EXPECT_EQ(unescaped(R"(\u0000x)"), std::string("\0x", 2));
  EXPECT_EQ(unescaped("plain"), "plain");
}

TEST(JsonText, WhatIsNoLegalEscapeStaysAsItStands) {
  EXPECT_EQ(unescaped(R"(\ud800)"), R"(\ud800)");
  EXPECT_EQ(unescaped(R"(\ud800\u0041)"), R"(\ud800A)");
  EXPECT_EQ(unescaped(R"(\u12)"), R"(\u12)");
  EXPECT_EQ(unescaped("\\"), "\\");
}

TEST(JsonText, QuotingUsesTheFewestEscapesAndReadsBack) {
  EXPECT_EQ(as_json("é\"\\/\n\x01"), R"("é\"\\/\n\u0001")");
  std::string every;
  for (int c = 0; c < 128; ++c) every.push_back(static_cast<char>(c));
  const std::string json = as_json(every);
  EXPECT_EQ(unescaped(std::string_view(json).substr(1, json.size() - 2)), every);
}

TEST(Arena, CopiesStayWhereTheyAreAndHaveReadableSlack) {
  Arena arena;
  const std::string_view first = arena.copy("first");
  std::vector<std::string_view> views;
  for (int i = 0; i < 10'000; ++i)
    views.push_back(arena.copy(std::string(100, static_cast<char>('a' + i % 26))));
  const std::string_view large = arena.copy(std::string(1 << 20, 'x'));
  EXPECT_EQ(first, "first");
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(views[static_cast<size_t>(i)].front(), 'a' + i % 26);
  // Under the address sanitizer this read fails if the slack were not there.
  volatile char last = large.data()[large.size() + kReadableSlack - 1];
  (void)last;
  arena.clear();
  EXPECT_LT(arena.reserved_bytes(), size_t{1} << 20);
}

Result<int> half(int number) {
  if (number % 2 != 0) return malformed("odd", "the number is odd");
  return number / 2;
}

Result<int> quarter(int number) {
  const int once = TRY(half(number));
  return TRY(half(once));
}

TEST(Result, TryGivesTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().reason, "odd");
  EXPECT_EQ(quarter(6).error().kind, ErrorKind::Malformed);
}

TEST(Result, TheValueOfAnErrorIsABugThatStopsTheProgram) {
  EXPECT_DEATH((void)half(3).value(), "CHECK\\(ok\\(\\)\\) failed");
}

}  // namespace
}  // namespace sluice
