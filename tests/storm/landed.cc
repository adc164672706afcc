#include "storm/landed.h"

#include <optional>
#include <tuple>

#include "base/text.h"
#include "sink/duckdb/duckdb.h"
#include "sink/duckdb/store.h"

namespace sluice::storm {
namespace {

using Cells = std::vector<std::optional<std::string>>;

std::string text(const std::optional<std::string>& cell) { return cell.value_or(""); }

template <typename Take>
Result<void> each_row(sink::duckdb::Connection& connection, const std::string& sql, const Take& take) {
  const auto rows = TRY(connection.query(sql));
  while (const Cells* row = TRY(rows->next())) take(*row);
  return {};
}

}  // namespace

Landed landed_in(const pipeline::Durable& durable) {
  Landed landed;
  landed.rows = durable.rows;
  landed.quarantine = durable.quarantine;
  for (const pipeline::DurablePiece& piece : durable.pieces) landed.waiting.push_back(piece.chunk_id);
  landed.books = durable.books;
  for (const auto& [name, table] : durable.tables) landed.tables.push_back(table);
  return landed;
}

Result<Landed> landed_in_file(const std::string& path) {
  using sink::duckdb::Access;
  const auto database = TRY(sink::duckdb::open_database({.path = path, .access = Access::ReadOnly}));
  const auto connection = TRY(database->connect());
  Landed landed;
  TRY(each_row(
      *connection,
      "SELECT source_schema, source_table, operation, record_id, CAST(event_data AS VARCHAR), tx_id, "
      "commit_ts_ns, shard_id, sequence_number FROM cdc_events",
      [&landed](const Cells& row) {
        landed.rows.push_back({{text(row[0]), text(row[1])},
                               text(row[2]),
                               text(row[3]),
                               text(row[4]),
                               text(row[5]),
                               parse_int64(text(row[6])).value(),
                               text(row[7]),
                               text(row[8])});
      }));
  TRY(each_row(
      *connection,
      "SELECT shard_id, sequence_number, reason, message, chunk_id, to_base64(bytes) FROM cdc_quarantine",
      [&landed](const Cells& row) {
        landed.quarantine.push_back({text(row[0]), text(row[1]), text(row[2]), text(row[3]), text(row[4]),
                                     base64_decode(text(row[5])).value()});
      }));
  TRY(each_row(*connection, "SELECT chunk_id FROM cdc_fragments",
               [&landed](const Cells& row) { landed.waiting.push_back(text(row[0])); }));
  sink::SavedState saved = TRY(sink::duckdb::load_state(*connection));
  landed.books = std::move(saved.books);
  landed.tables = std::move(saved.tables);
  return landed;
}

State last_writer_wins(const std::vector<pipeline::DurableRow>& rows) {
  const auto order = [](const pipeline::DurableRow& row) {
    const int rank = row.operation == "r" ? 0 : 1;
    return std::tuple(row.commit_ts_ns, rank);
  };
  std::map<std::pair<change::TableName, std::string>, const pipeline::DurableRow*> newest;
  for (const pipeline::DurableRow& row : rows) {
    const pipeline::DurableRow*& known = newest[{row.table, row.record_id}];
    if (known == nullptr || order(*known) < order(row)) known = &row;
  }
  State state;
  for (const auto& [key, row] : newest) {
    if (row->operation != "d") state[key.first][key.second] = row->image;
  }
  return state;
}

}  // namespace sluice::storm
