// The one retry loop: the same attempt again while the kind of its error says that this may help.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <utility>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::net {

// Waits; a test's does not. Threads: any.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  // Gives false when there is no use in going on: the program was told to stop.
  virtual bool sleep_ms(int64_t ms) = 0;
};

// Sleeps on the machine's clock and looks at the flag 20 times a second. `stop` outlives it; null: never.
class SystemSleeper final : public Sleeper {
 public:
  explicit SystemSleeper(const std::atomic<bool>* stop = nullptr) : stop_(stop) {}
  bool sleep_ms(int64_t ms) override;

 private:
  const std::atomic<bool>* stop_;
};

struct RetryPolicy {
  int64_t deadline_ms = 60'000;  // no attempt begins later than this after the first
  int64_t first_delay_ms = 100;  // the most that is waited after the first failure; doubles each time
  int64_t max_delay_ms = 20'000;
  // Whether the operation may be done twice without harm; otherwise OutcomeUnknown ends the loop.
  bool repeatable = false;
};

// How long to wait after the `failures`-th failure in a row (from 1): any time up to the doubled delay, each
// as likely ("full jitter"), so that many clients do not come back together. A throttle waits at least half.
class Backoff {
 public:
  explicit Backoff(const RetryPolicy& policy, uint64_t seed = std::random_device{}())
      : policy_(policy), random_(seed) {}
  int64_t delay_ms(int failures, ErrorKind kind);

 private:
  RetryPolicy policy_;
  std::mt19937_64 random_;
};

// Whether an error of this kind can go away by itself.
bool worth_retrying(ErrorKind kind, const RetryPolicy& policy);

// What `attempt()` gives, tried until it succeeds, its error is not worth retrying, the deadline comes or the
// sleeper says stop; then its last error as it is.
template <typename Attempt>
auto retry(const RetryPolicy& policy, const Clock& clock, Sleeper& sleeper, Attempt&& attempt)
    -> decltype(attempt()) {
  Backoff backoff(policy);
  const int64_t end_ns = clock.steady_ns() + policy.deadline_ms * 1'000'000;
  for (int failures = 1;; ++failures) {
    auto result = attempt();
    if (result.ok() || !worth_retrying(result.error().kind, policy)) return result;
    const int64_t delay_ms = backoff.delay_ms(failures, result.error().kind);
    if (clock.steady_ns() + delay_ms * 1'000'000 > end_ns || !sleeper.sleep_ms(delay_ms)) return result;
  }
}

}  // namespace sluice::net
