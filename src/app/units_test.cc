#include "app/units.h"

#include <gtest/gtest.h>

namespace sluice::app {
namespace {

TEST(Sizes, are_plain_bytes_or_have_a_binary_or_a_decimal_unit) {
  EXPECT_EQ(parse_size("4096"), 4096);
  EXPECT_EQ(parse_size("512B"), 512);
  EXPECT_EQ(parse_size("64KiB"), 65536);
  EXPECT_EQ(parse_size("64 MiB"), 67108864);
  EXPECT_EQ(parse_size("64MB"), 64000000);
  EXPECT_EQ(parse_size("2GiB"), 2147483648);
  EXPECT_EQ(parse_size("0"), 0);
}

TEST(Sizes, with_anything_else_are_refused) {
  for (const char* text :
       {"", "MiB", "64M", "64mib", "-1", "1.5GiB", "64  MiB", "64 ", "64MiB ", "0x10", "+5"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Sizes, that_do_not_fit_are_refused_instead_of_wrapping_around) {
  EXPECT_EQ(parse_size("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_size("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_size("9007199254740993TiB"), std::nullopt);
}

TEST(Sizes, are_written_so_that_they_read_back) {
  for (const int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{1023}, int64_t{1024}, int64_t{64} << 20,
                              int64_t{3} << 30, int64_t{192'000'000}}) {
    EXPECT_EQ(parse_size(size_text(bytes)), bytes) << size_text(bytes);
  }
  EXPECT_EQ(size_text(int64_t{64} << 20), "64MiB");
  EXPECT_EQ(size_text(1000), "1000");
}

TEST(Durations, need_their_unit) {
  EXPECT_EQ(parse_duration_ms("500ms"), 500);
  EXPECT_EQ(parse_duration_ms("5s"), 5000);
  EXPECT_EQ(parse_duration_ms("10min"), 600'000);
  EXPECT_EQ(parse_duration_ms("3h"), 10'800'000);
  EXPECT_EQ(parse_duration_ms("8d"), 691'200'000);
  EXPECT_EQ(parse_duration_ms("0"), 0);
  for (const char* text : {"8", "8m", "-1s", "1e3ms", "s", "5 sec", "99999999999999d"}) {
    EXPECT_EQ(parse_duration_ms(text), std::nullopt) << text;
  }
}

TEST(Durations, are_written_in_the_largest_unit_that_comes_out_even) {
  EXPECT_EQ(duration_text(691'200'000), "8d");
  EXPECT_EQ(duration_text(90'000), "90s");
  EXPECT_EQ(duration_text(1), "1ms");
  EXPECT_EQ(duration_text(0), "0ms");
}

TEST(Times, need_their_zone) {
  EXPECT_EQ(parse_time_ms("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_time_ms("2026-09-21T14:13:20Z"), 1'790'000'000'000);
  EXPECT_EQ(parse_time_ms("2026-09-21 16:13:20.5+02:00"), 1'790'000'000'500);
  EXPECT_EQ(parse_time_ms("2026-09-21T04:43:20.123456-09:30"), 1'790'000'000'123);
  EXPECT_EQ(parse_time_ms("2024-02-29T00:00:00z"), 1'709'164'800'000);
  for (const char* text :
       {"", "2026-09-21", "2026-09-21T14:13:20", "2026-09-21T14:13Z", "2026-02-30T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-09-21T24:00:00Z", "2026-09-21T14:13:20+0200", "2026-09-21T14:13:20Zulu",
        "1969-12-31T23:59:59Z", "2026/09/21T14:13:20Z", "2026-09-21T14:-1:20Z", "2026-09-21T14:13:20+-1:00",
        "now"}) {
    EXPECT_EQ(parse_time_ms(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice::app
