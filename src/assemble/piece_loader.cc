#include "assemble/piece_loader.h"

#include <fmt/format.h>

#include <utility>

#include "base/crc32c.h"

namespace sluice::assemble {
namespace {

Error not_what_was_stored(const std::string& chunk_id, const std::string& shard,
                          const std::string& sequence) {
  return Error{
      ErrorKind::Refused, std::string(kPieceGone),
      fmt::format(
          "the stored piece {} {} of chunk {} is missing or is not what was stored: the destination was "
          "changed by another program. Restore it from a backup.",
          shard, sequence, chunk_id)};
}

}  // namespace

void PieceLoader::clear() {
  loaded_.clear();
  scratch_ = Arena();
}

Result<PieceLoader::Stored> PieceLoader::fetch(const std::string& chunk_id) {
  Stored stored;
  for (const change::Piece& piece : TRY(store_.stored_pieces(chunk_id, scratch_))) {
    stored.emplace(piece.position, piece.bytes);
  }
  return stored;
}

Result<std::string_view> PieceLoader::record_of(const std::string& chunk_id, const HeldPiece& piece,
                                                const Stored& stored) const {
  if (piece.bytes) return std::string_view(piece.bytes.get(), piece.record_bytes);
  const std::string& shard = shards_.name_of(piece.shard);
  const auto found = stored.find({shard, piece.sequence});
  if (found == stored.end()) return not_what_was_stored(chunk_id, shard, piece.sequence);
  return found->second;
}

Result<void> PieceLoader::load_fragment(const Chunk& chunk, HeldPiece& piece, std::string_view record) {
  const auto decoded = decode_(record, scratch_);
  const auto* fragment = decoded.ok() ? std::get_if<change::Fragment>(&decoded.value()) : nullptr;
  if (fragment == nullptr || fragment->chunk_id != chunk.id || fragment->index != piece.index ||
      (chunk.known && crc32c(fragment->data) != piece.crc32c)) {
    return not_what_was_stored(chunk.id, shards_.name_of(piece.shard), piece.sequence);
  }
  if (!chunk.known) {
    piece.crc32c = crc32c(fragment->data);
    piece.data_bytes = fragment->data.size();
    piece.record_bytes = record.size();
  }
  loaded_[&piece] = {record, fragment->data};
  return {};
}

Result<void> PieceLoader::load(ChunkGroup& group, Chunk& chunk) {
  bool all_in_memory = true;
  group.for_each([&](const Chunk& of, HeldPiece& piece) {
    if (&of == &chunk && piece.bytes == nullptr && !loaded_.contains(&piece)) all_in_memory = false;
  });
  const Stored stored = all_in_memory ? Stored{} : TRY(fetch(chunk.id));
  for (const Head& head : group.heads) {
    if (head.awaited.front().chunk_id != chunk.id || loaded_.contains(head.piece.get())) continue;
    const std::string_view record = TRY(record_of(chunk.id, *head.piece, stored));
    loaded_[head.piece.get()] = {record, {}};
  }
  for (auto& [index, alternatives] : chunk.fragments) {
    for (auto& piece : alternatives) {
      if (loaded_.contains(piece.get())) continue;
      const std::string_view record = TRY(record_of(chunk.id, *piece, stored));
      TRY(load_fragment(chunk, *piece, record));
    }
  }
  if (!chunk.known) {
    chunk.known = true;
    chunk.count_again();
  }
  return {};
}

Result<void> PieceLoader::load(ChunkGroup& group) {
  for (Chunk& chunk : group.chunks) TRY(load(group, chunk));
  return {};
}

Result<change::ChunkedHead> PieceLoader::read_head(const Head& loaded, Arena& arena) const {
  const HeldPiece& piece = *loaded.piece;
  auto decoded = decode_(arena.copy(record(piece)), arena);
  auto* head = decoded.ok() ? std::get_if<change::ChunkedHead>(&decoded.value()) : nullptr;
  if (head == nullptr || identity_of(*head) != piece.crc32c) {
    return not_what_was_stored(loaded.awaited.front().chunk_id, shards_.name_of(piece.shard), piece.sequence);
  }
  return std::move(*head);
}

Result<std::pair<change::ChunkedHead, uint64_t>> PieceLoader::read_stored_head(const std::string& chunk_id,
                                                                               const HeldPiece& piece) {
  const Stored stored = TRY(fetch(chunk_id));
  const std::string_view record = TRY(record_of(chunk_id, piece, stored));
  auto decoded = decode_(record, scratch_);
  auto* head = decoded.ok() ? std::get_if<change::ChunkedHead>(&decoded.value()) : nullptr;
  if (head == nullptr || head->awaited.empty() || head->awaited.front().chunk_id != chunk_id) {
    return not_what_was_stored(chunk_id, shards_.name_of(piece.shard), piece.sequence);
  }
  return std::pair(std::move(*head), uint64_t{record.size()});
}

}  // namespace sluice::assemble
