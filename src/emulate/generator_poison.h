// Poison: records that a reader must set aside, of every class that is known to have hurt one.
//
// Poison never takes part in the truth: it names columns and keys that no row of the model has, and whatever
// part of it is read as good shows up as a difference.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulate/random.h"

namespace sluice::emulate {

// Where the poison pretends to come from.
struct PoisonOrigin {
  std::string_view schema;
  std::string_view table;
  int64_t commit_ts_ns = 0;
};

struct Poison {
  std::string_view name;             // of its class: wrong-crc
  std::vector<std::string> records;  // one, or the pieces of one chunk
  int64_t quarantined_at_least = 1;  // of these records
  int64_t never_complete = 0;        // of these records, pieces that wait for ever
};

// All classes, in a fixed order.
std::span<const std::string_view> poison_classes();
Poison make_poison(size_t poison_class, const PoisonOrigin& origin, Random& random);

}  // namespace sluice::emulate
