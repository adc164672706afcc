#include "base/json_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "base/text.h"

namespace sluice {
namespace {

// As anybody would write it.
std::string plainly(std::string_view text) {
  std::string to = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to += {'\\', c};
    } else if (c == '\n') {
      to += "\\n";
    } else if (c == '\t') {
      to += "\\t";
    } else if (c == '\r') {
      to += "\\r";
    } else if (c == '\b') {
      to += "\\b";
    } else if (c == '\f') {
      to += "\\f";
    } else if (byte < 0x20) {
      to += fmt::format("\\u{:04x}", byte);
    } else {
      to += c;
    }
  }
  return to + '"';
}

std::string written(std::string_view text) {
  std::string to;
  append_json_string(to, text);
  return to;
}

TEST(JsonTextTest, EveryByteIsWrittenAtEveryPlaceOfTheBuffer) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  for (size_t before = 0; before < 200; ++before) {
    const std::string text = std::string(before, 'a') + every + std::string(before % 7, '"');
    ASSERT_EQ(written(text), plainly(text)) << before;
  }
}

TEST(JsonTextTest, TextsOfEveryLengthAreWhole) {
  for (size_t size = 0; size < 1'200; ++size) {
    ASSERT_EQ(written(std::string(size, 'a')), plainly(std::string(size, 'a')));
    ASSERT_EQ(written(std::string(size, '\1')), plainly(std::string(size, '\1')));
  }
}

TEST(JsonTextTest, EscapesStandAsCloseAsTheyLike) {
  std::mt19937 random(4);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 120, 'a');
    for (char& c : text)
      if (random() % 3 == 0) c = "\"\\\n\x01\x7F\xC3 "[random() % 7];
    ASSERT_EQ(written(text), plainly(text));
  }
}

TEST(Utf8Test, WhatIsNoneIsFoundAtEveryPlace) {
  for (size_t before = 0; before < 40; ++before) {
    for (size_t after = 0; after < 20; ++after) {
      const std::string head(before, 'a');
      const std::string tail(after, 'z');
      EXPECT_TRUE(is_utf8(head + "größe 📦" + tail));
      EXPECT_FALSE(is_utf8(head + "\xFF" + tail)) << before << " " << after;
      EXPECT_FALSE(is_utf8(head + "\xC3" + tail)) << before << " " << after;
    }
  }
}

TEST(Sha256Test, PartsHashAsTheirWhole) {
  const std::vector<std::string_view> parts = {"", "one", std::string_view("\0two", 4), ""};
  EXPECT_EQ(sha256_hex(parts), sha256_hex(std::string("one\0two", 7)));
}

}  // namespace
}  // namespace sluice
