// UndurableBlocks: what was read and is not durable yet, kept where a batch may have to be made anew.
//
// Only a store that several writers share can ask for that; for any other nothing is kept. At most two
// batches' blocks are held. Threads: one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "change/block.h"

namespace sluice::pipeline {

class UndurableBlocks {
 public:
  explicit UndurableBlocks(bool keep) : keep_(keep) {}

  // The oldest block that has to be taken once more.
  std::optional<change::Block> again() {
    if (again_.empty()) return std::nullopt;
    std::optional<change::Block> block(std::move(again_.front()));
    again_.pop_front();
    return block;
  }
  bool none_again() const { return again_.empty(); }

  // The block went into the batch being filled.
  void keep(change::Block block) {
    if (keep_) filling_.push_back(std::move(block));
  }
  // That batch was sealed under this number.
  void seal(uint64_t number) {
    if (keep_) sealed_.emplace_back(number, std::exchange(filling_, {}));
  }
  void durable(uint64_t number) {
    while (!sealed_.empty() && sealed_.front().first <= number) sealed_.pop_front();
  }
  // Everything that is not durable has to be taken once more, in its order, before anything new.
  void rewind() {
    sealed_.emplace_back(0, std::exchange(filling_, {}));
    for (; !sealed_.empty(); sealed_.pop_back()) {
      std::vector<change::Block>& blocks = sealed_.back().second;
      for (; !blocks.empty(); blocks.pop_back()) again_.push_front(std::move(blocks.back()));
    }
  }

 private:
  bool keep_;
  std::vector<change::Block> filling_;
  std::deque<std::pair<uint64_t, std::vector<change::Block>>> sealed_;
  std::deque<change::Block> again_;
};

}  // namespace sluice::pipeline
