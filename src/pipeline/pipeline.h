// The pipeline: pull, decode, assemble, key, batch, apply, confirm.
//
// Reading and decoding run on the caller's thread, the sink on one other; a queue of at most two batches
// joins them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "change/batch.h"
#include "sink/sink.h"
#include "source/source.h"

namespace sluice::pipeline {

struct PipelineOptions {
  // A batch is applied when one of these is reached, or before the next block would exceed batch_rows. A
  // block of the source is never cut: one that is larger alone makes a larger batch.
  int64_t batch_rows = 245'760;
  int64_t batch_bytes = int64_t{96} << 20;
  int64_t batch_ms = 1000;
  // How long a fragment may wait for its head, or a head for its fragments: a week of source buffering plus a
  // day.
  int64_t incomplete_after_ms = int64_t{8} * 86'400'000;
  int64_t fragment_memory_bytes = int64_t{64} << 20;
  std::map<change::TableName, std::vector<std::string>> keys;  // from the configuration; strongest
  std::optional<catalog::Catalog> catalog;
  // The records come out of the quarantine: they were counted as read when they first came.
  bool is_retry = false;
  // Whether the summary looks over the whole store: the audit, the tables, the rows without a key. That takes
  // as long as counting its rows. Otherwise the summary has this run's own numbers.
  bool look_over_store = true;
  // Chunks whose pieces are tried again although the chunk has ended. Only with is_retry.
  std::vector<std::string> chunks_to_retry;
};

// A moment of the run, for the progress line. `books` counts this run; waiting is the store's whole.
struct Snapshot {
  change::Books books;
  int64_t durable = 0;  // of the records read, those in a transaction that is done
  source::Progress source;
  int64_t oldest_waiting_ns = 0;  // first_seen of the oldest waiting piece, 0 when none waits
  int64_t newest_commit_ts_ns = 0;
  bool final = false;
};

// A table as the summary names it.
struct TableNote {
  change::TableName table;
  change::TableKey key;
  int64_t keyless_rows = 0;
  int64_t key_mismatches = 0;
};

struct RunSummary {
  std::map<std::string, change::Books, std::less<>> shards;       // this run
  std::map<std::string, change::Books, std::less<>> shards_ever;  // the store's whole life, from the ledger
  std::map<std::string, int64_t> quarantined_by_reason;           // this run
  std::map<std::string, int64_t>
      curiosities;  // unknown-op, unknown-version, no-commit-ns ...: landed, but counted
  std::vector<TableNote> tables_to_mention;  // without a key, or whose deletes disagree with the key
  std::vector<std::string> waiting_chunks;   // at most 10 ids
  int64_t waiting = 0;                       // pieces in the store
  int64_t oldest_waiting_ns = 0;
  // Where the ledger and the destination's own counts disagree, in words; empty when the books balance.
  std::vector<std::string> imbalances;
  // The commit times between which everything landed by this run lies; 0 and 0 when nothing did.
  int64_t oldest_commit_ts_ns = 0;
  int64_t newest_commit_ts_ns = 0;
  bool interrupted = false;
};

struct Hooks {
  std::function<void(const Snapshot&)> progress;   // about five times a second, on the caller's thread
  std::function<void(const std::string&)> notice;  // one line worth a person's attention, said once
  const std::atomic<bool>* stop = nullptr;         // set by a signal: finish what was read, then return
};

// Runs until the source ends or `stop` is set; everything read is durable when it returns without an error.
// Errors: the source's or the sink's; what was confirmed before stays confirmed, and a later run continues
// there.
Result<RunSummary> run(source::Source& source, sink::Sink& sink, const PipelineOptions& options,
                       const Clock& clock, const Hooks& hooks);

}  // namespace sluice::pipeline
