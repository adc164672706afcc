// Sweep: ends, little by little, the oversized records of which something never came.
//
// Nobody tells a function that a piece will not come; a process therefore looks through the fragments' place
// now and then, one list at a time, beginning anywhere, and puts what has waited for longer than is allowed
// into quarantine. Two that do so at the same time put the same objects there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "lambda/consumer.h"
#include "lambda/fragments.h"

namespace sluice::lambda {

struct SweepOptions {
  int64_t incomplete_after_ms = int64_t{8} * 86'400'000;
  // Between the end of one look through everything and the beginning of the next.
  int64_t pause_ms = 3'600'000;
};

// Threads: one at a time. What it is given outlives it.
class Sweep {
 public:
  // `seed` decides where it begins, so that processes that do not live long see different parts.
  Sweep(SharedFragments& fragments, Consumer& consumer, const Clock& clock, SweepOptions options,
        uint64_t seed);

  // Looks at one list and ends what is due of it, as far as there is time; does nothing when nothing is to be
  // looked at yet. What was not done is found again.
  Consumer::Settled go_on(std::string_view stream, int64_t deadline_ns);

 private:
  SharedFragments& fragments_;
  Consumer& consumer_;
  const Clock& clock_;
  SweepOptions options_;
  std::string from_;  // where the next list begins
  bool is_second_half_ = false;
  std::optional<int64_t> pause_until_ns_;
};

}  // namespace sluice::lambda
