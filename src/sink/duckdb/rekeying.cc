#include "sink/duckdb/rekeying.h"

namespace sluice::sink::duckdb {

Result<void> Rekeying::define(Connection& connection) {
  record_id_of_ = [this](std::string_view operation, std::string_view image) {
    return (*of_)(operation, image);
  };
  return connection.define_function("sluice_record_id", record_id_of_);
}

Result<void> Rekeying::run(Connection& connection, const change::Rekey& rekey, const std::string& sql) {
  of_ = &rekey.record_id_of;
  const Result<int64_t> done =
      connection.execute(sql, {std::string_view(rekey.table.schema), std::string_view(rekey.table.table)});
  of_ = nullptr;
  return done.ok() ? Result<void>() : Result<void>(done.error());
}

Result<void> Rekeying::apply(Connection& connection, const change::Rekey& rekey) {
  return run(connection, rekey,
             "UPDATE cdc_events SET record_id = sluice_record_id(operation, event_data) WHERE source_schema "
             "= $1 AND "
             "source_table = $2 AND record_id <> sluice_record_id(operation, event_data)");
}

Result<RekeyEffect> Rekeying::try_out(Connection& connection, const change::Rekey& rekey) {
  TRY(run(connection, rekey,
          "CREATE OR REPLACE TEMP TABLE cdc_again AS SELECT event_id, operation, record_id AS id_before, "
          "sluice_record_id(operation, event_data) AS id_after FROM cdc_events WHERE source_schema = $1 AND "
          "source_table = $2"));
  const auto ask = [&connection](const std::string& sql) -> Result<std::vector<RekeyCells>> {
    std::vector<RekeyCells> answer;
    const auto rows = TRY(connection.query(sql));
    while (const auto* row = TRY(rows->next())) answer.push_back(*row);
    return answer;
  };
  Result<RekeyEffect> effect = count_rekey_effect("cdc_again", ask);
  TRY(connection.execute("DROP TABLE cdc_again"));
  return effect;
}

}  // namespace sluice::sink::duckdb
