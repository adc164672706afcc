#include "pipeline/added_pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::pipeline {
namespace {

change::Piece piece(const std::string& chunk_id, std::string_view sequence) {
  change::Piece made;
  made.position = {"s0", sequence};
  made.chunk_id = chunk_id;
  return made;
}

std::vector<std::string> sequences_of(const std::vector<change::Piece>& pieces) {
  std::vector<std::string> sequences;
  for (const change::Piece& one : pieces) sequences.emplace_back(one.position.sequence);
  return sequences;
}

TEST(AddedPieces, WhatIsLeftKeepsItsOrderWhenChunksEnd) {
  AddedPieces pieces;
  for (const auto& [chunk_id, sequence] :
       {std::pair("a", "1"), std::pair("b", "2"), std::pair("a", "3"), std::pair("c", "4")})
    pieces.add(piece(chunk_id, sequence));
  pieces.remove_chunk("a");
  pieces.remove_chunk("not there");
  pieces.add(piece("a", "5"));  // redelivered after its end, and waiting once more
  EXPECT_THAT(sequences_of(pieces.take()), ::testing::ElementsAre("2", "4", "5"));
  EXPECT_THAT(pieces.take(), ::testing::IsEmpty());
}

TEST(AddedPieces, APieceIsKnownByItsPositionUntilItsChunkEnds) {
  AddedPieces pieces;
  pieces.add(piece("a", "1"));
  pieces.add(piece("b", "2"));
  EXPECT_TRUE(pieces.holds("s0", "1"));
  EXPECT_FALSE(pieces.holds("s1", "1"));
  pieces.remove_chunk("a");
  EXPECT_FALSE(pieces.holds("s0", "1"));
  EXPECT_TRUE(pieces.holds("s0", "2"));
  EXPECT_EQ(pieces.take().size(), 1U);
  EXPECT_FALSE(pieces.holds("s0", "2"));
}

}  // namespace
}  // namespace sluice::pipeline
