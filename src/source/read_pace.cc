#include "source/read_pace.h"

#include <algorithm>

namespace sluice::source {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSecond = 1'000 * kMs;

}  // namespace

ReadPace::ReadPace(const PaceLimits& limits)
    : limits_(limits), least_ns_(kSecond / limits.reads_per_second), interval_ns_(least_ns_) {}

void ReadPace::read(int64_t started_ns, size_t bytes, bool at_tip) {
  failures_ = 0;
  interval_ns_ = std::max(least_ns_, interval_ns_ - interval_ns_ / 8);
  // A page has at most some tens of megabytes, so the product stays far below 2^63.
  const int64_t for_bytes = static_cast<int64_t>(bytes) * 1000 / limits_.bytes_per_second * kMs;
  const int64_t for_idling = at_tip ? limits_.idle_ms * kMs : 0;
  next_ns_ = started_ns + std::max({interval_ns_, for_bytes, for_idling});
}

void ReadPace::throttled(int64_t now_ns, double chance) {
  interval_ns_ = std::max(least_ns_, std::min(limits_.longest_wait_ms * kMs, interval_ns_ * 2));
  const int64_t half_ns = interval_ns_ / 2;
  next_ns_ = now_ns + half_ns + static_cast<int64_t>(static_cast<double>(half_ns) * chance);
}

void ReadPace::failed(int64_t now_ns, int64_t delay_ns) {
  ++failures_;
  next_ns_ = now_ns + std::max(least_ns_, delay_ns);
}

void ReadPace::called(int64_t now_ns) { next_ns_ = now_ns + interval_ns_; }

}  // namespace sluice::source
