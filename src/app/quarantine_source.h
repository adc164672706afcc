// QuarantineSource: quarantined records as a source, so that `quarantine retry` takes the way of every
// record.
#pragma once

#include <vector>

#include "sink/store.h"
#include "source/source.h"

namespace sluice::app {

// Gives all entries, with their bytes, as one block (so that they are one batch and one transaction) under
// the positions that they came from, and then ends. Confirms no position of any shard.
class QuarantineSource final : public source::Source {
 public:
  explicit QuarantineSource(const std::vector<sink::QuarantineEntry>& entries);

  Result<source::Pull> next() override;
  std::vector<std::string> take_notices() override { return {}; }
  source::Progress progress() const override { return {.bytes_read = bytes_, .bytes_total = bytes_}; }

 private:
  std::optional<change::Block> block_;
  uint64_t bytes_ = 0;
};

}  // namespace sluice::app
