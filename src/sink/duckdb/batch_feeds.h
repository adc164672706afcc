// BatchFeeds: a batch as tables that a statement can read.
//
// One INSERT with many rows costs DuckDB what one with a single row does, so everything of a batch goes in
// this way. Threads: take() and landing() belong to the sink; the statements' own threads only read.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "change/batch.h"
#include "sink/duckdb/duckdb.h"

namespace sluice::sink::duckdb {

class BatchFeeds {
 public:
  // From now on the connection knows sluice_rows(), sluice_quarantine(), sluice_pieces(),
  // sluice_removed_chunks() and sluice_finished_chunks(). They read the batch taken last. This must outlive
  // the connection.
  Result<void> define(Connection& connection, int threads);

  // Shows `batch`, which must stay until the statements have ended. Events and quarantined records are
  // numbered from the two ids on.
  void take(const change::Batch& batch, int64_t first_event_id, int64_t first_quarantine_id, int64_t now_ns);

  // Which rows of the batch sluice_rows() shows, as indexes; all after take(). Take out what must not land.
  std::vector<uint32_t>& landing() { return landing_; }

 private:
  using Columns = std::vector<std::pair<std::string, ColumnKind>>;
  using FillRow = void (BatchFeeds::*)(ChunkWriter& out, size_t cell, size_t at) const;
  void fill_row(ChunkWriter& out, size_t cell, size_t at) const;
  void fill_quarantined(ChunkWriter& out, size_t cell, size_t at) const;
  void fill_piece(ChunkWriter& out, size_t cell, size_t at) const;
  void fill_removed(ChunkWriter& out, size_t cell, size_t at) const;
  void fill_finished(ChunkWriter& out, size_t cell, size_t at) const;

  const change::Batch* batch_ = nullptr;
  std::vector<uint32_t> landing_;
  std::vector<const change::FinishedChunk*> finished_;
  int64_t first_event_id_ = 0;
  int64_t first_quarantine_id_ = 0;
  int64_t now_us_ = 0;
  RowFeed rows_;
  RowFeed quarantine_;
  RowFeed pieces_;
  RowFeed removed_;
  RowFeed finished_chunks_;
};

}  // namespace sluice::sink::duckdb
