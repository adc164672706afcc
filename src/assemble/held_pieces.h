// HeldPiece: what is known of a waiting piece; PieceMemory: which of their bytes stay in memory.
//
// Bytes of a batch that is not durable yet are nowhere else and stay; durable ones leave, the oldest first,
// once they are more than the bound. Threads: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::assemble {

struct HeldPiece {
  uint32_t shard = 0;  // number of the shard's name
  std::string sequence;
  int64_t first_seen_ns = 0;
  bool is_head = false;
  uint32_t index = 0;         // of a fragment
  uint32_t crc32c = 0;        // of a fragment's data; of what a head says
  uint64_t data_bytes = 0;    // of a fragment's data
  uint64_t record_bytes = 0;  // as delivered; 0 for a piece of an earlier run that was not read back yet

  // Owned by PieceMemory.
  std::unique_ptr<char[]> bytes;  // with readable slack; null: only in the store
  uint64_t batch = 0;
  bool durable = true;
  std::list<HeldPiece*>::iterator place;
};

// Shards by number, since thousands of pieces carry the same few names.
class ShardNames {
 public:
  uint32_t number_of(std::string_view name);
  // Valid as long as this lives.
  const std::string& name_of(uint32_t number) const { return *names_[number]; }

 private:
  std::unordered_map<std::string, uint32_t> numbers_;
  std::vector<const std::string*> names_;
};

class PieceMemory {
 public:
  explicit PieceMemory(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // Keeps a copy of `record`, which belongs to the batch being filled.
  void hold(HeldPiece& piece, std::string_view record);
  // The piece waits no longer. Its bytes stay valid as long as it lives.
  void release(HeldPiece& piece);
  uint64_t seal() { return batch_++; }
  void committed(uint64_t batch);
  uint64_t bytes() const { return bytes_; }

 private:
  void evict();

  uint64_t max_bytes_;
  uint64_t bytes_ = 0;
  uint64_t durable_bytes_ = 0;
  uint64_t batch_ = 1;
  std::list<HeldPiece*> fresh_;    // in order of arrival, so of batch
  std::list<HeldPiece*> durable_;  // in order of arrival
};

}  // namespace sluice::assemble
