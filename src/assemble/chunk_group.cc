#include "assemble/chunk_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "assemble/assembler.h"
#include "base/check.h"
#include "base/crc32c.h"

namespace sluice::assemble {
namespace {

using Alternatives = std::vector<std::unique_ptr<HeldPiece>>;

uint64_t least_of(const Alternatives& alternatives) {
  const auto least =
      std::ranges::min_element(alternatives, {}, [](const auto& piece) { return piece->data_bytes; });
  return (*least)->data_bytes;
}

}  // namespace

std::vector<Awaited> awaited_by(const change::ChunkedHead& head) {
  std::vector<Awaited> awaited;
  for (const change::ChunkedImage& image : head.awaited)
    awaited.push_back({std::string(image.chunk_id), image.total_fragments, image.crc32c});
  return awaited;
}

bool Chunk::whole(uint32_t total) const {
  size_t below = fragments.size();
  for (auto at = fragments.rbegin(); at != fragments.rend() && at->first >= total; ++at) --below;
  return below == total;
}

void Chunk::add(std::unique_ptr<HeldPiece> fragment) {
  Alternatives& alternatives = fragments[fragment->index];
  if (!alternatives.empty()) least_bytes_ -= least_of(alternatives);
  alternatives.push_back(std::move(fragment));
  least_bytes_ += least_of(alternatives);
}

void Chunk::take_back(uint32_t index) {
  const auto found = fragments.find(index);
  CHECK(found != fragments.end());
  found->second.pop_back();
  if (found->second.empty()) fragments.erase(found);
  count_again();
}

void Chunk::count_again() {
  least_bytes_ = 0;
  for (const auto& [index, alternatives] : fragments) least_bytes_ += least_of(alternatives);
}

Chunk& ChunkGroup::chunk(std::string_view id) {
  const auto found = std::ranges::find(chunks, id, &Chunk::id);
  CHECK(found != chunks.end());
  return *found;
}

const Chunk& ChunkGroup::chunk(std::string_view id) const {
  const auto found = std::ranges::find(chunks, id, &Chunk::id);
  CHECK(found != chunks.end());
  return *found;
}

bool ChunkGroup::whole(const Head& head) const {
  return std::ranges::all_of(head.awaited, [&](const Awaited& awaited) {
    return chunk(awaited.chunk_id).whole(awaited.total_fragments);
  });
}

bool ChunkGroup::all_whole() const {
  return std::ranges::all_of(heads, [this](const Head& head) { return whole(head); });
}

void ChunkGroup::add(Head head) {
  const auto at = std::ranges::upper_bound(heads, head.piece->crc32c, {},
                                           [](const Head& other) { return other.piece->crc32c; });
  heads.insert(at, std::move(head));
}

void ChunkGroup::for_each(const std::function<void(const Chunk&, HeldPiece&)>& visit) {
  for (Head& head : heads) visit(chunk(head.awaited.front().chunk_id), *head.piece);
  for (Chunk& each : chunks) {
    for (auto& [index, alternatives] : each.fragments) {
      for (auto& piece : alternatives) visit(each, *piece);
    }
  }
}

bool ChunkGroup::has_alternatives() const {
  return std::ranges::any_of(chunks, [](const Chunk& chunk) {
    return std::ranges::any_of(chunk.fragments, [](const auto& entry) { return entry.second.size() > 1; });
  });
}

std::optional<Choice> find_match(const Chunk& chunk, const Awaited& awaited,
                                 const std::function<std::string_view(const HeldPiece&)>& data_of) {
  // Each index's alternatives in an order of their own, and which one is being tried, counted like an
  // odometer.
  std::vector<Choice> wheels;
  for (const auto& [index, alternatives] : chunk.fragments) {
    if (index >= awaited.total_fragments) break;
    Choice& wheel = wheels.emplace_back();
    for (const auto& piece : alternatives) wheel.push_back(piece.get());
    const auto content_of = [](const HeldPiece* piece) {
      return std::pair(piece->crc32c, piece->data_bytes);
    };
    std::ranges::sort(wheel, {}, content_of);
    const auto same = [&](const HeldPiece* left, const HeldPiece* right) {
      return content_of(left) == content_of(right);
    };
    wheel.erase(std::unique(wheel.begin(), wheel.end(), same), wheel.end());
  }
  std::vector<size_t> at(wheels.size(), 0);
  std::vector<uint32_t> crc_before(wheels.size() + 1, 0);
  size_t from = 0;  // the first wheel whose crc has to be computed again
  for (size_t tried = 0; tried < kMaxCombinations; ++tried) {
    for (size_t i = from; i < wheels.size(); ++i)
      crc_before[i + 1] = crc32c(data_of(*wheels[i][at[i]]), crc_before[i]);
    if (crc_before.back() == awaited.crc32c) {
      Choice choice;
      for (size_t i = 0; i < wheels.size(); ++i) choice.push_back(wheels[i][at[i]]);
      return choice;
    }
    size_t turned = wheels.size();
    while (turned > 0 && ++at[turned - 1] == wheels[turned - 1].size()) at[--turned] = 0;
    if (turned == 0) return std::nullopt;
    from = turned - 1;
  }
  return std::nullopt;
}

uint32_t identity_of(const change::ChunkedHead& head) {
  std::string said;
  const auto say = [&said](std::string_view text) {
    fmt::format_to(std::back_inserter(said), "{}:{},", text.size(), text);
  };
  for (const change::ChunkedImage& image : head.awaited) {
    say(image.chunk_id);
    fmt::format_to(std::back_inserter(said), "{},{},", image.total_fragments, image.crc32c);
  }
  for (const std::string_view text :
       {head.origin.schema, head.origin.table, head.origin.op, head.origin.tx_id})
    say(text);
  fmt::format_to(std::back_inserter(said), "{},{},", head.origin.commit_ts_ns, head.deciding);
  say(head.inline_image.json);
  return crc32c(said);
}

}  // namespace sluice::assemble
