#include "sink/postgres/batch_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/crc32c.h"
#include "base/text.h"
#include "sink/postgres/copy_rows.h"
#include "sink/postgres/piece_writer.h"
#include "sink/postgres/rekey.h"
#include "sink/postgres/store.h"

namespace sluice::sink::postgres {

using change::Books;
using change::TableName;
using change::TableState;

namespace {

// The first half of our advisory locks; the second is a bucket, because the server's room for locks is
// limited.
constexpr int kKeyLocks = 0x51C0;
constexpr uint32_t kKeyBuckets = 1024;
// Longer names are no columns of PostgreSQL, and too long for the index.
constexpr size_t kMaxColumnName = 512;

constexpr const char* kEventColumns =
    "source_schema, source_table, operation, record_id, event_data, commit_timestamp, commit_ts_ns, tx_id, "
    "shard_id, "
    "sequence_number, event_text";

uint32_t bucket_of(const TableName& name) { return crc32c(name.table, crc32c(name.schema)) % kKeyBuckets; }

const TableState* find(const std::map<TableName, TableState>& tables, const TableName& name) {
  const auto found = tables.find(name);
  return found == tables.end() ? nullptr : &found->second;
}

bool same_column(const change::SeenColumn& a, const change::SeenColumn& b) {
  return a.name == b.name && a.kinds == b.kinds && a.first_commit_ts_ns == b.first_commit_ts_ns &&
         a.ordinal == b.ordinal;
}

}  // namespace

Result<Applied> BatchWriter::write(Way way, bool look_for_ended_chunks) {
  Applied stale;
  stale.stale = true;
  Applied applied;
  TRY(check_positions());
  if (!TRY(keys_are_current())) return stale;
  for (const change::Rekey& rekey : batch_.rekeys) TRY(apply_rekey(connection_, rekey));
  TRY(insert_rows(way, applied));
  PieceWriter pieces(connection_, batch_, known_);
  if (!TRY(pieces.write(applied))) return stale;
  if (look_for_ended_chunks) TRY(pieces.look_for_ended(applied));
  TRY(write_quarantine());
  TRY(write_ledger(applied));
  TRY(write_tables());
  return applied;
}

Error BatchWriter::moved(const std::string& shard) const {
  return {ErrorKind::Refused, "fenced",
          fmt::format("another writer has moved shard {} at {}: this one no longer owns it, and nothing of "
                      "its last batch "
                      "was written. Stop one of the two; a new run continues where the other one is.",
                      shard, connection_.place())};
}

// Before the work, so that a writer that lost its shard hears of it at once; write_ledger() decides.
Result<void> BatchWriter::check_positions() {
  if (batch_.checkpoints.empty()) return {};
  std::vector<std::string> shards;
  for (const change::Checkpoint& checkpoint : batch_.checkpoints) shards.push_back(checkpoint.shard);
  const auto rows = TRY(connection_.run(
      "SELECT shard_id, position FROM cdc_ledger WHERE shard_id = ANY($1::text[])", {array_text(shards)}));
  for (int row = 0; row < rows->size(); ++row) {
    const auto expected = known_.positions.find(rows->text(row, 0));
    if (rows->text(row, 1) != (expected == known_.positions.end() ? "" : expected->second))
      return moved(rows->text(row, 0));
  }
  return {};
}

// Locks the keys of every table of the batch, and says whether the record ids were made by the keys that are
// stored.
Result<bool> BatchWriter::keys_are_current() {
  std::map<TableName, const TableState*> wanted;
  for (const TableName& name : batch_.tables) wanted[name] = find(known_.tables, name);
  for (const TableState& table : batch_.tables_changed) wanted[table.name] = &table;
  if (wanted.empty()) return true;
  std::set<uint32_t> shared;
  std::set<uint32_t> exclusive;
  std::vector<std::string> schemas;
  std::vector<std::string> names;
  for (const auto& [name, table] : wanted) {
    const TableState* known = find(known_.tables, name);
    const bool changes = known == nullptr || table == nullptr || table->key.columns != known->key.columns;
    (changes ? exclusive : shared).insert(bucket_of(name));
    schemas.push_back(name.schema);
    names.push_back(name.table);
  }
  if (exclusive.empty()) {
    TRY(connection_.run(
        fmt::format("SELECT pg_advisory_xact_lock_shared({}, k) FROM unnest($1::int[]) AS k", kKeyLocks),
        {numbers_text(shared)}));
  } else {
    shared.insert(exclusive.begin(), exclusive.end());
    for (const uint32_t bucket : shared) {
      TRY(connection_.run(fmt::format("SELECT pg_advisory_xact_lock{}({}, {})",
                                      exclusive.contains(bucket) ? "" : "_shared", kKeyLocks, bucket)));
    }
  }
  const auto rows =
      TRY(connection_.run("SELECT source_schema, source_table, key_columns, key_origin, key_learned_at_ns "
                          "FROM cdc_tables WHERE (source_schema, "
                          "source_table) IN (SELECT * FROM unnest($1::text[], $2::text[]))",
                          {array_text(schemas), array_text(names)}));
  for (int row = 0; row < rows->size(); ++row) {
    const TableName name{rows->text(row, 0), rows->text(row, 1)};
    const change::TableKey stored{from_json_list(rows->text(row, 2)),
                                  static_cast<change::KeyOrigin>(rows->number(row, 3)), rows->number(row, 4)};
    const TableState* known = find(known_.tables, name);
    const TableState* table = wanted.at(name);
    if (table == nullptr) return false;
    if (known == nullptr) {
      if (stored.columns != table->key.columns) return false;
      continue;
    }
    // A key is only changed by somebody who knows the present one entirely, its age included.
    const bool changes = table->key.columns != known->key.columns;
    if (changes ? stored != known->key : stored.columns != known->key.columns) return false;
  }
  return true;
}

Result<void> BatchWriter::copy_rows(const std::string& table, bool with_jsonb) {
  return connection_.copy_in(fmt::format("COPY {} ({}) FROM STDIN (FORMAT binary)", table, kEventColumns),
                             [&](const CopySink& out) -> Result<void> {
                               CopyRows copy(out);
                               for (const change::Row& row : batch_.rows) {
                                 const TableName& name = batch_.tables[row.table];
                                 TRY(copy.row(11));
                                 copy.text(name.schema);
                                 copy.text(name.table);
                                 copy.text(row.operation);
                                 if (row.record_id.find('\0') == std::string_view::npos) {
                                   copy.text(row.record_id);
                                 } else {
                                   copy.text(storable_id(row.record_id));
                                 }
                                 if (with_jsonb) {
                                   copy.jsonb(row.image);
                                 } else {
                                   copy.null();
                                 }
                                 copy.time(row.commit_ts_ns);
                                 copy.number(row.commit_ts_ns);
                                 copy.text(row.tx_id);
                                 copy.text(row.position.shard);
                                 copy.text(row.position.sequence);
                                 copy.text(row.image);
                               }
                               return copy.finish();
                             });
}

Result<void> BatchWriter::insert_rows(Way way, Applied& applied) {
  if (batch_.rows.empty()) return {};
  if (way.is_direct()) return copy_rows("cdc_events", true);
  TRY(
      connection_.run("CREATE TEMP TABLE IF NOT EXISTS cdc_arrived (at bigint GENERATED ALWAYS AS IDENTITY, "
                      "LIKE cdc_events) ON COMMIT DELETE "
                      "ROWS; ALTER TABLE pg_temp.cdc_arrived ALTER event_id DROP NOT NULL, ALTER ingested_at "
                      "DROP NOT NULL; TRUNCATE "
                      "pg_temp.cdc_arrived"));
  TRY(copy_rows("pg_temp.cdc_arrived", !way.try_each_image));
  const std::string columns =
      way.try_each_image ? "source_schema, source_table, operation, record_id, cdc_jsonb(event_text), "
                           "commit_timestamp, commit_ts_ns, tx_id, shard_id, sequence_number, event_text"
                         : kEventColumns;
  std::string chosen = "SELECT * FROM pg_temp.cdc_arrived";
  if (way.skip_repeats) {
    chosen =
        "SELECT DISTINCT ON (source_schema, source_table, record_id, commit_ts_ns, operation, event_text) * "
        "FROM "
        "pg_temp.cdc_arrived AS arrived WHERE NOT EXISTS (SELECT 1 FROM cdc_events AS landed WHERE "
        "landed.source_schema = "
        "arrived.source_schema AND landed.source_table = arrived.source_table AND landed.record_id = "
        "arrived.record_id AND "
        "landed.commit_ts_ns = arrived.commit_ts_ns AND landed.operation = arrived.operation AND "
        "landed.event_text = "
        "arrived.event_text) ORDER BY source_schema, source_table, record_id, commit_ts_ns, operation, "
        "event_text, at";
  }
  const auto landed = TRY(connection_.run(fmt::format(
      "WITH landed AS (INSERT INTO cdc_events ({}) SELECT {} FROM ({}) AS chosen RETURNING shard_id) SELECT "
      "shard_id, count(*) FROM landed GROUP BY shard_id",
      kEventColumns, columns, chosen)));
  if (!way.skip_repeats) return {};
  for (const change::Row& row : batch_.rows) ++applied.repeats_skipped[std::string(row.position.shard)];
  for (int row = 0; row < landed->size(); ++row)
    applied.repeats_skipped[landed->text(row, 0)] -= landed->number(row, 1);
  return {};
}

Result<void> BatchWriter::write_quarantine() {
  std::vector<std::string> ids;
  for (const QuarantineEntry& entry : known_.released) ids.push_back(std::to_string(entry.id));
  if (!ids.empty()) {
    const auto gone =
        TRY(connection_.run("DELETE FROM cdc_quarantine WHERE id = ANY($1::bigint[])", {array_text(ids)}));
    if (gone->touched() != static_cast<int64_t>(ids.size()))
      return refused(
          "somebody else has taken records out of the quarantine that were to be tried; list it and try "
          "again.");
  }
  if (batch_.quarantined.empty()) return {};
  const std::string newest =
      TRY(connection_.run("SELECT coalesce(max(id), 0) FROM cdc_quarantine"))->text(0, 0);
  const auto write_rows = [&](const CopySink& out) -> Result<void> {
    CopyRows copy(out);
    for (const change::QuarantinedRecord& record : batch_.quarantined) {
      TRY(copy.row(7));
      copy.text(record.position.shard);
      copy.text(record.position.sequence);
      copy.text(record.reason);
      copy.text(without_nul(record.message));
      copy.text(without_nul(record.chunk_id));
      copy.number(record.first_seen_ns);
      copy.bytes(record.bytes);
    }
    return copy.finish();
  };
  TRY(connection_.copy_in(
      "COPY cdc_quarantine (shard_id, sequence_number, reason, message, chunk_id, first_seen_ns, bytes) "
      "FROM STDIN (FORMAT binary)",
      write_rows));
  // What was refused again stays the entry that people know.
  for (const QuarantineEntry& entry : known_.released) {
    TRY(connection_.run(
        "UPDATE cdc_quarantine SET id = $1, first_seen_ns = $2 WHERE id > $3 AND shard_id = $4 AND "
        "sequence_number = $5",
        {std::to_string(entry.id), std::to_string(entry.first_seen_ns), newest, entry.shard,
         entry.sequence}));
  }
  return {};
}

Result<void> BatchWriter::write_ledger(const Applied& applied) {
  std::map<std::string, Books, std::less<>> deltas = batch_.books;
  for (const auto& [shard, skipped] : applied.repeats_skipped) {
    deltas[shard].landed -= skipped;
    deltas[shard].rows -= skipped;
    deltas[shard].repeats += skipped;
  }
  for (const QuarantineEntry& entry : known_.released) --deltas[entry.shard].quarantined;
  for (const change::Checkpoint& checkpoint : batch_.checkpoints) deltas.try_emplace(checkpoint.shard);
  for (const auto& [shard, books] : deltas) {
    const auto checkpoint = std::ranges::find(batch_.checkpoints, shard, &change::Checkpoint::shard);
    const bool moves = checkpoint != batch_.checkpoints.end();
    const auto expected = known_.positions.find(shard);
    const std::vector<Parameter> values = {shard,
                                           std::to_string(books.read),
                                           std::to_string(books.landed),
                                           std::to_string(books.rows),
                                           std::to_string(books.repeats),
                                           std::to_string(books.quarantined),
                                           std::to_string(books.waiting),
                                           std::to_string(books.bytes),
                                           moves ? Parameter(checkpoint->position) : Parameter(),
                                           expected == known_.positions.end() ? "" : expected->second};
    const auto update = [&]() -> Result<bool> {
      const auto rows = TRY(connection_.run(
          "UPDATE cdc_ledger SET read = read + $2, landed = landed + $3, rows = rows + $4, repeats = repeats "
          "+ $5, "
          "quarantined = quarantined + $6, waiting = waiting + $7, bytes = bytes + $8, position = "
          "coalesce($9::text, "
          "position), updated_at = now() WHERE shard_id = $1 AND ($9::text IS NULL OR position = $10::text)",
          values));
      return rows->touched() > 0;
    };
    if (TRY(update())) continue;
    const auto inserted = TRY(connection_.run(
        "INSERT INTO cdc_ledger SELECT $1::text, coalesce($9::text, ''), $2::bigint, $3::bigint, $4::bigint, "
        "$5::bigint, $6::bigint, $7::bigint, $8::bigint, now() WHERE $10::text = '' ON CONFLICT (shard_id) "
        "DO NOTHING",
        values));
    // Another writer may have made the row in between, for what it changed in this shard's books.
    if (inserted->touched() == 0 && !TRY(update())) return moved(shard);
  }
  return {};
}

Result<void> BatchWriter::write_tables() {
  std::map<TableName, const TableState*> changed;
  for (const TableState& table : batch_.tables_changed) changed[table.name] = &table;
  for (const auto& [name, table] : changed) {
    const TableState* known = find(known_.tables, name);
    const int64_t mismatches = table->key_mismatches - (known == nullptr ? 0 : known->key_mismatches);
    TRY(connection_.run(
        "INSERT INTO cdc_tables AS known VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (source_schema, "
        "source_table) DO UPDATE "
        "SET key_columns = EXCLUDED.key_columns, key_mismatches = known.key_mismatches + "
        "EXCLUDED.key_mismatches, key_origin = "
        "CASE WHEN known.key_columns = EXCLUDED.key_columns THEN greatest(known.key_origin, "
        "EXCLUDED.key_origin) ELSE "
        "EXCLUDED.key_origin END, key_learned_at_ns = CASE WHEN known.key_columns = EXCLUDED.key_columns "
        "THEN "
        "greatest(known.key_learned_at_ns, EXCLUDED.key_learned_at_ns) ELSE EXCLUDED.key_learned_at_ns END",
        {name.schema, name.table, to_json_list(table->key.columns),
         std::to_string(static_cast<int>(table->key.origin)), std::to_string(table->key.learned_at_ns),
         std::to_string(mismatches)}));
    if (known == nullptr) tables_changed_ = true;
    TRY(write_columns(*table));
  }
  return {};
}

// Adds what this writer has seen to what all have seen; the result is the same in any order.
Result<void> BatchWriter::write_columns(const TableState& table) {
  const TableState* known = find(known_.tables, table.name);
  std::map<std::string, const change::SeenColumn*> changed;
  for (const change::SeenColumn& column : table.columns) {
    if (column.name.size() > kMaxColumnName || column.name.find('\0') != std::string::npos) continue;
    const auto is_same = [&column](const change::SeenColumn& other) { return same_column(column, other); };
    if (known == nullptr || std::ranges::none_of(known->columns, is_same)) changed[column.name] = &column;
  }
  if (changed.empty()) return {};
  tables_changed_ = true;
  std::vector<std::string> names;
  std::vector<std::string> kinds;
  std::vector<std::string> commits;
  std::vector<std::string> ordinals;
  for (const auto& [name, column] : changed) {
    names.push_back(name);
    kinds.push_back(std::to_string(column->kinds));
    commits.push_back(std::to_string(column->first_commit_ts_ns));
    ordinals.push_back(std::to_string(column->ordinal));
  }
  TRY(
      connection_.run("INSERT INTO cdc_columns AS known SELECT $1, $2, seen.* FROM unnest($3::text[], "
                      "$4::int[], $5::bigint[], $6::int[]) AS "
                      "seen ON CONFLICT (source_schema, source_table, name) DO UPDATE SET kinds = "
                      "known.kinds | EXCLUDED.kinds, "
                      "first_commit_ts_ns = least(known.first_commit_ts_ns, EXCLUDED.first_commit_ts_ns), "
                      "ordinal = CASE WHEN "
                      "(EXCLUDED.first_commit_ts_ns, EXCLUDED.ordinal) < (known.first_commit_ts_ns, "
                      "known.ordinal) THEN EXCLUDED.ordinal ELSE "
                      "known.ordinal END",
                      {table.name.schema, table.name.table, array_text(names), array_text(kinds),
                       array_text(commits), array_text(ordinals)}));
  return {};
}

}  // namespace sluice::sink::postgres
