#include "assemble/waiting_groups.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::assemble {

ChunkGroup* WaitingGroups::find(const std::string& chunk_id) const {
  const auto found = by_chunk_.find(chunk_id);
  return found == by_chunk_.end() ? nullptr : found->second;
}

ChunkGroup& WaitingGroups::add(const std::string& chunk_id, int64_t first_seen_ns) {
  auto owned = std::make_unique<ChunkGroup>();
  ChunkGroup& group = *owned;
  group.number = next_number_++;
  group.first_seen_ns = first_seen_ns;
  group.chunks.emplace_back().id = chunk_id;
  by_chunk_[chunk_id] = &group;
  by_age_.emplace(first_seen_ns, group.number);
  groups_.emplace(group.number, std::move(owned));
  return group;
}

void WaitingGroups::seen(ChunkGroup& group, int64_t first_seen_ns) {
  if (first_seen_ns >= group.first_seen_ns) return;
  by_age_.erase({group.first_seen_ns, group.number});
  group.first_seen_ns = first_seen_ns;
  by_age_.emplace(first_seen_ns, group.number);
}

void WaitingGroups::merge(ChunkGroup& into, ChunkGroup& from) {
  CHECK(into.heads.empty() || from.heads.empty());
  seen(into, from.first_seen_ns);
  for (Chunk& chunk : from.chunks) {
    by_chunk_[chunk.id] = &into;
    into.chunks.push_back(std::move(chunk));
  }
  for (Head& head : from.heads) into.add(std::move(head));
  by_age_.erase({from.first_seen_ns, from.number});
  if (from.mismatched_since_ns) by_mismatch_.erase({*from.mismatched_since_ns, from.number});
  groups_.erase(from.number);
}

ChunkGroup& WaitingGroups::find_or_merge(const std::vector<Awaited>& awaited, int64_t first_seen_ns) {
  ChunkGroup* first = nullptr;
  for (const Awaited& image : awaited) {
    ChunkGroup* group = find(image.chunk_id);
    if (group == nullptr) group = &add(image.chunk_id, first_seen_ns);
    if (first != nullptr && group != first) {
      merge(*first, *group);
    } else {
      first = group;
    }
  }
  return *first;
}

bool WaitingGroups::clash(const std::vector<Awaited>& awaited) const {
  return std::ranges::any_of(awaited, [&](const Awaited& image) {
    const ChunkGroup* group = find(image.chunk_id);
    if (group == nullptr || group->heads.empty()) return false;
    return group->chunks.size() != awaited.size() ||
           !std::ranges::all_of(awaited, [&](const Awaited& each) { return find(each.chunk_id) == group; });
  });
}

void WaitingGroups::split(ChunkGroup& group) {
  if (!group.heads.empty()) return;
  std::vector<Chunk> chunks = std::move(group.chunks);
  group.chunks.clear();
  for (const Chunk& chunk : chunks) by_chunk_.erase(chunk.id);
  const int64_t first_seen_ns = group.first_seen_ns;
  remove(group);
  for (Chunk& chunk : chunks) {
    if (chunk.fragments.empty()) continue;
    ChunkGroup& own = add(chunk.id, first_seen_ns);
    own.chunks.front() = std::move(chunk);
  }
}

ChunkGroup& WaitingGroups::remove(ChunkGroup& group) {
  for (const Chunk& chunk : group.chunks) by_chunk_.erase(chunk.id);
  by_age_.erase({group.first_seen_ns, group.number});
  if (group.mismatched_since_ns) by_mismatch_.erase({*group.mismatched_since_ns, group.number});
  group.for_each([this](const Chunk&, HeldPiece& piece) { let_go(piece); });
  const auto found = groups_.find(group.number);
  CHECK(found != groups_.end());
  gone_.push_back(std::move(found->second));
  groups_.erase(found);
  return *gone_.back();
}

void WaitingGroups::hold(HeldPiece& piece, std::string_view record) {
  memory_.hold(piece, record);
  ++pieces_;
  bytes_ += record.size();
}

void WaitingGroups::count_bytes_of(const Chunk& chunk) {
  for (const auto& [index, alternatives] : chunk.fragments) {
    for (const auto& piece : alternatives) bytes_ += piece->record_bytes;
  }
}

void WaitingGroups::count_bytes_of(HeldPiece& piece, uint64_t record_bytes) {
  piece.record_bytes = record_bytes;
  bytes_ += record_bytes;
}

void WaitingGroups::let_go(HeldPiece& piece) {
  memory_.release(piece);
  --pieces_;
  bytes_ -= piece.record_bytes;
}

void WaitingGroups::mark_mismatched(ChunkGroup& group, int64_t now_ns) {
  if (group.mismatched_since_ns) return;
  group.mismatched_since_ns = now_ns;
  by_mismatch_.emplace(now_ns, group.number);
}

ChunkGroup* WaitingGroups::due(int64_t now_ns, int64_t incomplete_after_ns, int64_t mismatch_after_ns) const {
  const auto oldest = [&](const Ages& ages, int64_t after_ns) -> ChunkGroup* {
    if (ages.empty() || now_ns - ages.begin()->first < after_ns) return nullptr;
    return groups_.at(ages.begin()->second).get();
  };
  ChunkGroup* mismatched = oldest(by_mismatch_, mismatch_after_ns);
  return mismatched != nullptr ? mismatched : oldest(by_age_, incomplete_after_ns);
}

Waiting WaitingGroups::waiting(size_t max_chunks) const {
  Waiting waiting{pieces_, bytes_, memory_.bytes(), 0, {}};
  if (!by_age_.empty()) waiting.oldest_ns = by_age_.begin()->first;
  for (auto at = by_age_.begin(); at != by_age_.end() && waiting.chunks.size() < max_chunks; ++at) {
    const ChunkGroup& group = *groups_.at(at->second);
    for (const Chunk& chunk : group.chunks) {
      if (waiting.chunks.size() == max_chunks) break;
      WaitingChunk& shown = waiting.chunks.emplace_back();
      shown.chunk_id = chunk.id;
      shown.fragments = static_cast<uint32_t>(chunk.fragments.size());
      if (!group.heads.empty()) {
        const auto& awaited = group.heads.front().awaited;
        const auto found = std::ranges::find(awaited, chunk.id, &Awaited::chunk_id);
        if (found != awaited.end()) shown.total = found->total_fragments;
      }
      shown.crc_mismatch = group.mismatched_since_ns.has_value();
      shown.first_seen_ns = group.first_seen_ns;
    }
  }
  return waiting;
}

}  // namespace sluice::assemble
