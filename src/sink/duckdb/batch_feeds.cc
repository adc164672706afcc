#include "sink/duckdb/batch_feeds.h"

#include <map>
#include <numeric>
#include <string_view>

namespace sluice::sink::duckdb {

using change::Piece;
using change::Row;
using change::TableName;

namespace {

// Nanoseconds to whole microseconds, downwards, so that the order is kept before 1970 too.
int64_t to_us(int64_t ns) { return ns >= 0 ? ns / 1000 : -((-ns + 999) / 1000); }

}  // namespace

Result<void> BatchFeeds::define(Connection& connection, int threads) {
  constexpr ColumnKind kText = ColumnKind::Text;
  constexpr ColumnKind kInt = ColumnKind::Int64;
  const auto define_one = [&](RowFeed& feed, const std::string& name, const Columns& columns, FillRow fill) {
    feed.fill = [this, fill](ChunkWriter& out, size_t first, size_t count) {
      for (size_t i = 0; i < count; ++i) (this->*fill)(out, i, first + i);
    };
    return connection.define_rows(name, columns, feed, threads);
  };
  TRY(define_one(rows_, "sluice_rows",
                 {{"event_id", kInt},
                  {"source_schema", kText},
                  {"source_table", kText},
                  {"operation", kText},
                  {"record_id", kText},
                  {"event_data", ColumnKind::Json},
                  {"commit_timestamp", ColumnKind::Timestamp},
                  {"commit_ts_ns", kInt},
                  {"tx_id", kText},
                  {"shard_id", kText},
                  {"sequence_number", kText},
                  {"ingested_at", ColumnKind::Timestamp}},
                 &BatchFeeds::fill_row));
  TRY(define_one(quarantine_, "sluice_quarantine",
                 {{"id", kInt},
                  {"shard_id", kText},
                  {"sequence_number", kText},
                  {"reason", kText},
                  {"message", kText},
                  {"chunk_id", kText},
                  {"first_seen_ns", kInt},
                  {"bytes", ColumnKind::Blob}},
                 &BatchFeeds::fill_quarantined));
  TRY(define_one(pieces_, "sluice_pieces",
                 {{"chunk_id", kText},
                  {"is_head", kInt},
                  {"fragment_index", kInt},
                  {"shard_id", kText},
                  {"sequence_number", kText},
                  {"first_seen_ns", kInt},
                  {"bytes", ColumnKind::Blob}},
                 &BatchFeeds::fill_piece));
  TRY(define_one(removed_, "sluice_removed_chunks", {{"chunk_id", kText}}, &BatchFeeds::fill_removed));
  return define_one(finished_chunks_, "sluice_finished_chunks",
                    {{"chunk_id", kText},
                     {"crc32c", kInt},
                     {"total_fragments", kInt},
                     {"piece_crcs", ColumnKind::Blob},
                     {"finished_ns", kInt}},
                    &BatchFeeds::fill_finished);
}

void BatchFeeds::take(const change::Batch& batch, int64_t first_event_id, int64_t first_quarantine_id,
                      int64_t now_ns) {
  batch_ = &batch;
  first_event_id_ = first_event_id;
  first_quarantine_id_ = first_quarantine_id;
  now_us_ = to_us(now_ns);
  landing_.resize(batch.rows.size());
  std::iota(landing_.begin(), landing_.end(), 0U);
  // Of a chunk that ended more than once in this batch the last word counts.
  std::map<std::string_view, const change::FinishedChunk*> newest;
  for (const change::FinishedChunk& chunk : batch.chunks_finished) newest[chunk.chunk_id] = &chunk;
  finished_.clear();
  for (const auto& [chunk_id, chunk] : newest) finished_.push_back(chunk);
  rows_.count = [this] { return landing_.size(); };
  quarantine_.count = [this] { return batch_->quarantined.size(); };
  pieces_.count = [this] { return batch_->pieces_added.size(); };
  removed_.count = [this] { return batch_->chunks_removed.size(); };
  finished_chunks_.count = [this] { return finished_.size(); };
}

void BatchFeeds::fill_row(ChunkWriter& out, size_t cell, size_t at) const {
  const Row& row = batch_->rows[landing_[at]];
  const TableName& table = batch_->tables[row.table];
  out.set(0, cell, first_event_id_ + static_cast<int64_t>(at));
  out.set(1, cell, table.schema);
  out.set(2, cell, table.table);
  out.set(3, cell, row.operation);
  out.set(4, cell, row.record_id);
  out.set(5, cell, row.image);
  out.set(6, cell, to_us(row.commit_ts_ns));
  out.set(7, cell, row.commit_ts_ns);
  out.set(8, cell, row.tx_id);
  out.set(9, cell, row.position.shard);
  out.set(10, cell, row.position.sequence);
  out.set(11, cell, now_us_);
}

void BatchFeeds::fill_quarantined(ChunkWriter& out, size_t cell, size_t at) const {
  const change::QuarantinedRecord& record = batch_->quarantined[at];
  out.set(0, cell, first_quarantine_id_ + static_cast<int64_t>(at));
  out.set(1, cell, record.position.shard);
  out.set(2, cell, record.position.sequence);
  out.set(3, cell, record.reason);
  out.set(4, cell, record.message);
  out.set(5, cell, record.chunk_id);
  out.set(6, cell, record.first_seen_ns);
  out.set(7, cell, record.bytes);
}

void BatchFeeds::fill_piece(ChunkWriter& out, size_t cell, size_t at) const {
  const Piece& piece = batch_->pieces_added[at];
  out.set(0, cell, piece.chunk_id);
  out.set(1, cell, int64_t{piece.is_head});
  out.set(2, cell, int64_t{piece.index});
  out.set(3, cell, piece.position.shard);
  out.set(4, cell, piece.position.sequence);
  out.set(5, cell, piece.first_seen_ns);
  out.set(6, cell, piece.bytes);
}

void BatchFeeds::fill_removed(ChunkWriter& out, size_t cell, size_t at) const {
  out.set(0, cell, batch_->chunks_removed[at]);
}

void BatchFeeds::fill_finished(ChunkWriter& out, size_t cell, size_t at) const {
  const change::FinishedChunk& chunk = *finished_[at];
  out.set(0, cell, chunk.chunk_id);
  out.set(1, cell, int64_t{chunk.crc32c});
  out.set(2, cell, int64_t{chunk.total_fragments});
  out.set(3, cell, chunk.piece_crcs);
  out.set(4, cell, chunk.finished_ns);
}

}  // namespace sluice::sink::duckdb
