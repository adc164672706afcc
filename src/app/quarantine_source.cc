#include "app/quarantine_source.h"

#include <utility>

namespace sluice::app {

QuarantineSource::QuarantineSource(const std::vector<sink::QuarantineEntry>& entries) {
  change::Block block;
  for (const sink::QuarantineEntry& entry : entries) {
    block.records.push_back({.position = {block.arena.copy(entry.shard), block.arena.copy(entry.sequence)},
                             .bytes = block.arena.copy(entry.bytes)});
    bytes_ += entry.bytes.size();
  }
  block.source_bytes = bytes_;
  block_ = std::move(block);
}

Result<source::Pull> QuarantineSource::next() {
  return source::Pull{.block = std::exchange(block_, std::nullopt), .quiet = source::Quiet::End};
}

}  // namespace sluice::app
