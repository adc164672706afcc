#include "base/random_text.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(RandomText, HasTwoHexDigitsPerByteAndIsNeverTheSame) {
  const std::string one = random_hex(32).value();
  EXPECT_EQ(one.size(), 64U);
  EXPECT_EQ(one.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(one, random_hex(32).value());
}

}  // namespace
}  // namespace sluice
