#include "sink/duckdb/store.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "sql/duckdb.h"

namespace sluice::sink::duckdb {

using change::KeyOrigin;
using change::TableName;

namespace {

// Beside cdc_events, whose text belongs to the sql room.
constexpr const char* kTables = R"(
CREATE TABLE cdc_meta (name VARCHAR, value VARCHAR);
CREATE TABLE cdc_ledger (shard_id VARCHAR, position VARCHAR, read BIGINT, landed BIGINT, rows BIGINT, repeats BIGINT,
                         quarantined BIGINT, waiting BIGINT, bytes BIGINT, updated_at TIMESTAMP);
CREATE TABLE cdc_fragments (chunk_id VARCHAR, is_head BOOLEAN, fragment_index INTEGER, shard_id VARCHAR,
                            sequence_number VARCHAR, first_seen_ns BIGINT, bytes BLOB);
CREATE TABLE cdc_finished_chunks (chunk_id VARCHAR, crc32c BIGINT, total_fragments BIGINT, piece_crcs BLOB,
                                  finished_ns BIGINT);
CREATE TABLE cdc_quarantine (id BIGINT, shard_id VARCHAR, sequence_number VARCHAR, reason VARCHAR, message VARCHAR,
                             chunk_id VARCHAR, first_seen_ns BIGINT, bytes BLOB);
CREATE TABLE cdc_tables (source_schema VARCHAR, source_table VARCHAR, key_columns JSON, key_origin TINYINT,
                         key_learned_at_ns BIGINT, key_mismatches BIGINT);
CREATE TABLE cdc_columns (source_schema VARCHAR, source_table VARCHAR, name VARCHAR, kinds INTEGER,
                          first_commit_ts_ns BIGINT, ordinal INTEGER);
CREATE TABLE cdc_views (view_name VARCHAR, macro_name VARCHAR, source_schema VARCHAR, source_table VARCHAR);
)";

Result<std::optional<std::string>> stored_version(Connection& connection) {
  const auto meta = TRY(connection.query_value(
      "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'cdc_meta' AND schema_name = current_schema() "
      "AND database_name = current_database()"));
  if (meta != "1") return std::optional<std::string>();
  return connection.query_value("SELECT value FROM cdc_meta WHERE name = 'store_version'");
}

Result<void> check_version(const std::string& version, const std::string& path) {
  const std::optional<int64_t> number = parse_int64(version);
  if (!number || *number < 1)
    return refused(fmt::format(
        "cannot use duckdb:{}: its cdc_meta names no store version, so the file is damaged or not ours.",
        path));
  if (*number > kStoreVersion) {
    return refused(
        fmt::format("cannot use duckdb:{}: a newer sluice wrote it (store version {}, this one knows {}). "
                    "Use that sluice; nothing was changed.",
                    path, *number, kStoreVersion));
  }
  return {};
}

int64_t number(const std::optional<std::string>& cell) { return cell ? parse_int64(*cell).value_or(0) : 0; }

}  // namespace

Result<void> require_store(Connection& connection, const std::string& path) {
  const std::optional<std::string> version = TRY(stored_version(connection));
  if (!version) return refused(fmt::format("{} is a DuckDB file, but sluice has never written to it.", path));
  return check_version(*version, path);
}

Result<void> prepare_store(Connection& connection, const std::string& path) {
  const std::optional<std::string> version = TRY(stored_version(connection));
  if (version) {
    // Version 2 is version 1 with maintained tables: there is nothing to migrate.
    return check_version(*version, path);
  }
  const auto events = TRY(connection.query_value(
      "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'cdc\\_%' ESCAPE '\\'"));
  if (events != "0") {
    return refused(fmt::format(
        "cannot use duckdb:{}: it has tables named cdc_... that sluice did not make. Name another file.",
        path));
  }
  TRY(connection.execute("BEGIN TRANSACTION"));
  TRY(connection.execute(sql::duckdb_schema()));
  TRY(connection.execute(kTables));
  TRY(connection.execute(
      fmt::format("INSERT INTO cdc_meta VALUES ('store_version', '{}')", kPlainStoreVersion)));
  return connection.execute("COMMIT");
}

Result<void> forget_ended_chunks(Connection& connection, int64_t most) {
  const auto count = TRY(connection.query_value("SELECT count(*) FROM cdc_finished_chunks"));
  if (number(count) <= most) return {};
  return connection.execute(
      fmt::format("DELETE FROM cdc_finished_chunks WHERE rowid NOT IN (SELECT rowid FROM cdc_finished_chunks "
                  "ORDER BY finished_ns DESC, rowid DESC LIMIT {})",
                  most));
}

Result<Ledger> load_ledger(Connection& connection) {
  Ledger ledger;
  TRY(each_row(connection,
               "SELECT shard_id, position, read, landed, rows, repeats, quarantined, waiting, bytes FROM "
               "cdc_ledger ORDER BY shard_id",
               {}, [&ledger](const auto& row) {
                 if (!text(row[1]).empty()) ledger.checkpoints.push_back({text(row[0]), text(row[1])});
                 ledger.books[text(row[0])] = {number(row[2]), number(row[3]), number(row[4]), number(row[5]),
                                               number(row[6]), number(row[7]), number(row[8])};
               }));
  return ledger;
}

Result<std::vector<change::TableState>> load_tables(Connection& connection) {
  std::map<TableName, change::TableState> tables;
  TRY(each_row(
      connection,
      "SELECT source_schema, source_table, key_origin, key_learned_at_ns, key_mismatches FROM cdc_tables", {},
      [&tables](const auto& row) {
        change::TableState& table = tables[{text(row[0]), text(row[1])}];
        table.name = {text(row[0]), text(row[1])};
        table.key.origin = static_cast<KeyOrigin>(number(row[2]));
        table.key.learned_at_ns = number(row[3]);
        table.key_mismatches = number(row[4]);
      }));
  TRY(each_row(
      connection,
      "SELECT source_schema, source_table, unnest(json_extract_string(key_columns, '$[*]')) FROM cdc_tables",
      {}, [&tables](const auto& row) {
        tables[{text(row[0]), text(row[1])}].key.columns.push_back(text(row[2]));
      }));
  TRY(each_row(
      connection,
      "SELECT source_schema, source_table, name, kinds, first_commit_ts_ns, ordinal FROM cdc_columns "
      "ORDER BY first_commit_ts_ns, ordinal, name",
      {}, [&tables](const auto& row) {
        tables[{text(row[0]), text(row[1])}].columns.push_back(
            {text(row[2]), static_cast<change::KindSet>(number(row[3])), number(row[4]),
             static_cast<uint32_t>(number(row[5]))});
      }));
  std::vector<change::TableState> states;
  for (auto& [name, table] : tables) states.push_back(std::move(table));
  return states;
}

Result<SavedState> load_state(Connection& connection) {
  SavedState state;
  Ledger ledger = TRY(load_ledger(connection));
  state.checkpoints = std::move(ledger.checkpoints);
  state.books = std::move(ledger.books);
  state.tables = TRY(load_tables(connection));
  TRY(each_row(
      connection,
      "SELECT chunk_id, crc32c, total_fragments, to_base64(piece_crcs), finished_ns FROM cdc_finished_chunks "
      "ORDER BY finished_ns",
      {}, [&state](const auto& row) {
        const std::string crcs = base64_decode(text(row[3])).value_or("");
        state.finished_chunks.push_back({text(row[0]), static_cast<uint32_t>(number(row[1])),
                                         static_cast<uint32_t>(number(row[2])), crcs, number(row[4])});
      }));
  return state;
}

std::string to_json_list(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const std::string& one : texts) {
    if (json.size() > 1) json += ',';
    append_json_string(json, one);
  }
  return json + "]";
}

}  // namespace sluice::sink::duckdb
