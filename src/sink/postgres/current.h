// The maintained tables of a PostgreSQL store: kept by triggers of cdc_events, so by every writer alike.
#pragma once

#include <vector>

#include "base/result.h"
#include "sink/current_tables.h"
#include "sink/postgres/connection.h"

namespace sluice::sink::postgres {

// Which tables are kept. Within the caller's transaction, if there is one.
Result<CurrentTables> load_current(Connection& connection);

// Begins and ends what the plan says, from history, in the caller's transaction. Waits for the writers that
// are in a transaction and holds up the others until it ends.
Result<void> change_current(Connection& connection, const CurrentPlan& plan);

// After the views were made: Refused when one still reads a table that is kept no longer, as it does when it
// could not be replaced.
Result<void> check_ended(Connection& connection, const CurrentPlan& plan);

// In one snapshot of its own.
Result<std::vector<CurrentCheck>> check_current(Connection& connection);

}  // namespace sluice::sink::postgres
