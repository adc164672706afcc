#include "sink/duckdb/sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/clock.h"
#include "base/text.h"
#include "sink/duckdb/batch_feeds.h"
#include "sink/duckdb/current.h"
#include "sink/duckdb/duckdb.h"
#include "sink/duckdb/rekeying.h"
#include "sink/duckdb/store.h"
#include "sink/duckdb/views.h"
#include "sql/duckdb.h"
#include "sql/quote.h"

namespace sluice::sink::duckdb {

using change::Batch;
using change::Books;
using change::Piece;
using change::Row;
using change::TableName;
using change::TableState;

namespace {

using Cells = std::vector<std::optional<std::string>>;

// Which rows to be landed are in the log.
constexpr const char* kLandedAlready =
    "SELECT arrived.event_id FROM sluice_rows() AS arrived SEMI JOIN cdc_events AS landed ON "
    "arrived.commit_ts_ns = "
    "landed.commit_ts_ns AND arrived.record_id = landed.record_id AND arrived.source_table = "
    "landed.source_table AND "
    "arrived.source_schema = landed.source_schema AND arrived.operation = landed.operation AND "
    "arrived.event_data = "
    "CAST(landed.event_data AS VARCHAR)";

int64_t number(const std::optional<std::string>& cell) { return cell ? parse_int64(*cell).value_or(0) : 0; }

class Sink final : public Store {
 public:
  Sink(SinkOptions options, std::unique_ptr<Database> database, std::unique_ptr<Connection> writer,
       std::unique_ptr<Connection> reader)
      : options_(std::move(options)),
        database_(std::move(database)),
        writer_(std::move(writer)),
        reader_(std::move(reader)),
        views_(options_.catalog) {}

  Result<void> open() {
    TRY(options_.create ? prepare_store(*writer_, options_.path) : require_store(*writer_, options_.path));
    TRY(writer_->execute("SET preserve_insertion_order = false"));
    TRY(feeds_.define(*writer_, options_.threads));
    TRY(rekeying_.define(*writer_));
    next_event_id_ = number(TRY(writer_->query_value("SELECT max(event_id) FROM cdc_events"))) + 1;
    next_quarantine_id_ = number(TRY(writer_->query_value("SELECT max(id) FROM cdc_quarantine"))) + 1;
    if (options_.create) TRY(forget_ended_chunks(*writer_, change::kMostEndedChunks));
    for (TableState& table : TRY(load_tables(*writer_)))
      tables_.insert_or_assign(table.name, std::move(table));
    TRY(current_.load(*writer_));
    return options_.create ? change_current() : Result<void>();
  }

  // Both threads at work twice: with less, what is left of a row group counts for too much.
  int64_t rows_worth_applying() const override { return static_cast<int64_t>(4 * kRowGroupRows); }

  Result<SavedState> load() override { return load_state(*reader_); }

  Result<Applied> apply(const Batch& batch) override {
    TRY(writer_->execute("BEGIN TRANSACTION"));
    const std::map<TableName, TableState> tables_before =
        batch.tables_changed.empty() ? decltype(tables_)() : tables_;
    Result<Applied> applied = apply_in_transaction(batch);
    if (applied.ok()) {
      const Result<void> committed = writer_->execute("COMMIT");
      if (!committed.ok()) applied = committed.error();
    }
    if (!applied.ok()) {
      roll_back();
      if (!batch.tables_changed.empty()) tables_ = tables_before;
      forget_views();
      return applied;
    }
    next_event_id_ += static_cast<int64_t>(feeds_.landing().size());
    next_quarantine_id_ += static_cast<int64_t>(batch.quarantined.size());
    released_.clear();
    return applied;
  }

  Result<std::vector<Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) override {
    std::vector<Piece> pieces;
    TRY(each_row(*reader_,
                 "SELECT shard_id, sequence_number, chunk_id, is_head, fragment_index, first_seen_ns, "
                 "to_base64(bytes) "
                 "FROM cdc_fragments WHERE chunk_id = $1 ORDER BY first_seen_ns, shard_id, sequence_number",
                 {std::string_view(chunk_id)}, [&](const Cells& row) {
                   pieces.push_back(piece_of(row, arena));
                   pieces.back().bytes = arena.copy(base64_decode(text(row[6])).value_or(""));
                 }));
    return pieces;
  }

  Result<std::vector<Piece>> waiting_index(Arena& arena) override {
    std::vector<Piece> pieces;
    TRY(each_row(*reader_,
                 "SELECT shard_id, sequence_number, chunk_id, is_head, fragment_index, first_seen_ns FROM "
                 "cdc_fragments "
                 "ORDER BY first_seen_ns, shard_id, sequence_number",
                 {}, [&](const Cells& row) { pieces.push_back(piece_of(row, arena)); }));
    return pieces;
  }

  Result<std::map<TableName, int64_t>> keyless_rows() override {
    std::map<TableName, int64_t> counts;
    TRY(each_row(
        *reader_,
        "SELECT source_schema, source_table, count(*) FROM cdc_events WHERE record_id LIKE 'image:%' AND "
        "strlen(record_id) = 70 GROUP BY ALL",
        {}, [&counts](const Cells& row) {
          counts[{text(row[0]), text(row[1])}] = number(row[2]);
        }));
    return counts;
  }

  Result<Audit> audit() override {
    Audit audit;
    audit.ledger = TRY(load_ledger(*reader_)).books;
    const auto count_into = [&](const char* table, int64_t Books::*member) {
      return each_row(*reader_, fmt::format("SELECT shard_id, count(*) FROM {} GROUP BY shard_id", table), {},
                      [&](const Cells& row) { audit.counted[text(row[0])].*member = number(row[1]); });
    };
    TRY(count_into("cdc_events", &Books::rows));
    TRY(count_into("cdc_fragments", &Books::waiting));
    TRY(count_into("cdc_quarantine", &Books::quarantined));
    return audit;
  }

  Result<std::vector<std::pair<std::string, int64_t>>> quarantine_counts() override {
    std::vector<std::pair<std::string, int64_t>> counts;
    TRY(each_row(*reader_,
                 "SELECT reason, count(*) AS n FROM cdc_quarantine GROUP BY reason ORDER BY n DESC, reason",
                 {}, [&counts](const Cells& row) { counts.emplace_back(text(row[0]), number(row[1])); }));
    return counts;
  }

  Result<std::vector<QuarantineEntry>> quarantined(std::optional<int64_t> id, const std::string& reason,
                                                   int64_t limit, bool with_bytes) override {
    std::vector<QuarantineEntry> entries;
    const std::string sql = fmt::format(
        "SELECT id, shard_id, sequence_number, reason, message, chunk_id, first_seen_ns, {} FROM "
        "cdc_quarantine "
        "WHERE ($1::BIGINT IS NULL OR id = $1::BIGINT) AND ($2::VARCHAR = '' OR reason = $2::VARCHAR) ORDER "
        "BY id LIMIT $3::BIGINT",
        with_bytes ? "to_base64(bytes)" : "''");
    const Value wanted_id = id ? Value(*id) : Value();
    TRY(each_row(*reader_, sql, {wanted_id, std::string_view(reason), limit}, [&entries](const Cells& row) {
      entries.push_back({number(row[0]), text(row[1]), text(row[2]), text(row[3]), text(row[4]), text(row[5]),
                         base64_decode(text(row[7])).value_or(""), number(row[6])});
    }));
    return entries;
  }

  void release_with_next_apply(std::vector<QuarantineEntry> entries) override {
    released_ = std::move(entries);
  }

  Result<int64_t> count_repeats(int64_t from_ns, int64_t through_ns) override {
    // By a hash of what makes a change: a count for people, over small numbers instead of texts.
    return number(
        TRY(reader_->query_value("SELECT count(*) - count(DISTINCT hash(source_schema, source_table, "
                                 "record_id, commit_ts_ns, operation)) "
                                 "FROM cdc_events WHERE commit_ts_ns BETWEEN $1 AND $2",
                                 {from_ns, through_ns})));
  }

  Result<RekeyEffect> try_rekey(const change::Rekey& rekey) override {
    return rekeying_.try_out(*writer_, rekey);
  }

  Result<std::vector<CurrentCheck>> check_current() override { return current_.check(*reader_); }

  Result<std::vector<NewestImage>> newest_images() override {
    std::vector<NewestImage> images;
    TRY(each_row(
        *reader_,
        "SELECT source_schema, source_table, event_data FROM cdc_events WHERE rowid IN (SELECT "
        "arg_max(rowid, commit_ts_ns) FROM cdc_events WHERE operation <> 'd' GROUP BY source_schema, "
        "source_table) ORDER BY ALL",
        {}, [&images](const Cells& row) {
          images.push_back({{text(row[0]), text(row[1])}, text(row[2])});
        }));
    return images;
  }

  Result<int64_t> refresh_views(const std::vector<std::string>& grantees) override {
    for (const std::string& grantee : grantees)
      TRY(sql::grant_statements(sql::Dialect::DuckDb, {}, "main", grantee));
    return in_transaction([this] { return views_.make(*writer_, known_tables(), chosen(), true); });
  }

  Result<std::vector<ViewDifference>> view_differences() override {
    TRY(writer_->execute("BEGIN TRANSACTION"));
    auto differences = views_.differences(*writer_, known_tables(), chosen());
    roll_back();
    views_made_ = false;
    return differences;
  }

  Result<int64_t> drop_views() override {
    return in_transaction([this] { return views_.drop(*writer_); });
  }

  Result<std::vector<UnconvertedColumn>> unconverted_values() override {
    return views_.unconverted(*reader_, known_tables(), chosen());
  }

 private:
  // From columns shard_id, sequence_number, chunk_id, is_head, fragment_index, first_seen_ns.
  static Piece piece_of(const Cells& row, Arena& arena) {
    Piece piece;
    piece.position = {arena.copy(text(row[0])), arena.copy(text(row[1]))};
    piece.chunk_id = text(row[2]);
    piece.is_head = row[3] == "true";
    piece.index = static_cast<uint32_t>(number(row[4]));
    piece.first_seen_ns = number(row[5]);
    return piece;
  }

  // Begins and ends maintained tables as the options say, together with the views that read them.
  Result<void> change_current() {
    const CurrentPlan plan = plan_current(options_.views, current_.tables());
    if (plan.empty()) return {};
    TRY(writer_->execute("BEGIN TRANSACTION"));
    Result<void> changed = current_.change(*writer_, plan);
    if (changed.ok()) changed = make_views(false);
    if (changed.ok()) changed = writer_->execute("COMMIT");
    if (changed.ok()) return changed;
    roll_back();
    forget_views();
    return changed;
  }

  void forget_views() {
    views_made_ = false;
    views_.forget();
  }

  void roll_back() {
    // The transaction may be gone already; what matters is that none is open afterwards.
    if (!writer_->execute("ROLLBACK").ok()) return;
  }

  Result<Applied> apply_in_transaction(const Batch& batch) {
    for (const change::Rekey& rekey : batch.rekeys) TRY(apply_rekey(rekey));
    Applied applied = TRY(insert_rows(batch));
    TRY(current_.keep(*writer_, batch));
    TRY(insert_side_rows(batch));
    TRY(write_ledger(batch, applied));
    TRY(write_tables(batch));
    return applied;
  }

  Result<void> apply_rekey(const change::Rekey& rekey) {
    TRY(rekeying_.apply(*writer_, rekey));
    return current_.rebuild(*writer_, rekey.table);
  }

  Result<Applied> insert_rows(const Batch& batch) {
    Applied applied;
    feeds_.take(batch, next_event_id_, next_quarantine_id_, system_clock().wall_ns());
    std::vector<uint32_t>& landing = feeds_.landing();
    if (options_.repeats == Repeats::Skip) {
      take_out_twins(batch, applied);
      TRY(take_out_landed(batch, applied));
    }
    if (landing.empty()) return applied;
    TRY(writer_->execute("INSERT INTO cdc_events SELECT * FROM sluice_rows()", {}));
    return applied;
  }

  // Of rows of this batch that are the same change, keeps the first.
  void take_out_twins(const Batch& batch, Applied& applied) {
    const auto identity = [&batch](uint32_t at) {
      const Row& row = batch.rows[at];
      return std::tie(row.commit_ts_ns, row.record_id, row.operation, row.table, row.image);
    };
    const auto hash = [&batch](uint32_t at) {
      const Row& row = batch.rows[at];
      return std::hash<std::string_view>()(row.record_id) ^
             (static_cast<size_t>(row.commit_ts_ns) * 0x9E3779B97F4A7C15U);
    };
    const auto equal = [&identity](uint32_t a, uint32_t b) { return identity(a) == identity(b); };
    std::unordered_set<uint32_t, decltype(hash), decltype(equal)> seen(feeds_.landing().size(), hash, equal);
    std::erase_if(feeds_.landing(), [&](uint32_t at) {
      return !seen.insert(at).second && note_skipped(batch.rows[at], applied);
    });
  }

  // Takes out the rows that are in the log already.
  Result<void> take_out_landed(const Batch& batch, Applied& applied) {
    if (feeds_.landing().empty()) return {};
    std::set<size_t> landed;
    TRY(each_row(*writer_, kLandedAlready, {}, [&](const Cells& row) {
      landed.insert(static_cast<size_t>(number(row[0]) - next_event_id_));
    }));
    size_t at = 0;
    std::erase_if(feeds_.landing(), [&](uint32_t row) {
      return landed.contains(at++) && note_skipped(batch.rows[row], applied);
    });
    return {};
  }

  // Always true, for the conditions above.
  static bool note_skipped(const Row& row, Applied& applied) {
    ++applied.repeats_skipped[std::string(row.position.shard)];
    return true;
  }

  // The waiting pieces, the finished chunks and the quarantine.
  Result<void> insert_side_rows(const Batch& batch) {
    if (!batch.chunks_removed.empty()) {
      TRY(writer_->execute(
          "DELETE FROM cdc_fragments WHERE chunk_id IN (SELECT chunk_id FROM sluice_removed_chunks())"));
    }
    if (!batch.pieces_added.empty())
      TRY(writer_->execute("INSERT INTO cdc_fragments SELECT * FROM sluice_pieces()"));
    if (!batch.chunks_finished.empty()) {
      TRY(
          writer_->execute("DELETE FROM cdc_finished_chunks WHERE chunk_id IN (SELECT chunk_id FROM "
                           "sluice_finished_chunks())"));
      TRY(writer_->execute("INSERT INTO cdc_finished_chunks SELECT * FROM sluice_finished_chunks()"));
    }
    for (const QuarantineEntry& entry : released_) {
      TRY(writer_->execute("DELETE FROM cdc_quarantine WHERE id = $1", {entry.id}));
    }
    if (!batch.quarantined.empty())
      TRY(writer_->execute("INSERT INTO cdc_quarantine SELECT * FROM sluice_quarantine()"));
    if (batch.quarantined.empty()) return {};
    // What was refused again stays the entry that people know.
    for (const QuarantineEntry& entry : released_) {
      TRY(writer_->execute(
          "UPDATE cdc_quarantine SET id = $1, first_seen_ns = $2 WHERE id >= $3 AND shard_id = $4 AND "
          "sequence_number = $5",
          {entry.id, entry.first_seen_ns, next_quarantine_id_, std::string_view(entry.shard),
           std::string_view(entry.sequence)}));
    }
    return {};
  }

  Result<void> write_ledger(const Batch& batch, const Applied& applied) {
    std::map<std::string, Books, std::less<>> deltas = batch.books;
    for (const auto& [shard, skipped] : applied.repeats_skipped) {
      deltas[shard].landed -= skipped;
      deltas[shard].rows -= skipped;
      deltas[shard].repeats += skipped;
    }
    for (const QuarantineEntry& entry : released_) --deltas[entry.shard].quarantined;
    for (const auto& [shard, books] : deltas) {
      const std::vector<Value> parameters = {
          std::string_view(shard), books.read,        books.landed,  books.rows,
          books.repeats,           books.quarantined, books.waiting, books.bytes};
      const int64_t updated =
          TRY(writer_->execute("UPDATE cdc_ledger SET read = read + $2, landed = landed + $3, rows = rows + "
                               "$4, repeats = repeats + $5, "
                               "quarantined = quarantined + $6, waiting = waiting + $7, bytes = bytes + $8, "
                               "updated_at = now()::TIMESTAMP "
                               "WHERE shard_id = $1",
                               parameters));
      if (updated > 0) continue;
      TRY(writer_->execute(
          "INSERT INTO cdc_ledger VALUES ($1, '', $2, $3, $4, $5, $6, $7, $8, now()::TIMESTAMP)",
          parameters));
    }
    for (const change::Checkpoint& checkpoint : batch.checkpoints) {
      const int64_t updated =
          TRY(writer_->execute("UPDATE cdc_ledger SET position = $2 WHERE shard_id = $1",
                               {std::string_view(checkpoint.shard), std::string_view(checkpoint.position)}));
      if (updated > 0) continue;
      TRY(writer_->execute("INSERT INTO cdc_ledger VALUES ($1, $2, 0, 0, 0, 0, 0, 0, 0, now()::TIMESTAMP)",
                           {std::string_view(checkpoint.shard), std::string_view(checkpoint.position)}));
    }
    return {};
  }

  Result<void> write_tables(const Batch& batch) {
    bool views_change = !views_made_;
    for (const TableState& table : batch.tables_changed) {
      const std::vector<Value> name = {std::string_view(table.name.schema),
                                       std::string_view(table.name.table)};
      TRY(writer_->execute("DELETE FROM cdc_tables WHERE source_schema = $1 AND source_table = $2", name));
      const std::string key = to_json_list(table.key.columns);
      TRY(writer_->execute("INSERT INTO cdc_tables VALUES ($1, $2, $3, $4, $5, $6)",
                           {name[0], name[1], std::string_view(key), static_cast<int64_t>(table.key.origin),
                            table.key.learned_at_ns, table.key_mismatches}));
      // A view of an array shows the key beside each element.
      const auto known = tables_.find(table.name);
      if (known == tables_.end() || known->second.key.columns != table.key.columns) views_change = true;
      if (same_columns(table)) continue;
      views_change = true;
      TRY(writer_->execute("DELETE FROM cdc_columns WHERE source_schema = $1 AND source_table = $2", name));
      for (const change::SeenColumn& column : table.columns) {
        TRY(writer_->execute("INSERT INTO cdc_columns VALUES ($1, $2, $3, $4, $5, $6)",
                             {name[0], name[1], std::string_view(column.name), int64_t{column.kinds},
                              column.first_commit_ts_ns, int64_t{column.ordinal}}));
      }
    }
    for (const TableState& table : batch.tables_changed) tables_.insert_or_assign(table.name, table);
    return views_change && options_.keeps_rows ? make_views(false) : Result<void>();
  }

  // Whether the columns that are stored for the table are these.
  bool same_columns(const TableState& table) const {
    const auto known = tables_.find(table.name);
    return known != tables_.end() &&
           std::ranges::equal(known->second.columns, table.columns, [](const auto& a, const auto& b) {
             return a.name == b.name && a.kinds == b.kinds && a.first_commit_ts_ns == b.first_commit_ts_ns &&
                    a.ordinal == b.ordinal;
           });
  }

  std::vector<TableState> known_tables() const {
    std::vector<TableState> states;
    states.reserve(tables_.size());
    for (const auto& [name, table] : tables_) states.push_back(table);
    return states;
  }

  // The options, with the maintained tables that the store has.
  sql::ViewOptions chosen() const { return with_current(options_.views, current_.tables()); }

  // Within the open transaction.
  Result<void> make_views(bool all) {
    TRY(views_.make(*writer_, known_tables(), chosen(), all));
    views_made_ = true;
    return {};
  }

  // Commits what `change` did, or nothing of it.
  template <typename Change>
  Result<int64_t> in_transaction(const Change& change) {
    TRY(writer_->execute("BEGIN TRANSACTION"));
    Result<int64_t> changed = change();
    if (changed.ok()) {
      const Result<void> committed = writer_->execute("COMMIT");
      if (committed.ok()) return changed;
      changed = committed.error();
    }
    roll_back();
    forget_views();
    return changed;
  }

  SinkOptions options_;
  // Declared before the connections, whose row function and scalar function point to them.
  BatchFeeds feeds_;
  Rekeying rekeying_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> writer_;
  std::unique_ptr<Connection> reader_;  // for the pipeline's thread, beside the writer's
  int64_t next_event_id_ = 1;
  int64_t next_quarantine_id_ = 1;
  std::map<TableName, TableState> tables_;
  Current current_;
  Views views_;
  bool views_made_ = false;
  std::vector<QuarantineEntry> released_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sink(SinkOptions options) {
  std::unique_ptr<Database> database =
      TRY(open_database({.path = options.path,
                         .access = options.create ? Access::CreateOrReadWrite : Access::ReadWrite,
                         .memory_limit = options.memory_limit,
                         .threads = options.threads}));
  std::unique_ptr<Connection> writer = TRY(database->connect());
  std::unique_ptr<Connection> reader = TRY(database->connect());
  auto sink =
      std::make_unique<Sink>(std::move(options), std::move(database), std::move(writer), std::move(reader));
  TRY(sink->open());
  return std::unique_ptr<Store>(std::move(sink));
}

}  // namespace sluice::sink::duckdb
