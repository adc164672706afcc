// Which quarantined records a retry takes, and which of them belong together.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "sink/store.h"

namespace sluice::app {

// Exactly one of them says something.
struct RetryChoice {
  std::set<int64_t> ids;
  std::string reason;
  bool all = false;
};

// The chosen records of `index` (which needs no bytes) in groups that must be tried together: a record alone,
// or all records of one chunk, also those that were not chosen themselves. Fails Refused when an ID is not
// there.
Result<std::vector<std::vector<sink::QuarantineEntry>>> plan_retry(
    const std::vector<sink::QuarantineEntry>& index, const RetryChoice& choice);

}  // namespace sluice::app
