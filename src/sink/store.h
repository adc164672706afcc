// Store: a sink that also keeps a quarantine and views, so that a person can look into it and put things
// right. DuckDB and PostgreSQL are stores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sink/current_tables.h"
#include "sink/rekey_effect.h"
#include "sink/sink.h"
#include "sink/view_report.h"

namespace sluice::sink {

// What to do with a change that is in the log already (same table, key, commit time, operation and image).
enum class Repeats { Land, Skip };

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

// The newest image of one table that is no delete: what its rows look like now.
struct NewestImage {
  change::TableName table;
  std::string json;
};

// Threads: as Sink; everything here is called by the thread that calls load().
class Store : public Sink {
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
  // What the rekey would do to the log. Nothing is changed; apply() of a batch that holds it does it.
  virtual Result<RekeyEffect> try_rekey(const change::Rekey& rekey) = 0;
  // Every maintained table held against the log.
  virtual Result<std::vector<CurrentCheck>> check_current() = 0;
  // Of every table that has one. Reads the whole log once.
  virtual Result<std::vector<NewestImage>> newest_images() = 0;
  // Makes all views anew, and lets `grantees` (sql::grant_statements()) read them, all in one transaction.
  // Returns their number.
  virtual Result<int64_t> refresh_views(const std::vector<std::string>& grantees) = 0;
  // What refresh_views() would change; nothing is changed.
  virtual Result<std::vector<ViewDifference>> view_differences() = 0;
  // Drops every view, macro and function that a writer made for a table; no data. Returns the number of
  // views. The next run makes them again.
  virtual Result<int64_t> drop_views() = 0;
  // Every column of a current view that shows NULL for a value that is there.
  virtual Result<std::vector<UnconvertedColumn>> unconverted_values() = 0;
};

}  // namespace sluice::sink
