// GroupEnds: what an Outcome says when chunks end: the image that landed, or every piece in quarantine.
//
// The group has been taken out of what waits, and its pieces are loaded. Threads: one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assemble/assembler.h"
#include "assemble/chunk_group.h"
#include "assemble/ended_chunks.h"
#include "assemble/piece_loader.h"

namespace sluice::assemble {

// The call that ends a group.
struct EndingCall {
  const HeldPiece* current = nullptr;  // the piece that was just given: it has never waited
  int64_t now_ns = 0;
  Arena& arena;
};

class GroupEnds {
 public:
  GroupEnds(const ShardNames& shards, const PieceLoader& loader, EndedChunks& ended)
      : shards_(shards), loader_(loader), ended_(ended) {}

  // The image that `head` describes, of the chosen fragments. Errors: Refused when the head cannot be read
  // again.
  Result<AssembledImage> assemble(const Head& head, const std::vector<Choice>& choices, Arena& arena) const;
  // Head and chosen fragments landed; every other piece of the group was wrong and goes into quarantine.
  void land(ChunkGroup& group, const Head& head, const std::vector<Choice>& choices, const EndingCall& call,
            Outcome& out);
  // Every piece goes into quarantine. `why` replaces the ending's own words.
  void fail(ChunkGroup& group, Ending ending, std::string_view reason, const std::string& why,
            const EndingCall& call, Outcome& out);
  void remember(change::FinishedChunk finished, Outcome& out);

 private:
  change::Position position_of(const HeldPiece& piece, Arena& arena) const;
  // The piece is in the store and counted as waiting, unless it was just given.
  void end_waiting(const HeldPiece& piece, const std::string& chunk_id, const EndingCall& call,
                   Outcome& out) const;
  void quarantine(const HeldPiece& piece, const std::string& chunk_id, std::string_view reason,
                  std::string message, const EndingCall& call, Outcome& out) const;
  void quarantine_unused(const Head& landed, const Chunk& chunk, const HeldPiece& piece,
                         const EndingCall& call, Outcome& out) const;

  const ShardNames& shards_;
  const PieceLoader& loader_;
  EndedChunks& ended_;
};

}  // namespace sluice::assemble
