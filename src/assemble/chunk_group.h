// ChunkGroup: the chunks of one change that wait together, and which of their fragments give the right image.
//
// One chunk, or two once a head says that both of its images were split. Threads: plain values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assemble/held_pieces.h"
#include "change/change.h"

namespace sluice::assemble {

// change::ChunkedImage with its own text.
struct Awaited {
  std::string chunk_id;
  uint32_t total_fragments = 0;
  uint32_t crc32c = 0;
};

std::vector<Awaited> awaited_by(const change::ChunkedHead& head);

struct Head {
  std::unique_ptr<HeldPiece> piece;
  std::vector<Awaited> awaited;  // the store keeps the head under the first one's chunk_id
};

struct Chunk {
  std::string id;
  // By index; more than one where the fragments differ.
  std::map<uint32_t, std::vector<std::unique_ptr<HeldPiece>>> fragments;
  // False for fragments of an earlier run whose crc32c is not known yet.
  bool known = true;

  // Whether every index below `total` is there.
  bool whole(uint32_t total) const;
  // How long the image is at least, as far as it has arrived.
  uint64_t least_bytes() const { return least_bytes_; }
  void add(std::unique_ptr<HeldPiece> fragment);
  // Takes out what was added last at this index.
  void take_back(uint32_t index);
  void count_again();

 private:
  uint64_t least_bytes_ = 0;
};

struct ChunkGroup {
  uint64_t number = 0;
  std::vector<Chunk> chunks;
  std::vector<Head> heads;  // ordered by what they say, so that the order of arrival plays no part
  int64_t first_seen_ns = 0;
  std::optional<int64_t> mismatched_since_ns;

  Chunk& chunk(std::string_view id);
  const Chunk& chunk(std::string_view id) const;
  bool whole(const Head& head) const;
  bool all_whole() const;  // for every head
  void add(Head head);
  // Every piece, heads first, with its chunk.
  void for_each(const std::function<void(const Chunk&, HeldPiece&)>& visit);
  bool has_alternatives() const;
};

// The fragment to take for each index of an awaited image.
using Choice = std::vector<const HeldPiece*>;

// The first combination of fragments whose crc32c is the awaited one; at most kMaxCombinations are tried, in
// an order that depends on the fragments' crc32c alone. `data_of` gives a fragment's data. The chunk must be
// whole.
std::optional<Choice> find_match(const Chunk& chunk, const Awaited& awaited,
                                 const std::function<std::string_view(const HeldPiece&)>& data_of);

// A number for everything that a head says, the same when it is delivered again with a new processing time.
uint32_t identity_of(const change::ChunkedHead& head);

}  // namespace sluice::assemble
