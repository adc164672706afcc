#include "base/clock.h"

#include <chrono>

namespace sluice {
namespace {

class SystemClock final : public Clock {
 public:
  int64_t wall_ns() const override { return since_epoch(std::chrono::system_clock::now()); }
  int64_t steady_ns() const override { return since_epoch(std::chrono::steady_clock::now()); }

 private:
  template <typename TimePoint>
  static int64_t since_epoch(TimePoint point) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(point.time_since_epoch()).count();
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace sluice
