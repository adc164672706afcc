// Current: the maintained tables of a DuckDB file, kept in step by the one process that has it open.
//
// A file with maintained tables has store version 2, so that an older sluice, which would land rows without
// keeping them, refuses it. Threads: as the connection.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "change/batch.h"
#include "sink/current_tables.h"
#include "sink/duckdb/duckdb.h"

namespace sluice::sink::duckdb {

class Current {
 public:
  // Reads which tables are kept.
  Result<void> load(Connection& connection);
  const CurrentTables& tables() const { return tables_; }

  // Begins and ends what the plan says, from history. Within the caller's transaction; when that is rolled
  // back, load() again.
  Result<void> change(Connection& connection, const CurrentPlan& plan);
  // Takes the rows that sluice_rows() shows into the tables that are kept. In the transaction that lands
  // them.
  Result<void> keep(Connection& connection, const change::Batch& batch) const;
  // After the table's rows got other ids, in the same transaction.
  Result<void> rebuild(Connection& connection, const change::TableName& table) const;
  Result<std::vector<CurrentCheck>> check(Connection& connection) const;

 private:
  CurrentTables tables_;
};

}  // namespace sluice::sink::duckdb
