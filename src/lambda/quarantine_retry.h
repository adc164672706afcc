// QuarantineRetry: records of the function's quarantine once more through the function's own way.
//
// A record leaves the quarantine only when it is durable elsewhere: as a row, or as a waiting piece of an
// oversized record. Killed at any point, it is there still or stands twice, which is a repeat.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "lambda/consumer.h"
#include "lambda/kept_records.h"
#include "lambda/object_store.h"

namespace sluice::lambda {

// tried = landed + repeats + waiting + refused + what the error of retry() left.
struct Retried {
  int64_t tried = 0;
  int64_t landed = 0;
  int64_t repeats = 0;
  int64_t waiting = 0;
  int64_t refused = 0;  // by its data, again
  std::map<std::string, int64_t> refused_by_reason;
};

// Threads: one at a time. What it is given outlives it.
class QuarantineRetry {
 public:
  // `fragments` null: pieces stay in quarantine, and the error says which setting is missing.
  QuarantineRetry(ObjectStore& kept, RowStore& rows, SharedFragments* fragments, const KeySource& keys,
                  const Clock& clock)
      : kept_(kept), rows_(rows), fragments_(fragments), keys_(keys), clock_(clock) {}

  // Tries those records of one object whose ids are in `ids`, and takes what is durable then out of it.
  // Errors: Unavailable with why some are neither durable nor refused; what was settled has left the
  // quarantine.
  Result<void> retry(const std::string& object, const std::set<int64_t>& ids, int64_t deadline_ns,
                     Retried& outcome);

 private:
  Result<void> forget_ends(const change::Block& block);

  ObjectStore& kept_;
  RowStore& rows_;
  SharedFragments* fragments_;
  const KeySource& keys_;
  const Clock& clock_;
};

}  // namespace sluice::lambda
