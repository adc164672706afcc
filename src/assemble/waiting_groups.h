// WaitingGroups: every piece that waits, by chunk and by age, and what it takes in memory.
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "assemble/assembler.h"
#include "assemble/chunk_group.h"
#include "assemble/held_pieces.h"

namespace sluice::assemble {

class WaitingGroups {
 public:
  explicit WaitingGroups(uint64_t max_memory_bytes) : memory_(max_memory_bytes) {}

  // The group of a chunk; null when nothing of it waits.
  ChunkGroup* find(const std::string& chunk_id) const;
  ChunkGroup& add(const std::string& chunk_id, int64_t first_seen_ns);
  // The one group of all these chunks, made and merged as needed. At most one of theirs may have heads.
  ChunkGroup& find_or_merge(const std::vector<Awaited>& awaited, int64_t first_seen_ns);
  // Whether heads that wait already await another set of chunks than these, with one in common.
  bool clash(const std::vector<Awaited>& awaited) const;
  // After a head was taken out: without one nothing holds the chunks together, and a chunk without fragments
  // is none.
  void split(ChunkGroup& group);
  // Takes the group out; it and its pieces' bytes live until bury().
  ChunkGroup& remove(ChunkGroup& group);
  void bury() { gone_.clear(); }

  // One more piece that waits, with its bytes; or one that is stored, without.
  void hold(HeldPiece& piece, std::string_view record);
  void count_stored(const HeldPiece&) { ++pieces_; }
  void count_bytes_of(const Chunk& chunk);
  void count_bytes_of(HeldPiece& piece, uint64_t record_bytes);
  void let_go(HeldPiece& piece);

  // A piece of the group was first seen then.
  void seen(ChunkGroup& group, int64_t first_seen_ns);
  void mark_mismatched(ChunkGroup& group, int64_t now_ns);
  // A group that has waited too long, the oldest first.
  ChunkGroup* due(int64_t now_ns, int64_t incomplete_after_ns, int64_t mismatch_after_ns) const;

  uint64_t pieces() const { return pieces_; }
  Waiting waiting(size_t max_chunks) const;
  PieceMemory& memory() { return memory_; }

 private:
  using Ages = std::set<std::pair<int64_t, uint64_t>>;  // a time and a group's number

  void merge(ChunkGroup& into, ChunkGroup& from);

  PieceMemory memory_;
  std::unordered_map<uint64_t, std::unique_ptr<ChunkGroup>> groups_;
  std::unordered_map<std::string, ChunkGroup*> by_chunk_;
  Ages by_age_;       // every group, by first_seen
  Ages by_mismatch_;  // those that are whole but wrong, since when
  std::vector<std::unique_ptr<ChunkGroup>> gone_;
  uint64_t next_number_ = 0;
  uint64_t pieces_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace sluice::assemble
