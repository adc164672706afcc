// The judge: holds what landed against what must have, and says in words where they differ.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "storm/landed.h"
#include "storm/world.h"

namespace sluice::storm {

// What the judge must know of the storm.
struct Course {
  std::map<std::string, int64_t> read;  // records per shard that were taken from the source and confirmed
  bool repeats_skipped = false;         // the sink's setting
  bool redelivered = false;             // the source gave some records again after a restart
  bool expired = false;                 // days have passed since
};

// Each finding is one line; none: all is well.
std::vector<std::string> judge(const World& world, const Landed& landed, const Course& course);
// Differences between two states, the first few of them. `what` names the second.
std::vector<std::string> differences(const State& expected, const State& actual, const std::string& what);

// Holds every *_current view of a store that nobody has open against the truth, column by column. Errors: the
// database's.
Result<std::vector<std::string>> judge_views(const World& world, const std::string& path,
                                             const catalog::Catalog* catalog);

}  // namespace sluice::storm
