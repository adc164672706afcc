#include "source/shard_position.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::source {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Kind = ShardPosition::Kind;

TEST(ShardPosition, comes_back_from_its_text) {
  const std::string longest(129, '7');
  for (const ShardPosition& position :
       {ShardPosition{Kind::TrimHorizon, "", 0, 12}, ShardPosition{Kind::At, "", 1'764'000'000'123, 0},
        ShardPosition{Kind::After, longest, 0, 1'764'000'000'123}, ShardPosition{Kind::End, "", 0, 0},
        ShardPosition{Kind::Skipped, "", 0, 0}, ShardPosition{Kind::Lost, "", 0, 9}}) {
    const Result<ShardPosition> again = ShardPosition::parse(position.text());
    ASSERT_TRUE(again.ok()) << position.text();
    EXPECT_EQ(again.value().kind, position.kind);
    EXPECT_EQ(again.value().sequence, position.sequence);
    EXPECT_EQ(again.value().start_ms, position.start_ms);
    EXPECT_EQ(again.value().read_up_to_ms, position.read_up_to_ms);
    EXPECT_EQ(again.value().text(), position.text());
  }
}

TEST(ShardPosition, is_refused_when_it_was_cut_changed_or_written_by_a_newer_version) {
  for (const char* text :
       {"", "1", "1:", "1:after", "1:after:12", "1:after:12:", "1:after:0012:5", "1:after:x:5",
        "1:after:12:-5", "2:end", "1:end:", "1:ended", "1:at:5", "1:start", "1:lost:x", "495"}) {
    const Result<ShardPosition> position = ShardPosition::parse(text);
    ASSERT_FALSE(position.ok()) << text;
    EXPECT_EQ(position.error().kind, ErrorKind::Refused);
    EXPECT_THAT(position.error().message, HasSubstr("cannot read"));
  }
}

TEST(LedgerShard, tells_a_stream_that_was_made_again_from_the_old_one) {
  const std::string arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/shop-cdc";
  const std::string stream = ledger_stream("shop-cdc", arn, 1'764'000'000);
  EXPECT_THAT(stream, StartsWith("shop-cdc@"));
  EXPECT_EQ(stream, ledger_stream("shop-cdc", arn, 1'764'000'000));
  EXPECT_NE(stream, ledger_stream("shop-cdc", arn, 1'764'000'001));
  EXPECT_NE(stream, ledger_stream("shop-cdc", arn + "x", 1'764'000'000));
  EXPECT_THAT(stream, StartsWith(ledger_stream_prefix("shop-cdc")));
  EXPECT_THAT(stream, Not(StartsWith(ledger_stream_prefix("shop"))));
}

TEST(LedgerShard, fits_the_column_of_128_bytes_even_for_the_longest_stream_name) {
  const std::string stream = ledger_stream(std::string(128, 'n'), "arn", 1);
  EXPECT_LE(ledger_shard(stream, std::string(38, '9')).size(), 128U);
}

}  // namespace
}  // namespace sluice::source
