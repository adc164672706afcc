// Sink: the destination, together with what must be durable in the same transaction as the rows: the ledger,
// the waiting fragments, the quarantine and what is known of the tables.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "change/batch.h"

namespace sluice::sink {

// Everything that a run continues from.
struct SavedState {
  std::vector<change::Checkpoint> checkpoints;
  std::map<std::string, change::Books, std::less<>> books;  // since the store was made, per shard
  std::vector<change::TableState> tables;
  std::vector<change::FinishedChunk> finished_chunks;
};

// What apply() did beyond what the batch says of itself.
struct Applied {
  std::map<std::string, int64_t, std::less<>> repeats_skipped;  // per shard, only with repeats = skip
};

// Called by one thread at a time. After an error no part of the batch is durable, or (OutcomeUnknown) all of
// it is.
class Sink {
 public:
  virtual ~Sink() = default;

  // What earlier runs left. Once, before the first apply().
  virtual Result<SavedState> load() = 0;

  // Makes the whole batch durable in one transaction, or nothing of it. On return it survives kill -9 and
  // power loss. Views of changed tables are refreshed in the same transaction. Errors: Refused (disk full,
  // not ours, read-only), Unavailable (again), OutcomeUnknown (look before retrying).
  virtual Result<Applied> apply(const change::Batch& batch) = 0;

  // The stored pieces of one chunk, bytes included, in order of arrival. `arena` owns what they point to.
  // May be called while another thread is in apply(); sees only what is durable.
  virtual Result<std::vector<change::Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) = 0;

  // All waiting pieces without their bytes, for the assembler's index at the start.
  virtual Result<std::vector<change::Piece>> waiting_index(Arena& arena) = 0;

  // How many rows of each table are kept by their image because they lack the table's key. Only tables with
  // some.
  virtual Result<std::map<change::TableName, int64_t>> keyless_rows() = 0;

  // Counts at the destination itself, per shard, to hold against the ledger's: rows of cdc_events, waiting
  // pieces and quarantined records. The other members stay 0.
  virtual Result<std::map<std::string, change::Books, std::less<>>> count() = 0;
};

}  // namespace sluice::sink
