// Rekeying: other record ids for the rows that are in the file, done or only counted.
//
// DuckDB calls the key's function from its own statements. Threads: as the connection.
#pragma once

#include "base/result.h"
#include "change/batch.h"
#include "sink/duckdb/duckdb.h"
#include "sink/rekey_effect.h"

namespace sluice::sink::duckdb {

class Rekeying {
 public:
  // From now on the connection knows sluice_record_id(operation, image). This must outlive the connection.
  Result<void> define(Connection& connection);

  // Gives the table's rows their new ids. Within the caller's transaction.
  Result<void> apply(Connection& connection, const change::Rekey& rekey);
  // What that would do; nothing is changed.
  Result<RekeyEffect> try_out(Connection& connection, const change::Rekey& rekey);

 private:
  Result<void> run(Connection& connection, const change::Rekey& rekey, const std::string& sql);

  TextFunction record_id_of_;
  // Only while a statement runs.
  const std::function<std::string(std::string_view, std::string_view)>* of_ = nullptr;
};

}  // namespace sluice::sink::duckdb
