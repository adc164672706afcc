// ReadPace: when a shard may be read again.
//
// Kinesis allows 5 reads and 2 MiB a second per shard, shared by everybody who reads it (Developer Guide,
// "Quotas and limits"): after a reply of 10 MiB it refuses for 5 seconds. How much of that is ours is found
// out: each refusal doubles the interval, each page that comes takes an eighth off again. Time and chance are
// passed in. Threads: one owner.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::source {

struct PaceLimits {
  int64_t reads_per_second = 5;
  int64_t bytes_per_second = int64_t{2} << 20;
  int64_t idle_ms = 500;  // between reads of a shard that has nothing new, to leave reads to others
  int64_t longest_wait_ms = 10'000;  // between reads of a shard that throttles
};

class ReadPace {
 public:
  explicit ReadPace(const PaceLimits& limits);

  // Not before this time, in the caller's steady nanoseconds; 0 at first.
  int64_t next_ns() const { return next_ns_; }

  // A page came to the read that began at `started_ns`. `at_tip`: nothing more is there for now.
  void read(int64_t started_ns, size_t bytes, bool at_tip);
  // `chance`, from 0 to 1, decides how much of the second half of the interval is waited, so that many
  // readers do not come back together.
  void throttled(int64_t now_ns, double chance);
  // Out of reach, or an answer that is none: not before `delay_ns` from now.
  void failed(int64_t now_ns, int64_t delay_ns);
  // A call that counts as one of the reads, but brought no page.
  void called(int64_t now_ns);

  // In a row, throttles not among them.
  int failures() const { return failures_; }

 private:
  PaceLimits limits_;
  int64_t least_ns_;
  int64_t interval_ns_;
  int64_t next_ns_ = 0;
  int failures_ = 0;
};

}  // namespace sluice::source
