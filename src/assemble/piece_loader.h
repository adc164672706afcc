// PieceLoader: the records of waiting pieces again, from memory or from the store, and what they say.
//
// What it loaded stays until clear(), which every call of the assembler begins with. Threads: one owner.
#pragma once

#include <string_view>
#include <unordered_map>

#include "assemble/assembler.h"
#include "assemble/chunk_group.h"
#include "base/arena.h"
#include "base/result.h"

namespace sluice::assemble {

class PieceLoader {
 public:
  PieceLoader(FragmentStore& store, DecodePiece decode, const ShardNames& shards)
      : store_(store), decode_(std::move(decode)), shards_(shards) {}

  void clear();

  // Loads every piece of the chunk and learns the fragments' crc32c where it was not known. Errors: the
  // store's; Refused when a piece is missing there or is not what it was. The chunk is then as before.
  Result<void> load(ChunkGroup& group, Chunk& chunk);
  Result<void> load(ChunkGroup& group);

  // Of a loaded piece.
  std::string_view record(const HeldPiece& piece) const { return loaded_.at(&piece).record; }
  std::string_view data(const HeldPiece& piece) const { return loaded_.at(&piece).data; }

  // What a loaded head says; its views live as long as `arena`.
  Result<change::ChunkedHead> read_head(const Head& loaded, Arena& arena) const;
  // What a stored head says, and how long its record is; for the start.
  Result<std::pair<change::ChunkedHead, uint64_t>> read_stored_head(const std::string& chunk_id,
                                                                    const HeldPiece& piece);

 private:
  struct Loaded {
    std::string_view record;
    std::string_view data;
  };
  struct PositionLess {
    bool operator()(const change::Position& left, const change::Position& right) const {
      return std::pair(left.shard, left.sequence) < std::pair(right.shard, right.sequence);
    }
  };
  using Stored = std::map<change::Position, std::string_view, PositionLess>;

  Result<Stored> fetch(const std::string& chunk_id);
  Result<std::string_view> record_of(const std::string& chunk_id, const HeldPiece& piece,
                                     const Stored& stored) const;
  Result<void> load_fragment(const Chunk& chunk, HeldPiece& piece, std::string_view record);

  FragmentStore& store_;
  DecodePiece decode_;
  const ShardNames& shards_;
  Arena scratch_;
  std::unordered_map<const HeldPiece*, Loaded> loaded_;
};

}  // namespace sluice::assemble
