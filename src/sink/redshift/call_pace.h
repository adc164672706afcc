// CallPace: how many calls a second this process makes, and how many statements it keeps in flight.
//
// The service's limits are the account's, shared by everybody in it; answers that ask for less are the only
// sign of what the others do. Threads: one owner.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace sluice::sink::redshift {

class CallPace {
 public:
  CallPace(double calls_per_second, int in_flight, const Clock& clock)
      : interval_ns_(static_cast<int64_t>(1e9 / calls_per_second)),
        most_(in_flight),
        limit_(in_flight),
        clock_(clock) {}

  // How long to wait before the next call; the call is then counted as made. A second's worth of calls that
  // were not made may be made at once.
  int64_t take_delay_ms() {
    const int64_t now = clock_.steady_ns();
    next_ns_ = std::max(next_ns_, now - kBurstNs) + interval_ns_;
    return std::max<int64_t>(0, next_ns_ - now) / 1'000'000;
  }

  size_t in_flight() const { return static_cast<size_t>(std::max(1.0, limit_)); }
  void asked_for_less() { limit_ = std::max(1.0, limit_ / 2); }
  void went_well() { limit_ = std::min(static_cast<double>(most_), limit_ + 0.25); }

 private:
  static constexpr int64_t kBurstNs = 1'000'000'000;
  int64_t interval_ns_;
  int most_;
  double limit_;
  const Clock& clock_;
  int64_t next_ns_ = 0;
};

}  // namespace sluice::sink::redshift
