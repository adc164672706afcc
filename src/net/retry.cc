#include "net/retry.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace sluice::net {

bool SystemSleeper::sleep_ms(int64_t ms) {
  constexpr int64_t kLookEveryMs = 50;
  const auto stopped = [this] { return stop_ != nullptr && stop_->load(std::memory_order_relaxed); };
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (!stopped()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= end) return true;
    std::this_thread::sleep_for(
        std::min<std::chrono::steady_clock::duration>(end - now, std::chrono::milliseconds(kLookEveryMs)));
  }
  return false;
}

int64_t Backoff::delay_ms(int failures, ErrorKind kind) {
  int64_t most = std::max<int64_t>(policy_.first_delay_ms, 1);
  for (int i = 1; i < failures && most < policy_.max_delay_ms; ++i) most *= 2;
  most = std::min(most, policy_.max_delay_ms);
  const int64_t least = kind == ErrorKind::Throttled ? most / 2 : 0;
  return std::uniform_int_distribution<int64_t>(least, most)(random_);
}

bool worth_retrying(ErrorKind kind, const RetryPolicy& policy) {
  switch (kind) {
    case ErrorKind::Throttled:
    case ErrorKind::Unavailable:
      return true;
    case ErrorKind::OutcomeUnknown:
      return policy.repeatable;
    case ErrorKind::Malformed:
    case ErrorKind::Refused:
      return false;
  }
  return false;
}

}  // namespace sluice::net
