#include "source/shard_map.h"

#include <utility>

namespace sluice::source {

using Kind = ShardPosition::Kind;

ShardMap::ShardMap(std::map<std::string, ShardPosition> saved, StartPosition start, bool first_run)
    : saved_(std::move(saved)), start_(start), start_counts_(first_run && saved_.empty()) {}

// Of a shard that was not known before.
ShardStart ShardMap::start_of(const aws::Shard& shard) const {
  const auto found = saved_.find(shard.shard_id);
  if (found != saved_.end()) return {shard.shard_id, found->second, true};
  ShardStart start{shard.shard_id, {}};
  if (has_list_ || !start_counts_) return start;
  start.from.kind = start_.kind;
  start.from.start_ms = start_.time_ms;
  // A closed shard gets no records any more: all that it has is older than "latest".
  if (start_.kind == Kind::Latest && !shard.last_sequence.empty()) start.from.kind = Kind::Skipped;
  return start;
}

std::vector<ShardStart> ShardMap::take_list(std::span<const aws::Shard> list) {
  std::vector<ShardStart> found;
  listed_.clear();
  open_.clear();
  open_ranges_.clear();
  for (const aws::Shard& shard : list) {
    listed_.insert(shard.shard_id);
    if (shard.last_sequence.empty()) {
      open_.insert(shard.shard_id);
      const Result<HashRange> range = parse_hash_range(shard.start_hash, shard.end_hash);
      if (range.ok()) open_ranges_.push_back(range.value());
    }
    if (known_.insert(shard.shard_id).second) found.push_back(start_of(shard));
  }
  if (!has_list_) {
    for (const auto& [shard_id, position] : saved_) {
      if (!position.finished() && known_.insert(shard_id).second) found.push_back({shard_id, position, true});
    }
  }
  has_list_ = has_list_ || !list.empty();
  return found;
}

std::vector<ShardStart> ShardMap::take_children(std::span<const std::string> shard_ids) {
  std::vector<ShardStart> found;
  for (const std::string& shard_id : shard_ids) {
    if (!known_.insert(shard_id).second) continue;
    const auto saved = saved_.find(shard_id);
    const bool stored = saved != saved_.end();
    found.push_back({shard_id, stored ? saved->second : ShardPosition(), stored});
  }
  return found;
}

}  // namespace sluice::source
