// EndedChunks: what is remembered of chunks that landed or were quarantined, so that their pieces are known
// when they are delivered again.
//
// Kept as change::FinishedChunk in the store. Of a landed chunk: its crc32c and total, and in piece_crcs the
// crc32c of each fragment's data by index, then one of what the head said. Of a quarantined one:
// total_fragments is 0, the place of crc32c has the Ending, and piece_crcs has index and crc32c of every
// piece, a head's index being kHeadIndex. All numbers little endian, 4 bytes. A chunk is found by a 64-bit
// hash of its id. Threads: one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "change/batch.h"

namespace sluice::assemble {

inline constexpr uint32_t kHeadIndex = 0xFFFF'FFFF;

// How a chunk ended. The numbers are stored: never change one.
enum class Ending : uint32_t {
  Landed = 0,
  CrcMismatch = 1,
  ConflictingFragment = 2,
  ConflictingHead = 3,
  ImageTooLarge = 4,
  IncompleteChunk = 5,
  RejectedImage = 6,
};

// The reason code that quarantined records carry.
std::string_view reason_of(Ending ending);

// Appends 4 bytes, little endian.
void append_u32(std::string& to, uint32_t number);

struct EndedChunk {
  Ending ending = Ending::Landed;
  uint32_t total_fragments = 0;  // of a landed chunk
  std::string pieces;            // as FinishedChunk::piece_crcs

  // Whether this very piece (index or kHeadIndex, crc32c) was part of it.
  bool has(uint32_t index, uint32_t crc32c) const;
};

class EndedChunks {
 public:
  explicit EndedChunks(uint64_t max_chunks) : max_chunks_(max_chunks) {}

  // Replaces what was known of the same chunk. The oldest are forgotten past the bound.
  void remember(const change::FinishedChunk& chunk);
  // Valid until the next call that is not const.
  const EndedChunk* find(std::string_view chunk_id) const;
  void forget(std::string_view chunk_id);
  uint64_t size() const { return chunks_.size(); }

 private:
  uint64_t max_chunks_;
  std::unordered_map<uint64_t, EndedChunk> chunks_;
  std::deque<uint64_t> order_;  // may name chunks that were forgotten
};

}  // namespace sluice::assemble
