#include "sink/rekey_effect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::sink {
namespace {

TEST(RekeyCountTest, IdsComeTogetherAndGoApart) {
  RekeyCount count;
  count.add(1, false, "7", "[7,1]");
  count.add(2, false, "7", "[7,2]");
  count.add(3, false, "7", "[7,1]");
  count.add(4, false, "8", "[8,1]");
  count.add(9, false, "80", "[8,1]");
  count.add(5, true, "7", "[7,2]");
  count.add(6, true, "9", "image:" + std::string(64, 'a'));
  const RekeyEffect effect = count.effect();
  EXPECT_EQ(effect.rows, 7);
  EXPECT_EQ(effect.changed, 7);
  EXPECT_EQ(effect.ids_before, 4);
  EXPECT_EQ(effect.ids_after, 4);
  EXPECT_EQ(effect.keyless, 1);
  EXPECT_EQ(effect.deletes, 2);
  EXPECT_EQ(effect.lone_deletes_before, 1);
  EXPECT_EQ(effect.lone_deletes_after, 1);
  EXPECT_EQ(effect.split, 1);
  EXPECT_EQ(effect.split_examples, (std::vector<RekeyExample>{{2, 4, {1, 2, 3, 5}}}));
  EXPECT_EQ(effect.folded, 1);
  EXPECT_EQ(effect.fold_examples, (std::vector<RekeyExample>{{2, 2, {4, 9}}}));
}

TEST(RekeyCountTest, ADeleteIsAloneOnlyWhenNoOtherRowHasItsId) {
  RekeyCount count;
  count.add(1, false, "a", "x");
  count.add(2, true, "b", "x");
  count.add(3, true, "b", "x");
  EXPECT_EQ(count.effect().lone_deletes_before, 2);
  EXPECT_EQ(count.effect().lone_deletes_after, 0);
}

TEST(RekeyCountTest, OfManyTheThreeWithMostIdsAreShownWithTheirFirstFiveEvents) {
  RekeyCount count;
  for (int id = 0; id < 5; ++id)
    for (int part = 0; part < id + 2; ++part)
      count.add(id * 10 + part, false, std::to_string(id), std::to_string(id) + "," + std::to_string(part));
  const RekeyEffect effect = count.effect();
  EXPECT_EQ(effect.split, 5);
  ASSERT_EQ(effect.split_examples.size(), 3U);
  EXPECT_EQ(effect.split_examples.front(), (RekeyExample{6, 6, {40, 41, 42, 43, 44}}));
  EXPECT_EQ(effect.split_examples.back().ids, 4);
}

}  // namespace
}  // namespace sluice::sink
