// Block: one read from one shard, with the memory that its records point into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "change/change.h"

namespace sluice::change {

// Records of one shard in source order. Owns everything that `records` points to.
struct Block {
  std::string shard;
  std::unique_ptr<char[]> memory;  // the records' bytes; may be empty when everything is in `arena`
  size_t memory_bytes = 0;
  Arena arena;  // sequence texts, and records that had to be put together
  std::vector<RawRecord> records;
  uint64_t source_bytes = 0;  // bytes taken from the source for this block, for rates and progress
  // Where to continue once every record of this block is durable. Opaque to everybody but the source that
  // made it.
  std::string checkpoint;
};

// Where a shard continues, as the ledger keeps it.
struct Checkpoint {
  std::string shard;
  std::string position;
};

}  // namespace sluice::change
