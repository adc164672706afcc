#include "sink/postgres/sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "base/log.h"
#include "sink/postgres/batch_writer.h"
#include "sink/postgres/connection.h"
#include "sink/postgres/copy_rows.h"
#include "sink/postgres/current.h"
#include "sink/postgres/known.h"
#include "sink/postgres/rekey.h"
#include "sink/postgres/store.h"
#include "sink/postgres/views.h"

namespace sluice::sink::postgres {

using change::Batch;
using change::Books;
using change::Piece;
using change::TableName;

namespace {

// How often a batch meets a deadlock, or another writer's lock for too long, before the run gives up.
constexpr int kMostCollisions = 20;
// How often it is looked whether others have ended chunks that wait here.
constexpr int64_t kEndedLookNs = 2'000'000'000;

Result<void> done(const Result<std::unique_ptr<Rows>>& result) {
  return result.ok() ? Result<void>() : Result<void>(result.error());
}

// A connection that is made again when it is lost.
class Line {
 public:
  Line(const SinkOptions& options, std::unique_ptr<Connection> connection)
      : options_(options), connection_(std::move(connection)) {}

  Connection& connection() { return *connection_; }
  const std::string& place() const { return connection_->place(); }

  // Connects again if need be. Errors: Unavailable past the patience, Refused when the server says no.
  Result<void> hold() {
    if (!connection_->is_lost()) return {};
    const int64_t begun_ns = system_clock().steady_ns();
    log_warn(
        fmt::format("the connection to PostgreSQL at {} was lost; connecting again", connection_->place()));
    for (int64_t pause_ms = 100;; pause_ms = std::min<int64_t>(pause_ms * 2, 5000)) {
      Result<std::unique_ptr<Connection>> again = connect(options_.dsn);
      if (again.ok()) {
        connection_ = std::move(again).value();
        return {};
      }
      if (again.error().kind != ErrorKind::Unavailable) return again.error();
      if (system_clock().steady_ns() - begun_ns > options_.patience_ms * 1'000'000) {
        return unavailable(fmt::format("PostgreSQL at {} is out of reach: {} Nothing is lost; run it again.",
                                       connection_->place(), again.error().message));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
    }
  }

  // Something that only reads, once more when the connection was lost over it.
  template <typename Read>
  auto read(const Read& what) -> decltype(what(std::declval<Connection&>())) {
    for (int tried = 1;; ++tried) {
      TRY(hold());
      auto answer = what(*connection_);
      if (answer.ok() || answer.error().kind != ErrorKind::Unavailable || tried == kMostCollisions)
        return answer;
      // A transaction may be open.
      if (!connection_->is_lost() && !connection_->run("ROLLBACK").ok()) continue;
    }
  }

 private:
  const SinkOptions& options_;
  std::unique_ptr<Connection> connection_;
};

class PostgresSink final : public Store {
 public:
  PostgresSink(SinkOptions options, std::unique_ptr<Connection> writer, std::unique_ptr<Connection> reader)
      : options_(std::move(options)),
        writer_(options_, std::move(writer)),
        reader_(options_, std::move(reader)),
        views_(options_.catalog, options_.views) {}

  Result<void> open() {
    Connection& connection = writer_.connection();
    TRY(options_.create ? prepare_store(connection) : require_store(connection));
    return options_.create ? change_current() : Result<void>();
  }

  bool is_shared() const override { return true; }
  NameLimits name_limits() const override { return {.max_bytes = 128, .takes_nul = false}; }

  // The server takes a good while over so many rows; what a transaction costs beside them is little.
  int64_t rows_worth_applying() const override { return 20'000; }

  Result<SavedState> load() override {
    SavedState state = TRY(reader_.read([](Connection& connection) { return load_state(connection); }));
    known_.tables.clear();
    for (const change::TableState& table : state.tables) known_.tables.insert_or_assign(table.name, table);
    if (!loaded_) {
      for (const change::Checkpoint& checkpoint : state.checkpoints)
        known_.positions.insert_or_assign(checkpoint.shard, checkpoint.position);
    }
    loaded_ = true;
    return state;
  }

  Result<Applied> apply(const Batch& batch) override {
    const int64_t now_ns = system_clock().steady_ns();
    const bool look = now_ns - looked_ns_ > kEndedLookNs && !known_.pieces.empty();
    Way way{.skip_repeats = options_.repeats == Repeats::Skip};
    for (int collisions = 0;;) {
      if (system_clock().steady_ns() - now_ns > options_.patience_ms * 1'000'000) return given_up();
      TRY(writer_.hold());
      if (const Result<void> known = register_writer(); !known.ok()) {
        if (known.error().kind != ErrorKind::Unavailable) return known.error();
        continue;
      }
      bool tables_changed = false;
      Result<Applied> applied = try_once(batch, way, look, tables_changed);
      if (!applied.ok() && !writer_.connection().is_lost()) {
        const Error& error = applied.error();
        if (!writer_.connection().run("ROLLBACK").ok()) continue;
        // The server refused a value or a depth: which image it was, it says when they come one by one.
        const bool is_data =
            error.reason.starts_with("22") || error.reason == "54001" || error.reason == "54000";
        if (is_data && !way.try_each_image) {
          way.try_each_image = true;
          continue;
        }
        if (error.kind != ErrorKind::Unavailable || ++collisions == kMostCollisions) return applied;
        continue;
      }
      if (!applied.ok() && applied.error().kind == ErrorKind::OutcomeUnknown) {
        if (!TRY(has_happened())) continue;
        applied = std::move(in_doubt_);
      } else if (!applied.ok()) {
        continue;
      }
      if (applied.value().stale) {
        TRY(writer_.connection().run("ROLLBACK"));
        return applied;
      }
      if (look) looked_ns_ = now_ns;
      remember(batch, applied.value());
      if (tables_changed) views_due_ = true;
      make_due_views();
      return applied;
    }
  }

  Result<std::vector<Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) override {
    return reader_.read([&](Connection& connection) -> Result<std::vector<Piece>> {
      std::vector<Piece> pieces;
      const auto rows =
          TRY(connection.run("SELECT shard_id, sequence_number, chunk_id, is_head, fragment_index, "
                             "first_seen_ns, bytes FROM cdc_fragments WHERE "
                             "chunk_id = $1 ORDER BY first_seen_ns, shard_id, sequence_number",
                             {chunk_id}));
      for (int row = 0; row < rows->size(); ++row) {
        pieces.push_back(piece_of(*rows, row, arena));
        pieces.back().bytes = arena.copy(rows->bytes(row, 6));
      }
      return pieces;
    });
  }

  Result<std::vector<Piece>> waiting_index(Arena& arena) override {
    const auto read_index = [&](Connection& connection) -> Result<std::vector<Piece>> {
      std::vector<Piece> index;
      const auto rows =
          TRY(connection.run("SELECT shard_id, sequence_number, chunk_id, is_head, fragment_index, "
                             "first_seen_ns FROM cdc_fragments ORDER BY "
                             "first_seen_ns, shard_id, sequence_number"));
      for (int row = 0; row < rows->size(); ++row) index.push_back(piece_of(*rows, row, arena));
      return index;
    };
    std::vector<Piece> pieces = TRY(reader_.read(read_index));
    known_.pieces.clear();
    for (const Piece& piece : pieces)
      known_.pieces[piece.chunk_id].emplace(piece.position.shard, piece.position.sequence);
    return pieces;
  }

  Result<std::map<TableName, int64_t>> keyless_rows() override {
    return reader_.read([](Connection& connection) -> Result<std::map<TableName, int64_t>> {
      std::map<TableName, int64_t> counts;
      const auto rows =
          TRY(connection.run("SELECT source_schema, source_table, count(*) FROM cdc_events WHERE record_id "
                             "LIKE 'image:%' AND length(record_id) = "
                             "70 GROUP BY source_schema, source_table"));
      for (int row = 0; row < rows->size(); ++row)
        counts[{rows->text(row, 0), rows->text(row, 1)}] = rows->number(row, 2);
      return counts;
    });
  }

  void catch_up() override { make_due_views(); }

  // Also the last chance of a run for views that were in use before.
  Result<Audit> audit() override {
    make_due_views();
    return reader_.read([](Connection& connection) -> Result<Audit> {
      TRY(connection.run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"));
      Audit audit;
      const auto rows = TRY(connection.run(
          "SELECT shard_id, read, landed, rows, repeats, quarantined, waiting, bytes FROM cdc_ledger"));
      for (int row = 0; row < rows->size(); ++row) {
        audit.ledger[rows->text(row, 0)] = {rows->number(row, 1), rows->number(row, 2), rows->number(row, 3),
                                            rows->number(row, 4), rows->number(row, 5), rows->number(row, 6),
                                            rows->number(row, 7)};
      }
      const auto count_into = [&](const char* table, int64_t Books::*member) -> Result<void> {
        const auto counts =
            TRY(connection.run(fmt::format("SELECT shard_id, count(*) FROM {} GROUP BY shard_id", table)));
        for (int row = 0; row < counts->size(); ++row)
          audit.counted[counts->text(row, 0)].*member = counts->number(row, 1);
        return {};
      };
      TRY(count_into("cdc_events", &Books::rows));
      TRY(count_into("cdc_fragments", &Books::waiting));
      TRY(count_into("cdc_quarantine", &Books::quarantined));
      TRY(connection.run("COMMIT"));
      return audit;
    });
  }

  Result<std::vector<std::pair<std::string, int64_t>>> quarantine_counts() override {
    using Counts = std::vector<std::pair<std::string, int64_t>>;
    return reader_.read([](Connection& connection) -> Result<Counts> {
      Counts counts;
      const auto rows = TRY(connection.run(
          "SELECT reason, count(*) AS n FROM cdc_quarantine GROUP BY reason ORDER BY n DESC, reason"));
      for (int row = 0; row < rows->size(); ++row)
        counts.emplace_back(rows->text(row, 0), rows->number(row, 1));
      return counts;
    });
  }

  Result<std::vector<QuarantineEntry>> quarantined(std::optional<int64_t> id, const std::string& reason,
                                                   int64_t limit, bool with_bytes) override {
    return reader_.read([&](Connection& connection) -> Result<std::vector<QuarantineEntry>> {
      std::vector<QuarantineEntry> entries;
      const auto rows = TRY(
          connection.run(fmt::format("SELECT id, shard_id, sequence_number, reason, message, chunk_id, "
                                     "first_seen_ns, {} FROM cdc_quarantine "
                                     "WHERE ($1::bigint IS NULL OR id = $1::bigint) AND ($2 = '' OR reason = "
                                     "$2) ORDER BY id LIMIT $3::bigint",
                                     with_bytes ? "bytes" : "''::bytea"),
                         {id ? Parameter(std::to_string(*id)) : Parameter(), reason, std::to_string(limit)}));
      for (int row = 0; row < rows->size(); ++row) {
        entries.push_back({rows->number(row, 0), rows->text(row, 1), rows->text(row, 2), rows->text(row, 3),
                           rows->text(row, 4), rows->text(row, 5), rows->bytes(row, 7),
                           rows->number(row, 6)});
      }
      return entries;
    });
  }

  void release_with_next_apply(std::vector<QuarantineEntry> entries) override {
    known_.released = std::move(entries);
  }

  Result<int64_t> count_repeats(int64_t from_ns, int64_t through_ns) override {
    return reader_.read([&](Connection& connection) -> Result<int64_t> {
      const auto rows =
          TRY(connection.run("SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM cdc_events "
                             "WHERE commit_ts_ns BETWEEN $1 AND $2 GROUP "
                             "BY source_schema, source_table, record_id, commit_ts_ns, operation HAVING "
                             "count(*) > 1) AS repeated",
                             {std::to_string(from_ns), std::to_string(through_ns)}));
      return rows->number(0, 0);
    });
  }

  Result<RekeyEffect> try_rekey(const change::Rekey& rekey) override {
    TRY(writer_.hold());
    return postgres::try_rekey(writer_.connection(), rekey);
  }

  Result<std::vector<CurrentCheck>> check_current() override {
    return reader_.read([](Connection& connection) { return postgres::check_current(connection); });
  }

  Result<std::vector<NewestImage>> newest_images() override {
    return reader_.read([](Connection& connection) -> Result<std::vector<NewestImage>> {
      std::vector<NewestImage> images;
      const auto rows = TRY(connection.run(
          "SELECT DISTINCT ON (source_schema, source_table) source_schema, source_table, event_text FROM "
          "cdc_events WHERE operation <> 'd' ORDER BY source_schema, source_table, commit_ts_ns DESC"));
      for (int row = 0; row < rows->size(); ++row)
        images.push_back({{rows->text(row, 0), rows->text(row, 1)}, rows->text(row, 2)});
      return images;
    });
  }

  Result<int64_t> refresh_views(const std::vector<std::string>& grantees) override {
    TRY(writer_.hold());
    return views_.make(writer_.connection(), true, grantees);
  }

  Result<std::vector<ViewDifference>> view_differences() override {
    TRY(writer_.hold());
    return views_.differences(writer_.connection());
  }

  Result<int64_t> drop_views() override {
    TRY(writer_.hold());
    return views_.drop(writer_.connection());
  }

  Result<std::vector<UnconvertedColumn>> unconverted_values() override {
    return reader_.read([this](Connection& connection) { return views_.unconverted(connection); });
  }

 private:
  // From columns shard_id, sequence_number, chunk_id, is_head, fragment_index, first_seen_ns.
  static Piece piece_of(const Rows& rows, int row, Arena& arena) {
    Piece piece;
    piece.position = {arena.copy(rows.text(row, 0)), arena.copy(rows.text(row, 1))};
    piece.chunk_id = rows.text(row, 2);
    piece.is_head = rows.text(row, 3) == "t";
    piece.index = static_cast<uint32_t>(rows.number(row, 4));
    piece.first_seen_ns = rows.number(row, 5);
    return piece;
  }

  // Begins and ends maintained tables as the options say, together with the views that read them.
  Result<void> change_current() {
    Connection& connection = writer_.connection();
    CurrentPlan plan = plan_current(options_.views, TRY(load_current(connection)));
    for (const change::TableName& table : TRY(load_begun(connection))) {
      const auto chosen = options_.views.find(table);
      if (chosen != options_.views.end() && !chosen->second.current_table.value_or(true))
        plan.end.insert(table);
    }
    if (plan.empty()) return {};
    TRY(begin_current(connection, plan.begin));
    TRY(connection.run("BEGIN"));
    Result<void> changed = postgres::change_current(connection, plan);
    if (changed.ok()) {
      const Result<int64_t> made = views_.make_in_transaction(connection, false, {});
      changed = made.ok() ? check_ended(connection, plan) : Result<void>(made.error());
    }
    if (changed.ok()) changed = done(connection.run("COMMIT"));
    if (changed.ok()) return changed;
    views_.forget();
    if (!connection.is_lost() && !connection.run("ROLLBACK").ok()) return changed;
    return changed;
  }

  // The row by which a lost reply to a COMMIT is looked up.
  Result<void> register_writer() {
    if (!writer_id_.empty()) return {};
    Connection& connection = writer_.connection();
    TRY(connection.run("DELETE FROM cdc_writers WHERE seen_at < now() - interval '30 days'"));
    const auto rows = TRY(connection.run("INSERT INTO cdc_writers (batch) VALUES (0) RETURNING writer_id"));
    writer_id_ = rows->text(0, 0);
    return {};
  }

  Error given_up() const {
    return unavailable(
        fmt::format("PostgreSQL at {} ends the connection or times out over every attempt to write one "
                    "batch. Nothing is lost; look "
                    "into the server's log, then run it again.",
                    writer_.place()));
  }

  // One transaction. OutcomeUnknown when the reply to its COMMIT was lost; `in_doubt_` is then the answer if
  // it happened.
  Result<Applied> try_once(const Batch& batch, Way way, bool look, bool& tables_changed) {
    Connection& connection = writer_.connection();
    BatchWriter writer(connection, batch, known_);
    // A server that hangs over a statement is given up.
    TRY(connection.run("BEGIN; SET LOCAL statement_timeout = '15min'"));
    Applied applied = TRY(writer.write(way, look));
    if (applied.stale) return applied;
    TRY(connection.run("UPDATE cdc_writers SET batch = $2, seen_at = now() WHERE writer_id = $1",
                       {writer_id_, std::to_string(batch_ + 1)}));
    tables_changed = writer.tables_changed();
    const Result<void> committed = done(connection.run("COMMIT"));
    if (committed.ok()) return applied;
    if (!connection.is_lost()) return committed.error();
    in_doubt_ = std::move(applied);
    return Error{ErrorKind::OutcomeUnknown, "", committed.error().message};
  }

  // Whether the batch whose COMMIT was not answered is durable. The lock waits for a server that is still at
  // it.
  Result<bool> has_happened() {
    while (true) {
      TRY(writer_.hold());
      const auto rows = writer_.connection().run(
          "SELECT batch FROM cdc_writers WHERE writer_id = $1 FOR UPDATE", {writer_id_});
      if (rows.ok()) return rows.value()->size() > 0 && rows.value()->number(0, 0) > batch_;
      if (rows.error().kind != ErrorKind::Unavailable) return rows.error();
    }
  }

  // The batch is durable: from now on this is what this writer knows of the store.
  void remember(const Batch& batch, const Applied& applied) {
    ++batch_;
    for (const change::Checkpoint& checkpoint : batch.checkpoints)
      known_.positions.insert_or_assign(checkpoint.shard, checkpoint.position);
    for (const change::TableState& table : batch.tables_changed)
      known_.tables.insert_or_assign(table.name, table);
    for (const change::RemovedPiece& piece : batch.pieces_removed) {
      const auto found = known_.pieces.find(piece.chunk_id);
      if (found == known_.pieces.end()) continue;
      found->second.erase({piece.shard, piece.sequence});
      if (found->second.empty()) known_.pieces.erase(found);
    }
    for (const Piece& piece : batch.pieces_added)
      known_.pieces[piece.chunk_id].emplace(piece.position.shard, piece.position.sequence);
    for (const FoundPiece& piece : applied.pieces_found)
      known_.pieces[piece.chunk_id].emplace(piece.shard, piece.sequence);
    for (const change::FinishedChunk& chunk : applied.chunks_ended) {
      const auto found = known_.pieces.find(chunk.chunk_id);
      if (found != known_.pieces.end()) known_.pieces.erase(found);
    }
    known_.released.clear();
  }

  // The batch is durable whatever becomes of its views; what cannot be made now is made after the next, or
  // when the stream is quiet.
  void make_due_views() {
    if (!views_due_ || writer_.connection().is_lost()) return;
    const Result<int64_t> made = views_.make(writer_.connection(), false, {});
    if (made.ok()) {
      views_due_ = false;
    } else if (made.error().kind != ErrorKind::Unavailable) {
      log_warn(fmt::format("the views were not made: {}", made.error().message));
      views_due_ = false;
    }
  }

  SinkOptions options_;
  Line writer_;
  Line reader_;  // for the pipeline's thread, beside the writer's
  Views views_;
  Known known_;
  std::string writer_id_;
  int64_t batch_ = 0;  // durable ones of this writer
  Applied in_doubt_;
  int64_t looked_ns_ = 0;
  bool loaded_ = false;
  bool views_due_ = true;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sink(SinkOptions options) {
  std::unique_ptr<Connection> writer = TRY(connect(options.dsn));
  std::unique_ptr<Connection> reader = TRY(connect(options.dsn));
  auto sink = std::make_unique<PostgresSink>(std::move(options), std::move(writer), std::move(reader));
  TRY(sink->open());
  return std::unique_ptr<Store>(std::move(sink));
}

}  // namespace sluice::sink::postgres
