// BatchWriter: what one batch does to a shared store, within one transaction.
//
// Every writer takes its locks in the same order, so that none waits for another in a circle: keys of tables
// (shared, exclusive to change a key), rows, chunks, shards of the ledger, tables; each sorted.
// docs/decisions/0008-many-writers.md says why this is exactly once. Threads: as the connection.
#pragma once

#include <cstdint>
#include <string>

#include "change/batch.h"
#include "sink/postgres/connection.h"
#include "sink/postgres/known.h"
#include "sink/sink.h"

namespace sluice::sink::postgres {

// How the rows go in. Direct is one COPY. Through a temporary table, when repeats are skipped or when the
// server refused an image as jsonb and has to say which.
struct Way {
  bool skip_repeats = false;
  bool try_each_image = false;
  bool is_direct() const { return !skip_repeats && !try_each_image; }
};

class BatchWriter {
 public:
  BatchWriter(Connection& connection, const change::Batch& batch, const Known& known)
      : connection_(connection), batch_(batch), known_(known) {}

  // Writes everything but the commit. When the answer is stale, or an error, roll back. Refused when another
  // writer has moved a shard.
  Result<Applied> write(Way way, bool look_for_ended_chunks);
  // Whether tables or columns changed, so that views are due.
  bool tables_changed() const { return tables_changed_; }

 private:
  Result<void> check_positions();
  Error moved(const std::string& shard) const;
  Result<bool> keys_are_current();
  Result<void> copy_rows(const std::string& table, bool with_jsonb);
  Result<void> insert_rows(Way way, Applied& applied);
  Result<void> write_quarantine();
  Result<void> write_ledger(const Applied& applied);
  Result<void> write_tables();
  Result<void> write_columns(const change::TableState& table);

  Connection& connection_;
  const change::Batch& batch_;
  const Known& known_;
  bool tables_changed_ = false;
};

}  // namespace sluice::sink::postgres
