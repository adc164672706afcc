// What is wanted and what is known of maintained tables, whatever the store.
#pragma once

#include <cstdint>
#include <set>

#include "change/change.h"
#include "sql/view.h"

namespace sluice::sink {

using CurrentTables = std::set<change::TableName>;

// How a maintained table compares with the log.
struct CurrentCheck {
  change::TableName table;
  int64_t rows = 0;     // kept, deletes included
  int64_t missing = 0;  // newest events of the log that are not kept
  int64_t surplus = 0;  // kept, but not the newest of the log
  bool agrees() const { return missing == 0 && surplus == 0; }
};

// What `options` ask for beyond what is kept: tables to begin keeping, and tables to stop keeping. A table of
// which they say nothing stays as it is.
struct CurrentPlan {
  CurrentTables begin;
  CurrentTables end;
  bool empty() const { return begin.empty() && end.empty(); }
};
CurrentPlan plan_current(const sql::ViewOptions& options, const CurrentTables& kept);

// The options with `current_table` as it is in the store, so that every writer makes the same views.
sql::ViewOptions with_current(sql::ViewOptions options, const CurrentTables& kept);

}  // namespace sluice::sink
