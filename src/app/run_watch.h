// RunWatch: a run as those who watch a daemon see it: /healthz, /metrics, and a line when its health changes.
//
// Health is of the data's path, not of the process: it is bad when records wait and nothing has become
// durable for a stated time, or when the source cannot be read for that long. Threads: any.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/pipeline.h"

namespace sluice::app {

struct Health {
  bool good = true;
  std::string text;  // one sentence that says why
};

class RunWatch {
 public:
  RunWatch(const Clock& clock, int64_t unhealthy_after_ms);

  // The newest snapshot, from the pipeline's thread. It may block there for as long as the sink does.
  void note(const pipeline::Snapshot& snapshot);
  Health health() const;
  // What is new since the last call and worth a line: the health has changed, records went to quarantine (at
  // most once a minute).
  struct Line {
    LogLevel level = LogLevel::Info;
    std::string text;
  };
  std::vector<Line> take_lines();
  // Prometheus's text exposition format 0.0.4.
  std::string metrics() const;

 private:
  Health health_locked() const;

  const Clock& clock_;
  const int64_t unhealthy_after_ns_;
  mutable std::mutex mutex_;
  pipeline::Snapshot last_;
  int64_t noted_ns_;      // when last_ came
  int64_t moved_ns_;      // when more became durable, or nothing waited; steady
  int64_t durable_at_s_;  // the same on the wall clock, for people; 0 before
  bool told_good_ = true;
  int64_t told_quarantined_ = 0;
  int64_t told_quarantined_ns_ = 0;
};

}  // namespace sluice::app
