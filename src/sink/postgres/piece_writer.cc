#include "sink/postgres/piece_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/crc32c.h"
#include "sink/postgres/copy_rows.h"
#include "sink/postgres/store.h"

namespace sluice::sink::postgres {

using change::Piece;

namespace {

// As kKeyLocks in batch_writer.cc.
constexpr int kChunkLocks = 0x51C1;
constexpr uint32_t kChunkBuckets = 256;

}  // namespace

Result<void> PieceWriter::look_for_ended(Applied& applied) {
  std::vector<std::string> others;
  for (const auto& [chunk_id, pieces] : known_.pieces) {
    const auto is_this = [&id = chunk_id](const auto& each) { return each.chunk_id == id; };
    if (std::ranges::none_of(batch_.chunks_finished, is_this) &&
        std::ranges::none_of(batch_.pieces_added, is_this))
      others.push_back(chunk_id);
  }
  return find_ended(others, false, applied);
}

// False when another writer has changed the pieces of a chunk that this batch ends, or taken away the one
// that this batch would have keep instead of a repeat.
Result<bool> PieceWriter::write(Applied& applied) {
  std::set<uint32_t> buckets;
  const auto add = [&buckets](std::string_view chunk_id) {
    buckets.insert(crc32c(chunk_id) % kChunkBuckets);
  };
  for (const Piece& piece : batch_.pieces_added) add(piece.chunk_id);
  for (const change::RemovedPiece& piece : batch_.pieces_removed) add(piece.chunk_id);
  for (const std::string& chunk_id : batch_.chunks_removed) add(chunk_id);
  for (const change::FinishedChunk& chunk : batch_.chunks_finished) add(chunk.chunk_id);
  if (buckets.empty()) return true;
  TRY(connection_.run(
      fmt::format("SELECT pg_advisory_xact_lock({}, k) FROM unnest($1::int[]) AS k", kChunkLocks),
      {numbers_text(buckets)}));
  if (!TRY(remove_pieces()) || !TRY(finish_chunks())) return false;
  TRY(add_pieces(applied));
  return kept_pieces_are_there();
}

Result<bool> PieceWriter::remove_pieces() {
  if (!batch_.pieces_removed.empty()) {
    std::vector<std::string> chunks;
    std::vector<std::string> shards;
    std::vector<std::string> sequences;
    for (const change::RemovedPiece& piece : batch_.pieces_removed) {
      chunks.push_back(piece.chunk_id);
      shards.push_back(piece.shard);
      sequences.push_back(piece.sequence);
    }
    const auto removed =
        TRY(connection_.run("DELETE FROM cdc_fragments AS piece USING unnest($1::text[], $2::text[], "
                            "$3::text[]) AS gone (chunk, shard, sequence) "
                            "WHERE piece.chunk_id = gone.chunk AND piece.shard_id = gone.shard AND "
                            "piece.sequence_number = gone.sequence",
                            {array_text(chunks), array_text(shards), array_text(sequences)}));
    if (removed->touched() != static_cast<int64_t>(batch_.pieces_removed.size())) return false;
  }
  if (batch_.chunks_removed.empty()) return true;
  const auto left =
      TRY(connection_.run("SELECT 1 FROM cdc_fragments WHERE chunk_id = ANY($1::text[]) LIMIT 1",
                          {array_text(batch_.chunks_removed)}));
  return left->size() == 0;
}

// Whether what repeats left the store for is in it. What this batch has ended is in nobody else's hands.
Result<bool> PieceWriter::kept_pieces_are_there() {
  std::vector<std::string> chunks;
  std::vector<std::string> shards;
  std::vector<std::string> sequences;
  for (const change::RemovedPiece& piece : batch_.pieces_removed) {
    if (piece.kept_shard.empty() ||
        std::ranges::find(batch_.chunks_removed, piece.chunk_id) != batch_.chunks_removed.end())
      continue;
    chunks.push_back(piece.chunk_id);
    shards.push_back(piece.kept_shard);
    sequences.push_back(piece.kept_sequence);
  }
  if (chunks.empty()) return true;
  const auto missing =
      TRY(connection_.run("SELECT 1 FROM unnest($1::text[], $2::text[], $3::text[]) AS kept (chunk, shard, "
                          "sequence) WHERE NOT EXISTS (SELECT 1 "
                          "FROM cdc_fragments WHERE chunk_id = kept.chunk AND shard_id = kept.shard AND "
                          "sequence_number = kept.sequence) LIMIT 1",
                          {array_text(chunks), array_text(shards), array_text(sequences)}));
  return missing->size() == 0;
}

Result<bool> PieceWriter::finish_chunks() {
  std::map<std::string, const change::FinishedChunk*> finished;  // the last word on each
  for (const change::FinishedChunk& chunk : batch_.chunks_finished) finished[chunk.chunk_id] = &chunk;
  if (finished.empty()) return true;
  std::vector<std::string> ids;
  for (const auto& [id, chunk] : finished) ids.push_back(id);
  const auto rows =
      TRY(connection_.run("SELECT chunk_id, crc32c, total_fragments, piece_crcs, finished_ns FROM "
                          "cdc_finished_chunks WHERE chunk_id = ANY($1::text[])",
                          {array_text(ids)}));
  for (int row = 0; row < rows->size(); ++row) {
    const change::FinishedChunk stored = finished_chunk_of(*rows, row);
    const change::FinishedChunk& ours = *finished.at(stored.chunk_id);
    // Ours continues what is stored when a piece was put beside those in quarantine.
    const bool continues = stored.crc32c == ours.crc32c && stored.total_fragments == ours.total_fragments &&
                           ours.piece_crcs.size() > stored.piece_crcs.size() &&
                           ours.piece_crcs.starts_with(stored.piece_crcs);
    const bool tried_again = std::ranges::find(known_.released, stored.chunk_id,
                                               &QuarantineEntry::chunk_id) != known_.released.end();
    if (!continues && !tried_again) return false;
  }
  TRY(connection_.run("DELETE FROM cdc_finished_chunks WHERE chunk_id = ANY($1::text[])", {array_text(ids)}));
  const auto write_rows = [&](const CopySink& out) -> Result<void> {
    CopyRows copy(out);
    for (const auto& [id, chunk] : finished) {
      TRY(copy.row(5));
      copy.text(id);
      copy.number(chunk->crc32c);
      copy.number(chunk->total_fragments);
      copy.bytes(chunk->piece_crcs);
      copy.number(chunk->finished_ns);
    }
    return copy.finish();
  };
  TRY(connection_.copy_in("COPY cdc_finished_chunks FROM STDIN (FORMAT binary)", write_rows));
  return true;
}

Result<void> PieceWriter::add_pieces(Applied& applied) {
  if (batch_.pieces_added.empty()) return {};
  std::set<std::string> chunks;
  const auto write_rows = [&](const CopySink& out) -> Result<void> {
    CopyRows copy(out);
    for (const Piece& piece : batch_.pieces_added) {
      chunks.insert(piece.chunk_id);
      TRY(copy.row(7));
      copy.text(piece.chunk_id);
      copy.boolean(piece.is_head);
      copy.integer(static_cast<int32_t>(piece.index));
      copy.text(piece.position.shard);
      copy.text(piece.position.sequence);
      copy.number(piece.first_seen_ns);
      copy.bytes(piece.bytes);
    }
    return copy.finish();
  };
  TRY(connection_.copy_in("COPY cdc_fragments FROM STDIN (FORMAT binary)", write_rows));
  const std::vector<std::string> ids(chunks.begin(), chunks.end());
  TRY(find_ended(ids, true, applied));
  return tell_of_others(ids, applied);
}

// The stored pieces of these chunks that neither this batch nor an earlier one of this writer has brought.
Result<void> PieceWriter::tell_of_others(const std::vector<std::string>& chunks, Applied& applied) {
  std::set<std::pair<std::string_view, std::string_view>> added;
  for (const Piece& piece : batch_.pieces_added) added.emplace(piece.position.shard, piece.position.sequence);
  const auto rows = TRY(connection_.run(
      "SELECT chunk_id, shard_id, sequence_number FROM cdc_fragments WHERE chunk_id = ANY($1::text[])",
      {array_text(chunks)}));
  for (int row = 0; row < rows->size(); ++row) {
    const FoundPiece piece{rows->text(row, 0), rows->text(row, 1), rows->text(row, 2)};
    if (added.contains({piece.shard, piece.sequence})) continue;
    const auto known = known_.pieces.find(piece.chunk_id);
    if (known != known_.pieces.end() && known->second.contains({piece.shard, piece.sequence})) continue;
    // What another writer added to an ended chunk is for that one to settle.
    if (std::ranges::find(applied.chunks_ended, piece.chunk_id, &change::FinishedChunk::chunk_id) ==
        applied.chunks_ended.end())
      applied.pieces_found.push_back(piece);
  }
  return {};
}

// Which of these chunks have ended; with_pieces: the pieces of this batch that came too late for theirs.
Result<void> PieceWriter::find_ended(const std::vector<std::string>& chunks, bool with_pieces,
                                     Applied& applied) {
  if (chunks.empty()) return {};
  const auto rows =
      TRY(connection_.run("SELECT chunk_id, crc32c, total_fragments, piece_crcs, finished_ns FROM "
                          "cdc_finished_chunks WHERE chunk_id = ANY($1::text[])",
                          {array_text(chunks)}));
  for (int row = 0; row < rows->size(); ++row) {
    applied.chunks_ended.push_back(finished_chunk_of(*rows, row));
    if (!with_pieces) continue;
    for (const Piece& piece : batch_.pieces_added) {
      if (piece.chunk_id != applied.chunks_ended.back().chunk_id) continue;
      applied.pieces_found.push_back(
          {piece.chunk_id, std::string(piece.position.shard), std::string(piece.position.sequence)});
    }
  }
  return {};
}

}  // namespace sluice::sink::postgres
