// Arrival: the piece that the assembler was just given, and how one ends that changes nothing else.
//
// Here are the words of its messages, too. They name chunks, never a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "assemble/assembler.h"
#include "assemble/ended_chunks.h"

namespace sluice::assemble {

struct Arrival {
  change::Position position;
  std::string_view bytes;
  std::string chunk_id;  // under which the store keeps it
  uint32_t index = 0;    // kHeadIndex for a head
  uint32_t crc32c = 0;
  uint64_t data_bytes = 0;
  int64_t now_ns = 0;

  bool is_head() const { return index == kHeadIndex; }
  std::string name() const;
};

Outcome repeat_of(const Arrival& arrival);
Outcome quarantined_alone(const Arrival& arrival, std::string_view reason, std::string message);

// What makes a head impossible; nothing when it is fine.
std::optional<std::string> fault_of(const change::ChunkedHead& head);

inline constexpr std::string_view kRetryHint = "sluice quarantine retry puts the chunk together anew";
// A chunk's id as messages name it: it comes from outside.
std::string shown(std::string_view chunk_id);
// Why all pieces of a chunk were quarantined. `id` as shown().
std::string message_of(Ending ending, const std::string& id);

}  // namespace sluice::assemble
