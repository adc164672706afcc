// MemorySource: shards that stand in memory, read in a drawn interleaving, for tests.
//
// It continues from the ledger's checkpoints and forgets nothing else of an earlier run, so that whatever was
// confirmed without being durable is lost for good and shows.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "change/block.h"
#include "source/source.h"

namespace sluice::pipeline {

struct MemoryShard {
  std::string name;
  std::vector<std::string> records;
};

struct MemorySourceOptions {
  uint64_t seed = 1;
  size_t max_block_records = 50;
  size_t rewind = 0;  // so many records before each checkpoint come again, as an impatient caller sends them
  std::vector<change::Checkpoint> saved;
  // Asked before every block; its error is next()'s.
  std::function<Result<void>(size_t blocks_so_far)> before_block;
};

class MemorySource final : public source::Source {
 public:
  // `shards` must outlive the source.
  MemorySource(const std::vector<MemoryShard>& shards, MemorySourceOptions options)
      : shards_(shards), options_(std::move(options)), random_(options_.seed), next_(shards.size(), 0) {
    for (const change::Checkpoint& saved : options_.saved) {
      for (size_t shard = 0; shard < shards_.size(); ++shard) {
        if (shards_[shard].name != saved.shard) continue;
        const auto at = static_cast<size_t>(parse_int64(saved.position).value());
        next_[shard] = at - std::min(at, options_.rewind);
        rewound_[saved.shard] = static_cast<int64_t>(at - next_[shard]);
      }
    }
  }

  Result<source::Pull> next() override {
    std::vector<size_t> open;
    for (size_t shard = 0; shard < shards_.size(); ++shard) {
      if (next_[shard] < shards_[shard].records.size()) open.push_back(shard);
    }
    if (options_.before_block) TRY(options_.before_block(blocks_));
    if (open.empty()) return source::Pull{std::nullopt, source::Quiet::End};
    ++blocks_;
    return source::Pull{take_block(open[random_() % open.size()]), source::Quiet::Later};
  }

  std::vector<std::string> take_notices() override { return {}; }
  source::Progress progress() const override { return {bytes_read_, std::nullopt}; }

  // Records given out so far, per shard.
  const std::map<std::string, int64_t>& given() const { return given_; }
  // Records that this source gives although their checkpoint had passed them.
  const std::map<std::string, int64_t>& rewound() const { return rewound_; }

 private:
  change::Block take_block(size_t at) {
    const MemoryShard& shard = shards_[at];
    const size_t first = next_[at];
    const size_t size = std::min(shard.records.size() - first, 1 + random_() % options_.max_block_records);
    change::Block block;
    block.shard = shard.name;
    const std::string_view name = block.arena.copy(shard.name);
    for (size_t record = first; record < first + size; ++record) {
      const std::string_view bytes = block.arena.copy(shard.records[record]);
      block.records.push_back({{name, block.arena.copy(std::to_string(record))}, bytes});
      block.source_bytes += bytes.size();
    }
    next_[at] = first + size;
    block.checkpoint = std::to_string(next_[at]);
    bytes_read_ += block.source_bytes;
    given_[shard.name] += static_cast<int64_t>(size);
    return block;
  }

  const std::vector<MemoryShard>& shards_;
  MemorySourceOptions options_;
  std::mt19937_64 random_;  // its sequence is fixed by the standard
  std::vector<size_t> next_;
  size_t blocks_ = 0;
  uint64_t bytes_read_ = 0;
  std::map<std::string, int64_t> given_;
  std::map<std::string, int64_t> rewound_;
};

}  // namespace sluice::pipeline
