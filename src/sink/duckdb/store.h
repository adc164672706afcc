// The tables of a DuckDB store beside cdc_events: their shape, their version, and reading them back.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "change/batch.h"
#include "sink/duckdb/duckdb.h"
#include "sink/sink.h"

namespace sluice::sink::duckdb {

// The version of the store's shape that this program writes. One more with every change of a table.
inline constexpr int kStoreVersion = 2;
// That of a store without maintained tables, which the first sluice can write as well.
inline constexpr int kPlainStoreVersion = 1;

// Makes the tables in an empty file, migrates an older store, refuses a newer one and a cdc_events that is
// not ours. `path` is for messages.
Result<void> prepare_store(Connection& connection, const std::string& path);

// Whether the file holds a store at all; a newer one is refused. For readers.
Result<void> require_store(Connection& connection, const std::string& path);

// Keeps the newest `most` ended chunks.
Result<void> forget_ended_chunks(Connection& connection, int64_t most);

// Positions and books of every shard.
struct Ledger {
  std::vector<change::Checkpoint> checkpoints;
  std::map<std::string, change::Books, std::less<>> books;
};
Result<Ledger> load_ledger(Connection& connection);

// What is known of all tables.
Result<std::vector<change::TableState>> load_tables(Connection& connection);

// All of that, and the ended chunks in the order in which they ended.
Result<SavedState> load_state(Connection& connection);

// The text of a JSON array of strings, and back.
std::string to_json_list(const std::vector<std::string>& texts);

}  // namespace sluice::sink::duckdb
