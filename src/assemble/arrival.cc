#include "assemble/arrival.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::assemble {

std::string Arrival::name() const { return is_head() ? "the head" : fmt::format("fragment {}", index); }

Outcome repeat_of(const Arrival& arrival) {
  Outcome out;
  out.fate = Fate::Repeat;
  out.books[std::string(arrival.position.shard)].repeats = 1;
  return out;
}

Outcome quarantined_alone(const Arrival& arrival, std::string_view reason, std::string message) {
  Outcome out;
  out.fate = Fate::Quarantined;
  out.quarantined.push_back({arrival.position, std::string(reason), std::move(message), arrival.chunk_id,
                             arrival.bytes, arrival.now_ns});
  out.books[std::string(arrival.position.shard)].quarantined = 1;
  return out;
}

std::optional<std::string> fault_of(const change::ChunkedHead& head) {
  if (head.awaited.empty() || head.awaited.size() > 2) return "a head must describe one or two chunks";
  for (const change::ChunkedImage& image : head.awaited) {
    const std::string id = shown(image.chunk_id);
    if (image.chunk_id.empty()) return "a head names a chunk without an id";
    if (image.total_fragments == 0 || image.total_fragments > change::kMaxFragments) {
      return fmt::format("chunk {}: total_fragments is {}, it must be 1 to {}", id, image.total_fragments,
                         change::kMaxFragments);
    }
  }
  if (head.deciding >= static_cast<int>(head.awaited.size()))
    return "a head's image is in none of its chunks";
  if (head.awaited.size() == 2 && head.awaited[0].chunk_id == head.awaited[1].chunk_id) {
    return fmt::format("chunk {}: a head gives it for both images", shown(head.awaited[0].chunk_id));
  }
  return std::nullopt;
}

std::string shown(std::string_view chunk_id) {
  size_t end = std::min<size_t>(chunk_id.size(), 80);
  while (end > 0 && end < chunk_id.size() && (static_cast<unsigned char>(chunk_id[end]) & 0xC0U) == 0x80U)
    --end;
  std::string text(chunk_id.substr(0, end));
  for (char& c : text) c = static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? '?' : c;
  return text;
}

std::string message_of(Ending ending, const std::string& id) {
  switch (ending) {
    case Ending::CrcMismatch:
      return fmt::format(
          "chunk {}: every fragment is there, but together they do not have the crc32c of the head", id);
    case Ending::ConflictingFragment:
      return fmt::format(
          "chunk {}: fragments of one index differ, and no choice of them has the crc32c of the head", id);
    case Ending::ConflictingHead:
      return fmt::format(
          "chunk {}: several heads contradict each other, and none has the crc32c of the fragments", id);
    case Ending::ImageTooLarge:
      return fmt::format("chunk {}: its image is longer than what can be put together", id);
    case Ending::IncompleteChunk:
      return fmt::format("chunk {}: the rest of it did not come in time; when it comes, {}", id, kRetryHint);
    case Ending::RejectedImage:
    case Ending::Landed:
      break;
  }
  return fmt::format("chunk {}: its image was put together but cannot be landed", id);
}

}  // namespace sluice::assemble
