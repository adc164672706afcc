// Source: where records come from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "change/block.h"

namespace sluice::source {

// What a source may say instead of a block.
enum class Quiet {
  Later,        // nothing now, more may come; next() has already waited a moment
  Unconfirmed,  // nothing until what was handed out is confirmed(); next() has not waited
  End,          // the end, for good (or the end asked for with --until-end)
};

// One block, or why there is none.
struct Pull {
  std::optional<change::Block> block;
  Quiet quiet = Quiet::Later;
};

// One shard of a source that has several.
struct ShardProgress {
  std::string shard;
  std::string position;    // as the ledger keeps it, of what was read
  int64_t behind_ms = -1;  // its newest record read is so much older than its newest; -1: not known
  uint64_t records = 0;    // read in this run
  uint64_t bytes = 0;
  double records_per_second = 0;
  bool finished = false;  // closed, and read to its end
};

struct Progress {
  uint64_t bytes_read = 0;
  std::optional<uint64_t> bytes_total = {};  // when the source knows its size
  std::vector<ShardProgress> shards = {};    // of a stream; empty for files
  int64_t unread_since_ns = 0;  // steady time since when something of it cannot be read; 0: all can
  int64_t expired_unread = 0;   // places where records may have expired before they were read
};

// Owned and called by one thread.
class Source {
 public:
  virtual ~Source() = default;
  // The next records. Waits at most about 100 ms when there are none.
  // Errors: Refused (the source cannot be read and never will; what was handed out before stays good),
  // Unavailable (again later).
  virtual Result<Pull> next() = 0;
  // These positions are durable, and everything that was handed out before them. For a source that passes it
  // on to somebody; the ledger has it already.
  virtual void confirmed(const std::vector<change::Checkpoint>& /*durable*/) {}
  // One line for a person, once, about something that next() noticed: a replaced file, a resumed position.
  virtual std::vector<std::string> take_notices() = 0;
  virtual Progress progress() const = 0;
};

}  // namespace sluice::source
