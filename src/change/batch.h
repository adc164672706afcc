// Batch: everything that one transaction of the sink makes durable.
//
// Owns what its rows and records point to: the arena. Moved from stage to stage; one owner at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "change/block.h"
#include "change/change.h"

namespace sluice::change {

// A row of cdc_events. `table` indexes Batch::tables.
struct Row {
  Position position;
  uint32_t table = 0;
  std::string_view operation;
  std::string_view record_id;
  std::string_view image;
  std::string_view tx_id;
  int64_t commit_ts_ns = 0;
};

// A record that is kept aside with its original bytes.
struct QuarantinedRecord {
  Position position;
  std::string reason;    // short code, for counting: crc-mismatch
  std::string message;   // one sentence; never a value of the row
  std::string chunk_id;  // of fragments and heads, so that they are tried again together; otherwise empty
  std::string_view bytes;
  int64_t first_seen_ns = 0;
};

// A fragment or head that waits for the rest of its image, as the store keeps it. `bytes` is the record as
// delivered. Identified by its position.
struct Piece {
  Position position;
  std::string chunk_id;
  bool is_head = false;
  uint32_t index = 0;  // of a fragment
  std::string_view bytes;
  int64_t first_seen_ns = 0;
};

// A stored piece that waits no longer, and where its bytes came from.
struct RemovedPiece {
  std::string chunk_id;
  std::string shard;
  std::string sequence;
  // Of a repeat: where the piece stands that waits in its stead, under the same chunk_id. In a shared store
  // it must still be there when this one leaves: two writers may each have taken the other's for the repeat.
  std::string kept_shard = {};
  std::string kept_sequence = {};
  friend auto operator<=>(const RemovedPiece&, const RemovedPiece&) = default;
};

// An image that was put together, remembered so that a redelivered piece of it is known as a repeat.
struct FinishedChunk {
  std::string chunk_id;
  uint32_t crc32c = 0;
  uint32_t total_fragments = 0;
  std::string piece_crcs;  // 4 bytes, little endian, per fragment index
  int64_t finished_ns = 0;
};

// More ended chunks than this are not remembered; the oldest are forgotten. A piece of one that is delivered
// once more then waits like a new one.
inline constexpr int64_t kMostEndedChunks = 1'000'000;

// Per shard, how many source records ended where. read = landed + repeats + quarantined + waiting, always.
struct Books {
  int64_t read = 0;
  int64_t landed = 0;   // rows, plus the fragments that went into them
  int64_t rows = 0;     // rows of cdc_events
  int64_t repeats = 0;  // skipped because the same record or fragment is there already
  int64_t quarantined = 0;
  int64_t waiting = 0;
  int64_t bytes = 0;  // payload bytes read

  bool balanced() const { return read == landed + repeats + quarantined + waiting; }
  void add(const Books& other) {
    read += other.read;
    landed += other.landed;
    rows += other.rows;
    repeats += other.repeats;
    quarantined += other.quarantined;
    waiting += other.waiting;
    bytes += other.bytes;
  }
};

// Where a table's key came from, from weakest to strongest.
enum class KeyOrigin : uint8_t { IdColumn = 0, Learned = 1, Catalog = 2, Config = 3 };

// Which columns identify a row.
struct TableKey {
  std::vector<std::string> columns;
  KeyOrigin origin = KeyOrigin::IdColumn;
  int64_t learned_at_ns = 0;  // commit time of the delete that taught it; the newest wins
  friend bool operator==(const TableKey&, const TableKey&) = default;
};

// The kinds of value that a column has shown, as a set: bit i is ValueKind i.
using KindSet = uint16_t;
constexpr KindSet kind_bit(ValueKind kind) { return static_cast<KindSet>(1U << static_cast<unsigned>(kind)); }

// A column as the images have shown it.
struct SeenColumn {
  std::string name;
  KindSet kinds = 0;
  // The earliest commit that had it, and its place in that image: the column order of the views.
  int64_t first_commit_ts_ns = 0;
  uint32_t ordinal = 0;
};

// A table as far as it is known: what the ledger keeps and the views are made from.
struct TableState {
  TableName name;
  TableKey key;
  std::vector<SeenColumn> columns;
  int64_t key_mismatches = 0;  // deletes whose `before` names other columns than the key
};

// A table whose stored rows must get another record_id in this transaction, before the batch's rows are
// added. `record_id_of(operation, image)` gives the new one; it may be called from the sink's thread.
struct Rekey {
  TableName table;
  std::function<std::string(std::string_view operation, std::string_view image)> record_id_of;
};

struct Batch {
  Arena arena;
  std::vector<TableName> tables;
  std::vector<Row> rows;
  // For a sink that may refuse single rows, otherwise empty: the bytes of the record that each row came from,
  // in the order of `rows`. Of a row that was put together from pieces they are empty, and the pieces stand
  // in `made_from` under the row's index, without reason and message.
  std::vector<std::string_view> records;
  std::map<size_t, std::vector<QuarantinedRecord>> made_from;
  std::vector<QuarantinedRecord> quarantined;
  std::vector<Piece> pieces_added;
  std::vector<std::string> chunks_removed;  // their pieces leave the store: finished or quarantined
  // Every stored piece that the books of this batch count as waiting no longer; it leaves the store. Those of
  // `chunks_removed` are among them: in a shared store this says which ones the writer knew of.
  std::vector<RemovedPiece> pieces_removed;
  std::vector<FinishedChunk> chunks_finished;
  std::vector<TableState> tables_changed;  // whole new state of each table that changed
  std::vector<Rekey> rekeys;
  std::vector<Checkpoint> checkpoints;              // the newest per shard
  std::map<std::string, Books, std::less<>> books;  // what this batch adds, per shard
};

}  // namespace sluice::change
