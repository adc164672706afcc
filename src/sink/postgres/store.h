// The tables of a PostgreSQL store beside cdc_events, and what they hold.
//
// They live in the first schema of the connection's search_path. Several writers use them at once; who may
// change what is in docs/decisions/0008-many-writers.md.
#pragma once

#include <string>
#include <vector>

#include "change/batch.h"
#include "sink/postgres/connection.h"
#include "sink/sink.h"

namespace sluice::sink::postgres {

// The version of the store's shape that this program writes. One more with every change of a table.
inline constexpr int kStoreVersion = 1;

// Makes the tables where there are none, refuses a newer store and tables named cdc_... that are not ours.
// Safe when several writers start at once.
Result<void> prepare_store(Connection& connection);
// Whether there is a store at all; a newer one is refused. For readers.
Result<void> require_store(Connection& connection);

// What a writer continues from, in one snapshot.
Result<SavedState> load_state(Connection& connection);
// What is known of all tables. Within the caller's transaction, if there is one.
Result<std::vector<change::TableState>> load_tables(Connection& connection);
// From columns chunk_id, crc32c, total_fragments, piece_crcs, finished_ns.
change::FinishedChunk finished_chunk_of(const Rows& rows, int row);

// The text of a JSON array of strings, and back.
std::string to_json_list(const std::vector<std::string>& texts);
std::vector<std::string> from_json_list(std::string_view json);

}  // namespace sluice::sink::postgres
