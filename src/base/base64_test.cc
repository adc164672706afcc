#include "base/base64.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"

namespace sluice {
namespace {

std::string bytes_of(size_t size) {
  std::string bytes;
  uint32_t state = 12345;
  for (size_t i = 0; i < size; ++i)
    bytes.push_back(static_cast<char>((state = state * 1664525 + 1013904223) >> 24));
  return bytes;
}

TEST(Base64, EveryLengthComesBackAsOpensslEncodedIt) {
  for (size_t size = 0; size < 300; ++size) {
    const std::string bytes = bytes_of(size);
    const std::string text = base64_encode(bytes);
    std::string room(base64_room(text), '\0');
    const auto length = base64_decode_into(text, room.data());
    ASSERT_EQ(length, size);
    EXPECT_EQ(room.substr(0, *length), bytes);
  }
}

TEST(Base64, OneWrongByteAnywhereIsNoticed) {
  const std::string good = base64_encode(bytes_of(99));
  std::string room(base64_room(good), '\0');
  for (size_t place = 0; place < good.size(); ++place) {
    for (const char wrong : {'=', '-', '_', '\n', ' ', '\0', '\x80', '\xff', '.'}) {
      std::string text = good;
      text[place] = wrong;
      const bool is_padding = wrong == '=' && place + 1 == good.size();
      if (!is_padding) {
        EXPECT_FALSE(base64_decode_into(text, room.data())) << place << " " << static_cast<int>(wrong);
      }
    }
  }
}

TEST(Base64, OnlyOneSpellingIsAccepted) {
  std::string room(100, '\0');
  for (const std::string text : {"Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm9vY"})
    EXPECT_FALSE(base64_decode_into(text, room.data())) << text;
  EXPECT_EQ(base64_decode_into("Zg==", room.data()), 1U);
  EXPECT_EQ(base64_decode_into("Zm8=", room.data()), 2U);
  EXPECT_EQ(base64_decode_into("", room.data()), 0U);
}

}  // namespace
}  // namespace sluice
