// Clock: the time, so that a test can turn it by hand.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

// Threads: every implementation may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, nanoseconds since 1970 UTC. May step backwards; for stamps that people read and for ages of
  // days.
  virtual int64_t wall_ns() const = 0;
  // Monotonic nanoseconds from an arbitrary start; for intervals and deadlines.
  virtual int64_t steady_ns() const = 0;
};

// The machine's clock. One object for the life of the program.
const Clock& system_clock();

// Stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t start_ns) : now_ns_(start_ns) {}
  int64_t wall_ns() const override { return now_ns_; }
  int64_t steady_ns() const override { return now_ns_; }
  void advance_ns(int64_t by_ns) { now_ns_ += by_ns; }

 private:
  std::atomic<int64_t> now_ns_;
};

}  // namespace sluice
