// Progress: what a person sees while a run is under way, on standard error.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "base/clock.h"
#include "pipeline/pipeline.h"

namespace sluice::app {

// How fast it goes, smoothed over the last seconds.
struct Pace {
  double seconds = 0;  // since the start
  double records_per_second = 0;
  double bytes_per_second = 0;  // of the source
};

// One line of at most `width` columns: a bar when the total is known, counts, pace, the time that is left.
// What does not fit is left out, the least important first. `width` 0: no limit and no bar. `now_ns` is wall
// time and only used with `follow`, to say how old the newest change is.
struct LineStyle {
  size_t width = 0;
  bool colour = false;
  bool follow = false;
  int64_t now_ns = 0;
  bool counts_only = false;  // no bar, pace or time left
};
std::string progress_line(const pipeline::Snapshot& snapshot, const Pace& pace, const LineStyle& style);

// The same as one JSON object without its line end.
std::string progress_json(const pipeline::Snapshot& snapshot, const Pace& pace);

enum class ProgressMode : uint8_t { Line, Plain, Json, None };
// `choice` is auto, plain, json or none; auto is Line on a terminal and Plain elsewhere.
ProgressMode progress_mode(const std::string& choice, bool terminal);

// Decides when to write what to `stream`. Threads: one owner.
class ProgressMeter {
 public:
  ProgressMeter(ProgressMode mode, bool colour, bool follow, std::FILE* stream, const Clock& clock);

  void show(const pipeline::Snapshot& snapshot);
  // A line that stays. With None it is written too, because it is said only once.
  void notice(const std::string& text);
  // Takes the self-rewriting line off the screen; call it before anything else is written.
  void clear();
  double seconds() const;

 private:
  void measure(const pipeline::Snapshot& snapshot);

  ProgressMode mode_;
  bool colour_;
  bool follow_;
  std::FILE* stream_;
  const Clock* clock_;
  int64_t start_ns_;
  int64_t measured_ns_;
  std::optional<int64_t> shown_ns_;
  int64_t measured_records_ = 0;
  uint64_t measured_bytes_ = 0;
  Pace pace_;
  bool line_is_shown_ = false;
};

}  // namespace sluice::app
