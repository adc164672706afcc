#include "assemble/group_ends.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "assemble/arrival.h"
#include "base/check.h"

namespace sluice::assemble {
namespace {

uint32_t total_of(const Head& head, const std::string& chunk_id) {
  const auto found = std::ranges::find(head.awaited, chunk_id, &Awaited::chunk_id);
  CHECK(found != head.awaited.end());
  return found->total_fragments;
}

// Whether one is the other delivered again, as two writers of one store can have stored it.
bool same_piece(const HeldPiece& a, const HeldPiece& b) {
  return a.is_head == b.is_head && a.index == b.index && a.crc32c == b.crc32c && a.data_bytes == b.data_bytes;
}

}  // namespace

change::Position GroupEnds::position_of(const HeldPiece& piece, Arena& arena) const {
  return {arena.copy(shards_.name_of(piece.shard)), arena.copy(piece.sequence)};
}

void GroupEnds::remember(change::FinishedChunk finished, Outcome& out) {
  ended_.remember(finished);
  out.chunks_finished.push_back(std::move(finished));
}

Result<AssembledImage> GroupEnds::assemble(const Head& head, const std::vector<Choice>& choices,
                                           Arena& arena) const {
  const change::ChunkedHead said = TRY(loader_.read_head(head, arena));
  AssembledImage image{position_of(*head.piece, arena), said.origin, said.inline_image.json,
                       said.deciding >= 0 || !said.inline_image.json.empty()};
  if (said.deciding < 0) return image;
  const Choice& pieces = choices[static_cast<size_t>(said.deciding)];
  size_t bytes = 0;
  for (const HeldPiece* piece : pieces) bytes += piece->data_bytes;
  char* at = arena.allocate(bytes);
  image.json = {at, bytes};
  for (const HeldPiece* piece : pieces) at = std::ranges::copy(loader_.data(*piece), at).out;
  return image;
}

void GroupEnds::end_waiting(const HeldPiece& piece, const std::string& chunk_id, const EndingCall& call,
                            Outcome& out) const {
  if (&piece == call.current) return;
  const std::string& shard = shards_.name_of(piece.shard);
  --out.books[shard].waiting;
  out.pieces_removed.push_back({chunk_id, shard, piece.sequence});
}

void GroupEnds::quarantine(const HeldPiece& piece, const std::string& chunk_id, std::string_view reason,
                           std::string message, const EndingCall& call, Outcome& out) const {
  out.quarantined.push_back({position_of(piece, call.arena), std::string(reason), std::move(message),
                             chunk_id, loader_.record(piece), piece.first_seen_ns});
  ++out.books[shards_.name_of(piece.shard)].quarantined;
  end_waiting(piece, chunk_id, call, out);
}

void GroupEnds::quarantine_unused(const Head& landed, const Chunk& chunk, const HeldPiece& piece,
                                  const EndingCall& call, Outcome& out) const {
  const std::string id = shown(chunk.id);
  if (piece.is_head) {
    quarantine(piece, chunk.id, "conflicting-head",
               fmt::format("chunk {}: it landed by another head, whose crc32c was right", id), call, out);
  } else if (piece.index >= total_of(landed, chunk.id)) {
    quarantine(piece, chunk.id, "fragment-out-of-range",
               fmt::format("chunk {}: index {}, and the image was whole without it", id, piece.index), call,
               out);
  } else {
    quarantine(piece, chunk.id, "conflicting-fragment",
               fmt::format("chunk {}: the crc32c was right with another fragment {}", id, piece.index), call,
               out);
  }
}

void GroupEnds::land(ChunkGroup& group, const Head& head, const std::vector<Choice>& choices,
                     const EndingCall& call, Outcome& out) {
  std::set<const HeldPiece*> used{head.piece.get()};
  for (size_t i = 0; i < choices.size(); ++i) {
    const Awaited& awaited = head.awaited[i];
    change::FinishedChunk finished{
        awaited.chunk_id, awaited.crc32c, awaited.total_fragments, {}, call.now_ns};
    for (const HeldPiece* piece : choices[i]) {
      used.insert(piece);
      append_u32(finished.piece_crcs, piece->crc32c);
    }
    append_u32(finished.piece_crcs, head.piece->crc32c);
    out.chunks_removed.push_back(awaited.chunk_id);
    remember(std::move(finished), out);
  }
  ++out.books[shards_.name_of(head.piece->shard)].rows;
  // Pieces that several writers stored of one chunk.
  const auto is_repeat = [&](const Chunk& chunk, const HeldPiece& piece) {
    if (piece.is_head) return same_piece(*head.piece, piece);
    const auto at = std::ranges::find(head.awaited, chunk.id, &Awaited::chunk_id) - head.awaited.begin();
    return std::ranges::any_of(choices[static_cast<size_t>(at)],
                               [&](const HeldPiece* other) { return same_piece(*other, piece); });
  };
  group.for_each([&](const Chunk& chunk, HeldPiece& piece) {
    change::Books& books = out.books[shards_.name_of(piece.shard)];
    if (used.contains(&piece)) {
      ++books.landed;
      out.made_from.push_back(
          {position_of(piece, call.arena), {}, {}, chunk.id, loader_.record(piece), piece.first_seen_ns});
      end_waiting(piece, chunk.id, call, out);
    } else if (is_repeat(chunk, piece)) {
      ++books.repeats;
      end_waiting(piece, chunk.id, call, out);
    } else {
      quarantine_unused(head, chunk, piece, call, out);
    }
  });
  out.fate = used.contains(call.current) ? Fate::Landed : Fate::Quarantined;
}

void GroupEnds::fail(ChunkGroup& group, Ending ending, std::string_view reason, const std::string& why,
                     const EndingCall& call, Outcome& out) {
  std::map<std::string_view, change::FinishedChunk> ended;
  for (const Chunk& chunk : group.chunks) {
    ended[chunk.id] = {chunk.id, static_cast<uint32_t>(ending), 0, {}, call.now_ns};
    out.chunks_removed.push_back(chunk.id);
  }
  group.for_each([&](const Chunk& chunk, HeldPiece& piece) {
    const std::string id = shown(chunk.id);
    const bool out_of_range =
        !piece.is_head && !group.heads.empty() && std::ranges::all_of(group.heads, [&](const Head& head) {
          return piece.index >= total_of(head, chunk.id);
        });
    if (out_of_range) {
      quarantine(
          piece, chunk.id, "fragment-out-of-range",
          fmt::format("chunk {}: index {}, but the head gives a smaller total_fragments", id, piece.index),
          call, out);
    } else {
      quarantine(piece, chunk.id, reason,
                 why.empty() ? message_of(ending, id) : fmt::format("chunk {}: {}", id, why), call, out);
    }
    for (auto& [ended_id, finished] : ended) {
      if (!piece.is_head && ended_id != chunk.id) continue;
      append_u32(finished.piece_crcs, piece.is_head ? kHeadIndex : piece.index);
      append_u32(finished.piece_crcs, piece.crc32c);
    }
  });
  for (auto& [id, finished] : ended) remember(std::move(finished), out);
  out.fate = Fate::Quarantined;
}

}  // namespace sluice::assemble
