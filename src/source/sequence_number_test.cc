#include "source/sequence_number.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::source {
namespace {

TEST(SequenceNumber, has_up_to_129_digits_and_no_leading_zero) {
  EXPECT_TRUE(is_sequence_number("0"));
  EXPECT_TRUE(is_sequence_number("49590338271490256608559692538361571095921575989136588898"));
  EXPECT_TRUE(is_sequence_number(std::string(129, '9')));
  EXPECT_FALSE(is_sequence_number(std::string(130, '9')));
  EXPECT_FALSE(is_sequence_number("01"));
  EXPECT_FALSE(is_sequence_number(""));
  EXPECT_FALSE(is_sequence_number("-1"));
  EXPECT_FALSE(is_sequence_number("12a"));
}

TEST(SequenceNumber, compares_as_a_number_and_not_as_text) {
  EXPECT_LT(compare_sequence_numbers("9", "10"), 0);
  EXPECT_GT(compare_sequence_numbers("10", "9"), 0);
  EXPECT_EQ(compare_sequence_numbers("0", "0"), 0);
  const std::string nines(128, '9');
  const std::string power = "1" + std::string(128, '0');
  EXPECT_LT(compare_sequence_numbers(nines, power), 0);
  EXPECT_GT(compare_sequence_numbers(power.substr(0, 128) + "1", power), 0);
}

}  // namespace
}  // namespace sluice::source
