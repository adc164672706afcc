#include "sink/postgres/rekey.h"

#include "base/text.h"
#include "sink/postgres/copy_rows.h"

namespace sluice::sink::postgres {
namespace {

// Fills pg_temp.cdc_again with the rows of the table, or with those that get another id.
Result<void> collect(Connection& connection, const change::Rekey& rekey, bool changed_only) {
  TRY(connection.run(
      "CREATE TEMP TABLE IF NOT EXISTS cdc_again (event_id bigint, operation text COLLATE \"C\", id_before "
      "text "
      "COLLATE \"C\", id_after text COLLATE \"C\") ON COMMIT DELETE ROWS; TRUNCATE pg_temp.cdc_again"));
  TRY(connection.run(
      "DECLARE cdc_rekey NO SCROLL CURSOR FOR SELECT event_id, operation, record_id, event_text FROM "
      "cdc_events WHERE source_schema = $1 AND source_table = $2",
      {rekey.table.schema, rekey.table.table}));
  while (true) {
    const auto rows = TRY(connection.run("FETCH 5000 FROM cdc_rekey"));
    if (rows->size() == 0) break;
    const auto write_rows = [&](const CopySink& out) -> Result<void> {
      CopyRows copy(out);
      for (int row = 0; row < rows->size(); ++row) {
        const std::string id = storable_id(
            rekey.record_id_of(rows->value(row, 1).value_or(""), rows->value(row, 3).value_or("")));
        if (changed_only && id == rows->value(row, 2)) continue;
        TRY(copy.row(4));
        copy.number(rows->number(row, 0));
        copy.text(rows->value(row, 1).value_or(""));
        copy.text(rows->value(row, 2).value_or(""));
        copy.text(id);
      }
      return copy.finish();
    };
    TRY(connection.copy_in("COPY pg_temp.cdc_again FROM STDIN (FORMAT binary)", write_rows));
  }
  TRY(connection.run("CLOSE cdc_rekey"));
  return {};
}

}  // namespace

std::string storable_id(std::string_view record_id) {
  if (record_id.find('\0') == std::string_view::npos) return std::string(record_id);
  return "sha256:" + sha256_hex(record_id);
}

Result<void> apply_rekey(Connection& connection, const change::Rekey& rekey) {
  TRY(collect(connection, rekey, true));
  TRY(connection.run(
      "UPDATE cdc_events AS event SET record_id = again.id_after FROM pg_temp.cdc_again AS again WHERE "
      "event.event_id = again.event_id"));
  return {};
}

Result<RekeyEffect> try_rekey(Connection& connection, const change::Rekey& rekey) {
  TRY(connection.run("BEGIN"));
  const auto ask = [&connection](const std::string& sql) -> Result<std::vector<RekeyCells>> {
    const auto rows = TRY(connection.run(sql));
    std::vector<RekeyCells> answer(static_cast<size_t>(rows->size()));
    for (int row = 0; row < rows->size(); ++row) {
      for (int column = 0; column < rows->columns(); ++column) {
        const auto cell = rows->value(row, column);
        answer[static_cast<size_t>(row)].push_back(cell ? std::optional<std::string>(*cell) : std::nullopt);
      }
    }
    return answer;
  };
  Result<RekeyEffect> effect = [&]() -> Result<RekeyEffect> {
    TRY(collect(connection, rekey, false));
    return count_rekey_effect("pg_temp.cdc_again", ask);
  }();
  const auto ended = connection.run("ROLLBACK");
  if (effect.ok() && !ended.ok()) return ended.error();
  return effect;
}

}  // namespace sluice::sink::postgres
