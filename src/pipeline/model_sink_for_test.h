// ModelSink: a sink that keeps everything in memory, for tests.
//
// What survives is in Durable, which outlives it: a new ModelSink on the same Durable is the program started
// again. After every batch it checks what must always be true and remembers what was not.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sink/sink.h"

namespace sluice::pipeline {

struct DurableRow {
  change::TableName table;
  std::string operation;
  std::string record_id;
  std::string image;
  std::string tx_id;
  int64_t commit_ts_ns = 0;
  std::string shard;
  std::string sequence;
  friend auto operator<=>(const DurableRow&, const DurableRow&) = default;
};

struct DurablePiece {
  std::string shard;
  std::string sequence;
  std::string chunk_id;
  bool is_head = false;
  uint32_t index = 0;
  std::string bytes;
  int64_t first_seen_ns = 0;
};

struct DurableBadRecord {
  std::string shard;
  std::string sequence;
  std::string reason;
  std::string message;
  std::string chunk_id;
  std::string bytes;
};

struct Durable {
  std::vector<DurableRow> rows;
  std::vector<DurablePiece> pieces;
  std::vector<DurableBadRecord> quarantine;
  std::map<std::string, change::FinishedChunk> finished;
  std::map<change::TableName, change::TableState> tables;
  std::map<std::string, std::string> checkpoints;
  std::map<std::string, change::Books, std::less<>> books;
  int64_t batches = 0;
  std::vector<std::string> violations;  // of what must always be true
};

class ModelSink final : public sink::Sink {
 public:
  ModelSink(Durable& durable, bool skip_repeats) : durable_(durable), skip_repeats_(skip_repeats) {
    for (const DurableRow& row : durable_.rows) known_.insert(sameness(row));
  }

  // From now on rows whose image holds this text are refused.
  void refuse(std::string text) { refused_text_ = std::move(text); }
  bool refuses_rows() const override { return !refused_text_.empty(); }

  // From now on so many rows are worth a transaction.
  void call_worth_applying(int64_t rows) { rows_worth_applying_ = rows; }
  int64_t rows_worth_applying() const override { return rows_worth_applying_; }

  Result<sink::SavedState> load() override {
    const std::lock_guard lock(mutex_);
    sink::SavedState state;
    for (const auto& [shard, position] : durable_.checkpoints) state.checkpoints.push_back({shard, position});
    state.books = durable_.books;
    for (const auto& [name, table] : durable_.tables) state.tables.push_back(table);
    for (const auto& [id, chunk] : durable_.finished) state.finished_chunks.push_back(chunk);
    return state;
  }

  Result<sink::Applied> apply(const change::Batch& batch) override {
    const std::lock_guard lock(mutex_);
    sink::Applied applied = take(batch);
    check();
    return applied;
  }

  Result<std::vector<change::Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) override {
    const std::lock_guard lock(mutex_);
    std::vector<change::Piece> found;
    for (const DurablePiece& piece : durable_.pieces) {
      if (piece.chunk_id == chunk_id) found.push_back(given_out(piece, arena, true));
    }
    return found;
  }

  Result<std::vector<change::Piece>> waiting_index(Arena& arena) override {
    const std::lock_guard lock(mutex_);
    std::vector<change::Piece> index;
    for (const DurablePiece& piece : durable_.pieces) index.push_back(given_out(piece, arena, false));
    return index;
  }

  Result<std::map<change::TableName, int64_t>> keyless_rows() override {
    const std::lock_guard lock(mutex_);
    std::map<change::TableName, int64_t> counts;
    for (const DurableRow& row : durable_.rows) {
      if (row.record_id.starts_with("image:") && row.record_id.size() == 70) ++counts[row.table];
    }
    return counts;
  }

  Result<sink::Audit> audit() override {
    const std::lock_guard lock(mutex_);
    return sink::Audit{durable_.books, counted()};
  }

 private:
  using Sameness = std::tuple<change::TableName, std::string, int64_t, std::string, std::string>;
  static Sameness sameness(const DurableRow& row) {
    return {row.table, row.record_id, row.commit_ts_ns, row.operation, row.image};
  }

  static change::Piece given_out(const DurablePiece& piece, Arena& arena, bool with_bytes) {
    return {{arena.copy(piece.shard), arena.copy(piece.sequence)},
            piece.chunk_id,
            piece.is_head,
            piece.index,
            with_bytes ? arena.copy(piece.bytes) : std::string_view(),
            piece.first_seen_ns};
  }

  sink::Applied take(const change::Batch& batch) {
    ++durable_.batches;
    for (const change::Rekey& rekey : batch.rekeys) {
      for (DurableRow& row : durable_.rows) {
        if (row.table == rekey.table) row.record_id = rekey.record_id_of(row.operation, row.image);
      }
      known_.clear();
      for (const DurableRow& row : durable_.rows) known_.insert(sameness(row));
    }
    sink::Applied applied;
    for (size_t row = 0; row < batch.rows.size(); ++row) {
      if (refuses_rows() && batch.rows[row].image.find(refused_text_) != std::string_view::npos) {
        take_refused(batch, row, applied);
      } else {
        take_row(batch, batch.rows[row], applied);
      }
    }
    for (const std::string& chunk_id : batch.chunks_removed) {
      std::erase_if(durable_.pieces, [&](const DurablePiece& piece) { return piece.chunk_id == chunk_id; });
    }
    for (const change::Piece& piece : batch.pieces_added) {
      durable_.pieces.push_back({std::string(piece.position.shard), std::string(piece.position.sequence),
                                 piece.chunk_id, piece.is_head, piece.index, std::string(piece.bytes),
                                 piece.first_seen_ns});
    }
    for (const change::QuarantinedRecord& record : batch.quarantined) quarantine(record, record.reason);
    for (const change::FinishedChunk& chunk : batch.chunks_finished)
      durable_.finished[chunk.chunk_id] = chunk;
    for (const change::TableState& table : batch.tables_changed) durable_.tables[table.name] = table;
    for (const change::Checkpoint& checkpoint : batch.checkpoints)
      durable_.checkpoints[checkpoint.shard] = checkpoint.position;
    for (const auto& [shard, books] : batch.books) durable_.books[shard].add(books);
    for (const auto& [shard, books] : applied.refused_books) durable_.books[shard].add(books);
    for (const auto& [shard, skipped] : applied.repeats_skipped) {
      durable_.books[shard].landed -= skipped;
      durable_.books[shard].rows -= skipped;
      durable_.books[shard].repeats += skipped;
    }
    return applied;
  }

  void quarantine(const change::QuarantinedRecord& record, const std::string& reason) {
    durable_.quarantine.push_back({std::string(record.position.shard), std::string(record.position.sequence),
                                   reason, record.message, record.chunk_id, std::string(record.bytes)});
  }

  void take_refused(const change::Batch& batch, size_t row, sink::Applied& applied) {
    const change::Position& position = batch.rows[row].position;
    const auto made_from = batch.made_from.find(row);
    std::vector<change::QuarantinedRecord> records{{position, {}, {}, {}, batch.records.at(row), 0}};
    if (made_from != batch.made_from.end()) records = made_from->second;
    for (const change::QuarantinedRecord& record : records) {
      quarantine(record, "refused");
      ++applied.refused_by_reason["refused"];
      change::Books& books = applied.refused_books[std::string(record.position.shard)];
      --books.landed;
      ++books.quarantined;
    }
    --applied.refused_books[std::string(position.shard)].rows;
  }

  void take_row(const change::Batch& batch, const change::Row& row, sink::Applied& applied) {
    DurableRow kept{batch.tables.at(row.table),      std::string(row.operation),
                    std::string(row.record_id),      std::string(row.image),
                    std::string(row.tx_id),          row.commit_ts_ns,
                    std::string(row.position.shard), std::string(row.position.sequence)};
    const bool is_new = known_.insert(sameness(kept)).second;
    if (!is_new && skip_repeats_) {
      ++applied.repeats_skipped[kept.shard];
    } else {
      durable_.rows.push_back(std::move(kept));
    }
  }

  std::map<std::string, change::Books, std::less<>> counted() const {
    std::map<std::string, change::Books, std::less<>> counts;
    for (const DurableRow& row : durable_.rows) ++counts[row.shard].rows;
    for (const DurablePiece& piece : durable_.pieces) ++counts[piece.shard].waiting;
    for (const DurableBadRecord& record : durable_.quarantine) ++counts[record.shard].quarantined;
    return counts;
  }

  // The books balance, and say what is there, after every batch.
  void check() {
    auto counts = counted();
    for (const auto& [shard, books] : durable_.books) {
      const change::Books& there = counts[shard];
      if (books.balanced() && books.rows == there.rows && books.waiting == there.waiting &&
          books.quarantined == there.quarantined)
        continue;
      durable_.violations.push_back(
          fmt::format("after batch {}, {}: read {} = landed {} + repeats {} + quarantined {} + waiting {}, "
                      "rows {}; in the "
                      "store: rows {}, quarantined {}, waiting {}",
                      durable_.batches, shard, books.read, books.landed, books.repeats, books.quarantined,
                      books.waiting, books.rows, there.rows, there.quarantined, there.waiting));
    }
    std::set<std::pair<std::string, std::string>> positions;
    for (const DurablePiece& piece : durable_.pieces) {
      if (!positions.emplace(piece.shard, piece.sequence).second)
        durable_.violations.push_back(fmt::format("after batch {}: the piece at {} {} waits twice",
                                                  durable_.batches, piece.shard, piece.sequence));
    }
  }

  Durable& durable_;
  bool skip_repeats_;
  int64_t rows_worth_applying_ = INT64_MAX;
  std::string refused_text_;
  std::mutex mutex_;
  std::set<Sameness> known_;
};

}  // namespace sluice::pipeline
