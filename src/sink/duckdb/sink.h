// The DuckDB sink: one file that holds the log, the ledger, the waiting fragments, the quarantine and the
// views.
//
// One transaction per batch holds all of it, so a kill at any moment neither loses nor repeats a record.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "sink/duckdb/duckdb.h"
#include "sink/sink.h"

namespace sluice::sink::duckdb {

// What to do with a change that is in the log already (same table, key, commit time, operation and image).
enum class Repeats { Land, Skip };

struct SinkOptions {
  std::string path;
  std::string memory_limit = "192MB";
  int threads = 2;
  Repeats repeats = Repeats::Land;
  std::optional<catalog::Catalog> catalog;  // gives the views real types
  bool create = true;                       // false: Refused unless sluice has written to the file before
};

// One record in quarantine, as lists and `show` present it.
struct QuarantineEntry {
  int64_t id = 0;
  std::string shard;
  std::string sequence;
  std::string reason;
  std::string message;
  std::string chunk_id;
  std::string bytes;
  int64_t first_seen_ns = 0;
};

class DuckDbSink : public Sink {
 public:
  // A quick look at the whole quarantine: count per reason.
  virtual Result<std::vector<std::pair<std::string, int64_t>>> quarantine_counts() = 0;
  // Entries in order of id; `reason` and `id` narrow them. At most `limit`, bytes only when asked for.
  virtual Result<std::vector<QuarantineEntry>> quarantined(std::optional<int64_t> id,
                                                           const std::string& reason, int64_t limit,
                                                           bool with_bytes) = 0;
  // From now on until cleared: the next apply() removes these entries in its own transaction and takes them
  // off their shards' quarantined count. Those that the batch quarantines again (same position) keep their id
  // and first_seen. For `quarantine retry`.
  virtual void release_with_next_apply(std::vector<QuarantineEntry> entries) = 0;
  // How many rows of the log with commit times from `from_ns` through `through_ns` are the same change once
  // more: same table, key, commit time and operation.
  virtual Result<int64_t> count_repeats(int64_t from_ns, int64_t through_ns) = 0;
  // The statements that make the views of what is known, without running them.
  virtual Result<std::vector<std::string>> view_statements() = 0;
  // Makes all views anew, in one transaction. Returns their number.
  virtual Result<int64_t> refresh_views() = 0;
};

// Opens or creates the store. An older schema is migrated, a newer one refused.
Result<std::unique_ptr<DuckDbSink>> open_sink(SinkOptions options);

}  // namespace sluice::sink::duckdb
