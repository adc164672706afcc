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

// A stored piece that another writer put beside those of this one; stored_pieces() has its bytes.
struct FoundPiece {
  std::string chunk_id;
  std::string shard;
  std::string sequence;
};

// What apply() did beyond what the batch says of itself. Everything but the first member is about other
// writers and stays empty in a store that has one.
struct Applied {
  std::map<std::string, int64_t, std::less<>> repeats_skipped;  // per shard, only with repeats = skip
  // Nothing of the batch is durable: another writer has changed what it was made from (a table's key, the
  // pieces of a chunk). Ask load() and waiting_index() again and make the batch anew.
  bool stale = false;
  // Chunks that another writer has ended. Their pieces wait no longer, but for those in `pieces_found`.
  std::vector<change::FinishedChunk> chunks_ended;
  // Stored pieces that the books count as waiting and this writer has to settle. Each is told once.
  std::vector<FoundPiece> pieces_found;
  // The records of rows that the destination refused for their data, by reason, and what they change in the
  // books that the batch brought. They are in quarantine. Only where refuses_rows().
  std::map<std::string, int64_t> refused_by_reason;
  std::map<std::string, change::Books, std::less<>> refused_books;
};

// The ledger and what stands at the destination, at one moment, per shard. Of `counted` only rows, waiting
// and quarantined are filled in.
struct Audit {
  std::map<std::string, change::Books, std::less<>> ledger;
  std::map<std::string, change::Books, std::less<>> counted;
};

// What the destination can hold as a name of a schema or table, as an operation or a transaction's id.
struct NameLimits {
  size_t max_bytes = SIZE_MAX;
  bool takes_nul = true;
};

// Called by one thread at a time. After an error no part of the batch is durable, or (OutcomeUnknown) all of
// it is.
class Sink {
 public:
  virtual ~Sink() = default;

  // Whether other writers may write at the same time.
  virtual bool is_shared() const { return false; }
  virtual NameLimits name_limits() const { return {}; }
  // Whether the destination may refuse single rows for their data. apply() then puts the records that they
  // came from into quarantine, and batches bring these (Batch::records, Batch::made_from).
  virtual bool refuses_rows() const { return false; }

  // So many rows make a batch that is applied as soon as nothing else is under way, although it is neither
  // full nor due. Where a transaction costs much beside its rows, none are.
  virtual int64_t rows_worth_applying() const { return INT64_MAX; }

  // What earlier runs left. Before the first apply(), and again after a stale one. Only the first call
  // decides from which positions this writer continues.
  virtual Result<SavedState> load() = 0;

  // Makes the whole batch durable in one transaction, or nothing of it. On return it survives kill -9 and
  // power loss. Views of changed tables are refreshed in the same transaction, in a shared store right after
  // it. Errors: Refused (disk full, not ours, read-only, another writer has moved a shard), Unavailable
  // (again), OutcomeUnknown (look before retrying).
  virtual Result<Applied> apply(const change::Batch& batch) = 0;

  // Tries again what may come after the rows and could not be done, as views that somebody was reading.
  // Called about once a second while there is nothing to apply, so that a quiet stream does not leave it
  // undone.
  virtual void catch_up() {}

  // The stored pieces of one chunk, bytes included, in order of arrival. `arena` owns what they point to.
  // May be called while another thread is in apply(); sees only what is durable.
  virtual Result<std::vector<change::Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) = 0;

  // All waiting pieces without their bytes, for the assembler's index at the start.
  virtual Result<std::vector<change::Piece>> waiting_index(Arena& arena) = 0;

  // How many rows of each table are kept by their image because they lack the table's key. Only tables with
  // some.
  virtual Result<std::map<change::TableName, int64_t>> keyless_rows() = 0;

  // The ledger's books beside the counts at the destination itself.
  virtual Result<Audit> audit() = 0;
};

}  // namespace sluice::sink
