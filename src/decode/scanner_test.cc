#include "decode/scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "decode/padded_text.h"

namespace sluice::decode {
namespace {

using change::ValueKind;

// What a scan of one value found.
struct Found {
  bool ok = false;
  std::string text;
  ValueKind kind = ValueKind::Null;
  bool escaped = false;
  Fault fault = Fault::None;
  size_t offset = 0;
  bool at_end = false;
};

Found scan(std::string_view text, std::string_view slack = "0") {
  const PaddedText padded(text, slack);
  Scan scan(padded.view());
  Value value;
  const At at = take_value(scan, scan.begin, value, 0);
  Found found;
  found.ok = at != nullptr;
  if (found.ok) {
    found.text = std::string(value.text);
    found.kind = value.kind;
    found.escaped = value.escaped;
    found.at_end = skip_space(at, scan.end) == scan.end;
  } else {
    found.fault = scan.fault;
    found.offset = scan.fault_offset();
  }
  return found;
}

void expect_kind(std::string_view text, ValueKind kind) {
  const Found found = scan(text);
  EXPECT_TRUE(found.ok) << text;
  EXPECT_EQ(found.kind, kind) << text;
  EXPECT_EQ(found.text, text);
  EXPECT_TRUE(found.at_end) << text;
}

void expect_fault(std::string_view text, Fault fault, size_t offset) {
  const Found found = scan(text);
  EXPECT_FALSE(found.ok) << text;
  EXPECT_EQ(found.fault, fault) << text;
  EXPECT_EQ(found.offset, offset) << text;
}

TEST(Scanner, TellsTheKindsOfValuesApart) {
  expect_kind("null", ValueKind::Null);
  expect_kind("true", ValueKind::Bool);
  expect_kind("false", ValueKind::Bool);
  expect_kind("\"\"", ValueKind::String);
  expect_kind("\"null\"", ValueKind::String);
  expect_kind("{}", ValueKind::Object);
  expect_kind("[]", ValueKind::Array);
  expect_kind(R"({"a":[1,{"b":null}],"c":"}"})", ValueKind::Object);
  expect_kind(R"([[],{},[[1]], "]" ])", ValueKind::Array);
}

TEST(Scanner, TellsExactIntegersFromThoseThatADoubleCannotHold) {
  for (const std::string_view text : {"0", "-0", "7", "-1", "999999999999999", "9007199254740992",
                                      "-9007199254740992", "1000000000000000"}) {
    expect_kind(text, ValueKind::Int);
  }
  for (const std::string_view text :
       {"9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808"}) {
    expect_kind(text, ValueKind::BigInt);
  }
  for (const std::string_view text : {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
                                      "123456789012345678901234567890123456789012345678901234567890"}) {
    expect_kind(text, ValueKind::HugeInt);
  }
}

TEST(Scanner, KnowsEveryFormOfAFloat) {
  for (const std::string_view text :
       {"0.0", "-0.5", "1e5", "1E5", "1e+5", "1e-05", "12.75E-300", "1e999",
        "0.1234567890123456789012345678901234567890", "1234567890123456789.5", "0e0"}) {
    expect_kind(text, ValueKind::Float);
  }
}

TEST(Scanner, TakesOnlyTheThreeNonFiniteWordsForNumbers) {
  for (const std::string_view text : {R"("NaN")", R"("Infinity")", R"("-Infinity")"})
    expect_kind(text, ValueKind::NonFinite);
  for (const std::string_view text : {R"("nan")", R"("NaN ")", R"("Infinit")", R"("-")", R"("+Infinity")",
                                      R"("I")", R"("N\u0061N")", R"("-Infinity!")"}) {
    expect_kind(text, ValueKind::String);
  }
}

TEST(Scanner, RefusesNumbersThatJsonDoesNotKnow) {
  expect_fault("01", Fault::NotJson, 1);
  expect_fault("-01", Fault::NotJson, 2);
  expect_fault("00.5", Fault::NotJson, 1);
  expect_fault("+1", Fault::NotJson, 0);
  expect_fault(".5", Fault::NotJson, 0);
  expect_fault("1.x", Fault::NotJson, 2);
  expect_fault("1.e5", Fault::NotJson, 2);
  expect_fault("1ex", Fault::NotJson, 2);
  expect_fault("-x", Fault::NotJson, 1);
  expect_fault("NaN", Fault::NotJson, 0);
  expect_fault("Infinity", Fault::NotJson, 0);
  expect_fault("-Infinity", Fault::NotJson, 1);
}

TEST(Scanner, SaysThatTextEndsEarlyOnlyWhereMoreCouldMakeItRight) {
  for (const std::string_view text : {"",
                                      " ",
                                      "-",
                                      "1.",
                                      "1e",
                                      "1e+",
                                      "n",
                                      "nul",
                                      "t",
                                      "fals",
                                      "\"",
                                      "\"abc",
                                      "\"\\",
                                      "\"\\u",
                                      "\"\\u00",
                                      "\"\\ud83d",
                                      "\"\\ud83d\\",
                                      "\"\\ud83d\\u",
                                      "\"\\ud83d\\ude0",
                                      "[",
                                      "[1",
                                      "[1,",
                                      "{",
                                      "{\"",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":1",
                                      "{\"a\":1,",
                                      "{\"a\":[",
                                      "[[]"}) {
    const Found found = scan(text);
    EXPECT_FALSE(found.ok) << text;
    EXPECT_EQ(found.fault, Fault::EndsEarly) << text;
    EXPECT_EQ(found.offset, text.size()) << text;
  }
  expect_fault("nil", Fault::NotJson, 0);
  expect_fault("nulL", Fault::NotJson, 0);
  expect_fault("trux", Fault::NotJson, 0);
  expect_fault("falsy", Fault::NotJson, 0);
}

TEST(Scanner, NamesTheByteThatDoesNotBelong) {
  expect_fault("{1:2}", Fault::NotJson, 1);
  expect_fault("{,}", Fault::NotJson, 1);
  expect_fault(R"({"a" 1})", Fault::NotJson, 5);
  expect_fault(R"({"a":1 "b":2})", Fault::NotJson, 7);
  expect_fault(R"({"a":1,})", Fault::NotJson, 7);
  expect_fault("[1 2]", Fault::NotJson, 3);
  expect_fault("[1,]", Fault::NotJson, 3);
  expect_fault("[1}", Fault::NotJson, 2);
  expect_fault(R"({"a":1])", Fault::NotJson, 6);
  expect_fault("'a'", Fault::NotJson, 0);
  expect_fault("// x", Fault::NotJson, 0);
}

TEST(Scanner, AllowsTheFourKindsOfSpaceAndNoOther) {
  EXPECT_TRUE(scan(" \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n").at_end);
  expect_fault("\f1", Fault::NotJson, 0);
  expect_fault("[1\v]", Fault::NotJson, 2);
  expect_fault(std::string_view("[1,\0 2]", 7), Fault::NotJson, 3);
  expect_fault("\xC2\xA0[1]", Fault::NotJson, 0);
  expect_fault("\xEF\xBB\xBF[1]", Fault::NotJson, 0);
}

TEST(Scanner, KnowsEveryEscapeAndNoOther) {
  const Found all = scan(R"("\"\\\/\b\f\n\r\t\u0000\u00e9\uD83D\uDE00\uFFFF")");
  EXPECT_TRUE(all.ok && all.escaped);
  EXPECT_FALSE(scan(R"("plain")").escaped);
  for (const char letter : std::string("aAceUuvx0'1 ")) {
    const std::string text = std::string("\"\\") + letter + "\"";
    EXPECT_FALSE(scan(text).ok) << text;
  }
  expect_fault(R"("ab\x41")", Fault::NotJson, 3);
  expect_fault(R"("\u12G4")", Fault::NotJson, 5);
}

TEST(Scanner, RefusesControlCharactersInStrings) {
  for (char c = 0; c < ' '; ++c) {
    std::string text = "\"ab";
    text += c;
    text += "cd\"";
    expect_fault(text, Fault::NotJson, 3);
  }
  expect_kind("\"a\x7F\"", ValueKind::String);
}

TEST(Scanner, FindsHalfOfASurrogatePairWhereverItIs) {
  for (const std::string_view text :
       {R"("\uD800")", R"("\uDBFF and more")", R"("\uDC00")", R"("\uDFFF")", R"("\uD83D\n")",
        R"("\uD83D\u0041")", R"("\uD83D\uD83D")", R"("\uDE00\uD83D")", R"("\ud83dx")"}) {
    expect_fault(text, Fault::LoneSurrogate, 1);
  }
  expect_kind(R"("\uD7FF\uE000")", ValueKind::String);
  expect_kind(R"("\uDBFF\uDFFF\ud800\udc00")", ValueKind::String);
}

TEST(Scanner, FindsInvalidUtf8AtAnyPlaceOfAString) {
  const std::vector<std::string> wrong = {
      "\x80",         "\xC3",         "\xC0\xAF",         "\xE2\x82",
      "\xED\xA0\x80", "\xF0\x9F\x98", "\xF5\x80\x80\x80", "\xF4\x90\x80\x80",
      "\xFF",         "\xE0\x80\x80"};
  for (size_t before = 0; before < 70; ++before) {
    for (const std::string& bytes : wrong) {
      // Valid characters before it, so that the fault's place is not simply the first byte beyond ASCII.
      const std::string start = std::string(before, 'x') + "\xC3\xB6";
      const Found found = scan("\"" + start + bytes + "y\"");
      EXPECT_EQ(found.fault, Fault::InvalidUtf8);
      EXPECT_EQ(found.offset, 1 + start.size());
    }
  }
}

TEST(Scanner, TakesValidTextBeyondAsciiOfEveryLength) {
  std::string inside;
  for (size_t i = 0; i < 60; ++i) {
    inside += std::array<const char*, 4>{"a", "\xC3\xB6", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}.at(i % 4);
    expect_kind("\"" + inside + "\"", ValueKind::String);
  }
}

TEST(Scanner, FindsTheEndOfStringsOfEveryLength) {
  for (size_t length = 0; length < 200; ++length) {
    const std::string inside(length, 'x');
    expect_kind("\"" + inside + "\"", ValueKind::String);
    expect_fault("\"" + inside + "\n\"", Fault::NotJson, length + 1);
    expect_fault("\"" + inside, Fault::EndsEarly, length + 1);
    EXPECT_TRUE(scan("\"" + inside + "\\n\"").escaped);
  }
}

TEST(Scanner, FindsTheEndOfNumbersOfEveryLength) {
  for (size_t length = 1; length < 100; ++length) {
    const std::string digits(length, '7');
    EXPECT_EQ(scan("[" + digits + "]").text, "[" + digits + "]");
    expect_kind("0." + digits, ValueKind::Float);
    expect_kind("-" + digits + ".0", ValueKind::Float);
    expect_kind("1e" + digits, ValueKind::Float);
  }
}

TEST(Scanner, CountsEveryLevelAndTheOnesAroundIt) {
  const auto nested = [](size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_TRUE(scan(nested(1000)).ok);
  expect_fault(nested(1001), Fault::TooDeep, 1000);
  for (const int around : {1, 2, 999}) {
    const auto fits = static_cast<size_t>(1000 - around);
    for (const size_t levels : {fits, fits + 1}) {
      const PaddedText text(nested(levels));
      Scan scan(text.view());
      Value value;
      const At at = take_value(scan, scan.begin, value, around);
      EXPECT_EQ(at != nullptr, levels == fits);
      EXPECT_EQ(scan.fault, levels == fits ? Fault::None : Fault::TooDeep);
    }
  }
}

TEST(Scanner, TakesOneMillionOpeningBracketsForTooDeepAndNotForACrash) {
  expect_fault(std::string(1'000'000, '['), Fault::TooDeep, 1000);
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  expect_fault(objects, Fault::TooDeep, 5000);
}

TEST(Scanner, IsNotTakenInByWhatLiesBehindTheText) {
  const std::vector<std::string> slacks = {"7,",   "5}", "1 ", "0",        "9",  " ",
                                           "\"",   "]",  "}",  ",",        ":1", "ull",
                                           "e5",   ".5", "\\", "\xC3\xB6", "\n", std::string(1, '\0'),
                                           "x\"]}"};
  for (const std::string_view text :
       {"1", "-", "12.", "1e", "n", "nul", "\"abc", "\"", "\"abc\\", "[1", "[1,2", "{\"a\"", "{\"a\":1",
        "[\"a\"", "\"0123456789012345678901234567890", "123456789012345", "1234567890123456", "\"\xC3"}) {
    const Found expected = scan(text, "\x01");
    for (const std::string& slack : slacks) {
      const Found found = scan(text, slack);
      EXPECT_EQ(found.ok, expected.ok) << text << " before " << slack;
      EXPECT_EQ(found.text, expected.text) << text << " before " << slack;
      EXPECT_EQ(found.kind, expected.kind) << text << " before " << slack;
      EXPECT_EQ(found.fault, expected.fault) << text << " before " << slack;
      EXPECT_EQ(found.offset, expected.offset) << text << " before " << slack;
    }
  }
}

TEST(Scanner, KnowsWhatEveryIntegerMeans) {
  for (const int64_t number :
       {int64_t{0}, int64_t{7}, int64_t{-1}, int64_t{12345678}, int64_t{-123456789},
        int64_t{9007199254740993}, int64_t{1790000123456789017}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(int64_of(std::to_string(number)), number);
  }
  int64_t number = 1;
  for (size_t digits = 1; digits <= 18; ++digits) {
    number = number * 10 + static_cast<int64_t>(digits % 10);
    EXPECT_EQ(int64_of(std::to_string(number)), number);
    EXPECT_EQ(int64_of(std::to_string(-number)), -number);
  }
  EXPECT_EQ(int64_of("-0"), 0);
}

// The block's two forms, and a byte-by-byte judge.
TEST(Block32, GivesTheSameAnswersWithAndWithoutVectors) {
  uint64_t state = 42;
  const std::string alphabet = "\"\\09a: \n\x01\x1F\x20\x7F\x80\xFF/";
  for (int round = 0; round < 20'000; ++round) {
    std::array<char, 32> text{};
    for (char& c : text) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      const auto draw = static_cast<size_t>(state >> 33);
      c = draw % 4 == 0 ? alphabet[draw / 4 % alphabet.size()] : static_cast<char>('0' + draw / 4 % 10);
    }
    int plain = 0;
    int digits = 0;
    const auto is_plain = [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    };
    while (plain < 32 && is_plain(text[static_cast<size_t>(plain)])) ++plain;
    while (digits < 16 && text[static_cast<size_t>(digits)] >= '0' &&
           text[static_cast<size_t>(digits)] <= '9')
      ++digits;
    EXPECT_EQ(Block32(text.data()).plain_bytes(), plain);
    EXPECT_EQ(std::countr_one(digit_bits_within_16(text.data())), digits);

    uint32_t special = 0;
    uint32_t no_digit = 0;
    uint32_t non_ascii = 0;
    for (int i = 0; i < 32; i += 8) {
      special |= portable::special_bits(text.data() + i) << i;
      no_digit |= portable::no_digit_bits(text.data() + i) << i;
      non_ascii |= portable::non_ascii_bits(text.data() + i) << i;
    }
    EXPECT_EQ(std::countr_zero(special), plain);
    EXPECT_EQ(std::min(std::countr_zero(no_digit), 16), digits);
    for (int i = 0; i < 32; ++i) {
      const bool expected = static_cast<unsigned char>(text[static_cast<size_t>(i)]) >= 0x80;
      EXPECT_EQ((non_ascii >> i & 1) != 0, expected);
      EXPECT_EQ(Block32(text.data() + i / 32).has_non_ascii_before(i + 1),
                (non_ascii & ((uint64_t{2} << i) - 1)) != 0);
    }
  }
}

}  // namespace
}  // namespace sluice::decode
