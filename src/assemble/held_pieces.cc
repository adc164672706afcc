#include "assemble/held_pieces.h"

#include <cstring>
#include <iterator>

#include "base/arena.h"
#include "base/check.h"

namespace sluice::assemble {

uint32_t ShardNames::number_of(std::string_view name) {
  const auto [at, is_new] = numbers_.try_emplace(std::string(name), static_cast<uint32_t>(names_.size()));
  if (is_new) names_.push_back(&at->first);
  return at->second;
}

void PieceMemory::hold(HeldPiece& piece, std::string_view record) {
  CHECK(piece.bytes == nullptr);
  piece.record_bytes = record.size();
  piece.bytes = std::make_unique_for_overwrite<char[]>(record.size() + kReadableSlack);
  std::memcpy(piece.bytes.get(), record.data(), record.size());
  std::memset(piece.bytes.get() + record.size(), 0, kReadableSlack);
  piece.batch = batch_;
  piece.durable = false;
  fresh_.push_back(&piece);
  piece.place = std::prev(fresh_.end());
  bytes_ += record.size();
}

void PieceMemory::release(HeldPiece& piece) {
  if (piece.bytes == nullptr) return;
  (piece.durable ? durable_ : fresh_).erase(piece.place);
  bytes_ -= piece.record_bytes;
  if (piece.durable) durable_bytes_ -= piece.record_bytes;
}

void PieceMemory::committed(uint64_t batch) {
  while (!fresh_.empty() && fresh_.front()->batch <= batch) {
    HeldPiece& piece = *fresh_.front();
    piece.durable = true;
    durable_bytes_ += piece.record_bytes;
    durable_.splice(durable_.end(), fresh_, fresh_.begin());
  }
  evict();
}

void PieceMemory::evict() {
  while (durable_bytes_ > max_bytes_) {
    HeldPiece& piece = *durable_.front();
    durable_.pop_front();
    bytes_ -= piece.record_bytes;
    durable_bytes_ -= piece.record_bytes;
    piece.bytes.reset();
  }
}

}  // namespace sluice::assemble
