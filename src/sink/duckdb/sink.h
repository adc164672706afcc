// The DuckDB sink: one file that holds the log, the ledger, the waiting fragments, the quarantine and the
// views.
//
// One transaction per batch holds all of it, so a kill at any moment neither loses nor repeats a record.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "sink/store.h"
#include "sql/view.h"

namespace sluice::sink::duckdb {

struct SinkOptions {
  std::string path;
  std::string memory_limit = "192MB";
  int threads = 2;
  Repeats repeats = Repeats::Land;
  std::optional<catalog::Catalog> catalog;  // gives the views real types
  sql::ViewOptions views = {};              // which columns they show, and how
  bool create = true;                       // false: Refused unless sluice has written to the file before
  bool keeps_rows = true;                   // false: they are elsewhere, and views over nothing would mislead
};

// Opens or creates the store. An older schema is migrated, a newer one refused.
Result<std::unique_ptr<Store>> open_sink(SinkOptions options);

}  // namespace sluice::sink::duckdb
