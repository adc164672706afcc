// Views: the views of a DuckDB store and their macros, made again when tables change.
//
// Everything happens in the caller's transaction. Threads: as the connection that is given.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "sink/duckdb/duckdb.h"
#include "sink/store.h"
#include "sql/dialect.h"

namespace sluice::sink::duckdb {

class Views {
 public:
  explicit Views(std::optional<catalog::Catalog> catalog) : catalog_(std::move(catalog)) {}

  // Makes the views that differ from what this run has made, or all of them, and drops those that are no
  // longer due. Returns how many stand.
  Result<int64_t> make(Connection& connection, const std::vector<change::TableState>& tables,
                       const sql::ViewOptions& options, bool all);
  // Drops everything that make() ever made here. Returns how many views those were.
  Result<int64_t> drop(Connection& connection);
  // What make() would change. It is made and looked at: the caller must roll back.
  Result<std::vector<ViewDifference>> differences(Connection& connection,
                                                  const std::vector<change::TableState>& tables,
                                                  const sql::ViewOptions& options);
  Result<std::vector<UnconvertedColumn>> unconverted(Connection& connection,
                                                     const std::vector<change::TableState>& tables,
                                                     const sql::ViewOptions& options) const;
  // Nothing that this run has made is sure to stand: after a rollback.
  void forget() { made_.clear(); }

 private:
  const catalog::Catalog* catalog() const { return catalog_ ? &*catalog_ : nullptr; }

  std::optional<catalog::Catalog> catalog_;
  std::vector<sql::View> made_;
};

}  // namespace sluice::sink::duckdb
