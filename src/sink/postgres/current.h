// The maintained tables of a PostgreSQL store: kept by triggers of cdc_events, so by every writer alike.
#pragma once

#include <vector>

#include "base/result.h"
#include "sink/current_tables.h"
#include "sink/postgres/connection.h"

namespace sluice::sink::postgres {

// Which tables are kept, their history with them. Within the caller's transaction, if there is one.
Result<CurrentTables> load_current(Connection& connection);
// Those whose history somebody is filling in, or began to.
Result<CurrentTables> load_begun(Connection& connection);

// From now on the triggers keep these tables, and afterwards their history is there as well, though nobody
// reads it before change_current(). In transactions of its own: a short one that waits for the writers that
// are in a transaction and holds up the others until the triggers are made, then many, each of which holds up
// only changes to the few rows of the source that it fills. What is interrupted is begun again, harmlessly.
Result<void> begin_current(Connection& connection, const CurrentTables& tables);

// In the caller's transaction: what was begun counts as kept, and what the plan ends is forgotten. Ending
// waits for writers and holds them up until the transaction ends.
Result<void> change_current(Connection& connection, const CurrentPlan& plan);

// After the views were made: Refused when one still reads a table that is kept no longer, as it does when it
// could not be replaced.
Result<void> check_ended(Connection& connection, const CurrentPlan& plan);

// In one snapshot of its own.
Result<std::vector<CurrentCheck>> check_current(Connection& connection);

}  // namespace sluice::sink::postgres
