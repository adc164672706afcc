// The PostgreSQL sink: a schema that holds the log, the ledger, the waiting fragments, the quarantine and the
// views, and that several writers share.
//
// One transaction per batch holds all of it, so a kill at any moment neither loses nor repeats a record. When
// the connection is lost the sink connects again by itself; when it was lost in a COMMIT it first asks
// whether that happened. What each writer may do is in docs/decisions/0008-many-writers.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "sink/store.h"
#include "sql/view.h"

namespace sluice::sink::postgres {

struct SinkOptions {
  std::string dsn;  // as libpq reads it; never shown
  Repeats repeats = Repeats::Land;
  std::optional<catalog::Catalog> catalog;  // gives the views real types
  sql::ViewOptions views = {};              // which columns they show, and how
  bool create = true;                       // false: Refused unless sluice has written to the database before
  // How long a server that is out of reach is waited for. Longer than a failover; past it the error is
  // Unavailable, nothing is lost, and the next run continues.
  int64_t patience_ms = 300'000;
};

// Connects, once, and makes the tables when they are missing. Errors as connect(), and Refused for a newer
// store or tables that are not ours.
Result<std::unique_ptr<Store>> open_sink(SinkOptions options);

}  // namespace sluice::sink::postgres
