// AddedPieces: the fragments and heads of the batch under way that still wait for the rest of their image.
//
// A batch may bring very many chunks and end most of them itself, so nothing here looks at every piece for
// one chunk. Threads: one owner. What the pieces point to must live until take().
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "change/batch.h"

namespace sluice::pipeline {

class AddedPieces {
 public:
  void add(change::Piece piece) {
    const size_t at = pieces_.size();
    by_chunk_[piece.chunk_id].push_back(at);
    ++at_position_[{piece.position.shard, piece.position.sequence}];
    pieces_.push_back(std::move(piece));
    waits_.push_back(true);
  }

  // Whether the piece at this position is among them.
  bool holds(std::string_view shard, std::string_view sequence) const {
    const auto found = at_position_.find({shard, sequence});
    return found != at_position_.end() && found->second > 0;
  }

  // Takes out what came of a chunk that has ended.
  void remove_chunk(const std::string& chunk_id) {
    const auto chunk = by_chunk_.find(chunk_id);
    if (chunk == by_chunk_.end()) return;
    for (const size_t at : chunk->second) {
      waits_[at] = false;
      --at_position_[{pieces_[at].position.shard, pieces_[at].position.sequence}];
      pieces_[at] = {};
    }
    by_chunk_.erase(chunk);
  }

  // What is left, in order of arrival. Empty afterwards.
  std::vector<change::Piece> take() {
    std::vector<change::Piece> left;
    for (size_t at = 0; at < pieces_.size(); ++at) {
      if (waits_[at]) left.push_back(std::move(pieces_[at]));
    }
    *this = AddedPieces();
    return left;
  }

 private:
  std::vector<change::Piece> pieces_;
  std::vector<bool> waits_;
  std::unordered_map<std::string, std::vector<size_t>> by_chunk_;
  std::map<std::pair<std::string_view, std::string_view>, int> at_position_;
};

}  // namespace sluice::pipeline
