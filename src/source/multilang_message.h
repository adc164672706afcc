// The messages of KCL's MultiLangDaemon, one JSON object per line, and the two that it understands.
//
// Members that are not known are passed over, absent ones and nulls are empty; an action that is not known is
// an error, because the daemon waits for an answer to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"

namespace sluice::source {

// What they point to is in the arena that was given; `data` has kReadableSlack behind it.
struct MultilangRecord {
  std::string_view sequence;  // a sequence number; several records of one KPL aggregate share it
  int64_t sub_sequence = 0;
  std::string_view data;
  int64_t arrival_ms = 0;  // since 1970 UTC; 0 when the daemon does not say
};

struct MultilangMessage {
  enum class Action : uint8_t {
    Initialize,         // the first: `shard_id`, and `sequence` to continue behind
    ProcessRecords,     // `records`
    Checkpoint,         // the answer to ours: `error` is empty, or the name of a Java exception
    LeaseLost,          // another worker has the shard
    ShardEnded,         // there will be no more records; only once this is checkpointed are its children read
    ShutdownRequested,  // the daemon wants to stop
    Shutdown,           // of old daemons: `reason` is TERMINATE (shard ended), ZOMBIE (lease lost), REQUESTED
  };
  Action action = Action::Initialize;
  std::string name;      // the action as it came, for the answer
  std::string shard_id;  // of Initialize
  std::string sequence;  // of Initialize: a sequence number, or TRIM_HORIZON, LATEST, AT_TIMESTAMP
  std::string reason;    // of Shutdown
  std::string error;     // of Checkpoint
  std::vector<MultilangRecord> records;
  int64_t behind_ms = -1;  // of ProcessRecords: behind the tip of the shard; -1 when the daemon does not say
};

// `line` without its newline; only its capacity may be changed. Refused, saying what is wrong with it and
// none of its content. The parser's memory, up to some times the longest line so far, is kept per thread.
Result<MultilangMessage> parse_multilang_message(std::string& line, Arena& arena);

// Lines to send, newline included. They begin with one as well: the daemon passes over lines that are no
// JSON, and with it over whatever somebody has printed there.
std::string status_line(std::string_view action);
// An empty `sequence` means whatever was delivered last, and behind ShardEnded the end of the shard.
std::string checkpoint_line(std::string_view sequence, int64_t sub_sequence);

}  // namespace sluice::source
