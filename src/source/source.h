// Source: where records come from.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "change/block.h"

namespace sluice::source {

// What a source may say instead of a block.
enum class Quiet {
  Later,  // nothing now, more may come; next() has already waited a moment
  End,    // the end, for good (or the end asked for with --until-end)
};

// One block, or why there is none.
struct Pull {
  std::optional<change::Block> block;
  Quiet quiet = Quiet::Later;
};

struct Progress {
  uint64_t bytes_read = 0;
  std::optional<uint64_t> bytes_total;  // when the source knows its size
};

// Owned and called by one thread.
class Source {
 public:
  virtual ~Source() = default;
  // The next records. Waits at most about 100 ms when there are none.
  // Errors: Refused (the source cannot be read and never will; what was handed out before stays good),
  // Unavailable (again later).
  virtual Result<Pull> next() = 0;
  // One line for a person, once, about something that next() noticed: a replaced file, a resumed position.
  virtual std::vector<std::string> take_notices() = 0;
  virtual Progress progress() const = 0;
};

}  // namespace sluice::source
