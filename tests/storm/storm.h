// Storm: one seed's world through the real pipeline, with everything that goes wrong out there: repeats,
// disorder, failing sinks and sources, stops, crashes.
//
// Deterministic by its seed, but for the moments at which a killed program dies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "storm/world.h"

namespace sluice::storm {

enum class Destination {
  Model,       // in memory, so that there are many failures in little time
  DuckDb,      // a file, failing and crashing between the batches
  DuckDbFull,  // a file on a disk that fills up at any byte, killed at any moment
};

struct StormReport {
  std::string story;                  // what was drawn, in one line
  std::vector<std::string> findings;  // none: all is well
};

// One storm. `folder` is an empty one for the file. Errors: none that a right program gives; they are
// findings, too.
StormReport run_storm(const World& world, Destination destination, const std::string& folder);

// The same records in order, shuffled, doubled and cut into several runs must give the same rows, keys,
// columns and quarantine.
StormReport compare_deliveries(const World& world);

}  // namespace sluice::storm
