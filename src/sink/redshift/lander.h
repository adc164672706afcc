// Lander: makes rows durable in cdc_events of a Redshift workgroup or cluster, through the Data API.
//
// The Data API is asynchronous and says "accepted" long before anything has happened. A row is Durable here
// only when the statement that carried it is FINISHED and Redshift counts exactly the rows it was given;
// everything else is NotLanded, however likely it is. Rows that are landed again are harmless (views read
// each position once), so in doubt they are. Links neither DuckDB nor libpq.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/redshift_data.h"
#include "aws/s3.h"
#include "base/clock.h"
#include "base/result.h"
#include "change/batch.h"
#include "net/retry.h"
#include "sink/redshift/settings.h"

namespace sluice::sink::redshift {

// What the rows of one land() are a part of. Goes, with the rows themselves, into the ClientTokens, so that
// the same delivery submitted once more (a lost reply, a function that was killed) does not run twice.
struct Intent {
  std::string_view stream;
  std::string_view shard;
  std::string_view first_sequence;
  std::string_view last_sequence;
};

enum class Fate : uint8_t {
  NotLanded,  // nothing is known to be durable: deliver it again
  Durable,
  Refused,  // its data can never be stored as it is: quarantine it
};

// Why a row is Refused. `reason` is a short code for counting; `message` one sentence, with Redshift's words
// where they are Redshift's, never with a value of the row.
struct RefusedRow {
  size_t row = 0;  // index into the rows given
  std::string reason;
  std::string message;
};

struct LandingCounters {
  int64_t statements = 0;  // that Redshift accepted, retries and halves of bisected ones included
  int64_t retries = 0;     // calls and statements that had to be made once more
  int64_t throttles = 0;   // answers that asked for less
  int64_t copies = 0;      // of `statements`, those that were COPY
  int64_t sent_bytes = 0;  // of SQL, parameters and files
  int64_t elapsed_ms = 0;
};

struct Landing {
  std::vector<Fate> fates;          // one per row, in the order given
  std::vector<RefusedRow> refused;  // in order of row: exactly those whose fate is Refused
  // Set exactly when some row is NotLanded: why, for a person, and by its kind what to do. Refused: again
  // changes nothing until a person acts (no right, no table). Throttled and Unavailable: again, later.
  // OutcomeUnknown: the same, and it may have happened.
  std::optional<Error> trouble;
  LandingCounters counters;

  // The lowest index whose row is NotLanded; fates.size() when there is none.
  size_t first_not_landed() const;
};

// Threads: one at a time per Lander. What it is given outlives it.
class Lander {
 public:
  // `s3` takes the files of COPY; null: what only COPY can carry is Refused with the reason `needs-copy`. Its
  // time for one file is its own. The settings of COPY are checked: see check_copy_settings().
  Lander(aws::RedshiftData& api, Settings settings, const Clock& clock, net::Sleeper& sleeper,
         aws::S3* s3 = nullptr);
  ~Lander();

  // Returns when every row has its fate or `deadline_ns` (on the clock's steady time) is near; by then
  // nothing waits any more and rows still in flight are NotLanded. Each row's table indexes `tables`. The
  // rows may be of several shards and of any order. Never fails as a whole: see Landing.
  Landing land(std::span<const change::Row> rows, std::span<const change::TableName> tables,
               const Intent& intent, int64_t deadline_ns);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice::sink::redshift
