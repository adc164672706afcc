#include "assemble/ended_chunks.h"

#include <functional>

namespace sluice::assemble {
namespace {

uint64_t hash_of(std::string_view chunk_id) { return std::hash<std::string_view>{}(chunk_id); }

uint32_t u32_at(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i)
    number |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return number;
}

}  // namespace

std::string_view reason_of(Ending ending) {
  switch (ending) {
    case Ending::CrcMismatch:
      return "crc-mismatch";
    case Ending::ConflictingHead:
      return "conflicting-head";
    case Ending::ImageTooLarge:
      return "image-too-large";
    case Ending::IncompleteChunk:
      return "incomplete-chunk";
    case Ending::RejectedImage:
      return "rejected-image";
    case Ending::Landed:
    case Ending::ConflictingFragment:
      break;
  }
  return "conflicting-fragment";
}

void append_u32(std::string& to, uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) to += static_cast<char>((number >> shift) & 0xFFU);
}

bool EndedChunk::has(uint32_t index, uint32_t crc32c) const {
  if (ending == Ending::Landed) {
    const size_t at = index == kHeadIndex ? size_t{4} * total_fragments : size_t{4} * index;
    if (index != kHeadIndex && index >= total_fragments) return false;
    return at + 4 <= pieces.size() && u32_at(pieces, at) == crc32c;
  }
  for (size_t at = 0; at + 8 <= pieces.size(); at += 8) {
    if (u32_at(pieces, at) == index && u32_at(pieces, at + 4) == crc32c) return true;
  }
  return false;
}

void EndedChunks::remember(const change::FinishedChunk& chunk) {
  const uint64_t hash = hash_of(chunk.chunk_id);
  const Ending ending = chunk.total_fragments > 0 ? Ending::Landed : static_cast<Ending>(chunk.crc32c);
  const auto [at, is_new] =
      chunks_.insert_or_assign(hash, EndedChunk{ending, chunk.total_fragments, chunk.piece_crcs});
  if (!is_new) return;
  order_.push_back(hash);
  while (chunks_.size() > max_chunks_ && !order_.empty()) {
    chunks_.erase(order_.front());
    order_.pop_front();
  }
}

const EndedChunk* EndedChunks::find(std::string_view chunk_id) const {
  const auto found = chunks_.find(hash_of(chunk_id));
  return found == chunks_.end() ? nullptr : &found->second;
}

void EndedChunks::forget(std::string_view chunk_id) { chunks_.erase(hash_of(chunk_id)); }

}  // namespace sluice::assemble
