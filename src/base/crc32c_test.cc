#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, GivesThePublishedValuesByInstructionAndByTable) {
  std::string ascending;
  std::string descending;
  for (int i = 0; i < 32; ++i) {
    ascending.push_back(static_cast<char>(i));
    descending.push_back(static_cast<char>(31 - i));
  }
  const std::pair<std::string, uint32_t> vectors[] = {
      {"", 0},
      {"123456789", 3808858755U},
      {std::string(32, '\0'), 0x8A9136AAU},
      {std::string(32, '\xFF'), 0x62A8AB43U},
      {ascending, 0x46DD794EU},
      {descending, 0x113FDB5CU},
  };
  for (const auto& [text, checksum] : vectors) {
    EXPECT_EQ(crc32c(text), checksum);
    EXPECT_EQ(crc32c_by_table(text), checksum);
  }
}

TEST(Crc32c, OfPiecesInARowIsThatOfTheWhole) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(i * 7919);
  for (size_t cut = 0; cut <= text.size(); cut += 13) {
    const std::string_view whole = text;
    EXPECT_EQ(crc32c(whole.substr(cut), crc32c(whole.substr(0, cut))), crc32c_by_table(whole));
  }
}

}  // namespace
}  // namespace sluice
