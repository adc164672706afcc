// The text of the event log and of its views for PostgreSQL 14 and later.
//
// Pure functions, as in sql/duckdb.h: the same tables give the same text, in whatever order they are named,
// and every name and literal from outside goes through sql/quote.h. What differs: a cast of PostgreSQL raises
// where DuckDB's TRY_CAST gives NULL, so the schema brings functions of its own that never raise.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "sql/view.h"
#include "sql/view_tables.h"

namespace sluice::sql {

// The statements that make cdc_events, its indexes, the cdc_* functions that every view is written with, the
// empty cdc_mask_key and cdc_transactions, each ended by a semicolon. Harmless to repeat. Run in the schema
// that the store lives in.
std::string postgres_schema();

// The part of it that may be run again on a store that is in use: everything but cdc_events and its indexes,
// which it takes no lock on.
std::string postgres_functions();

// The views of every table that was seen or that stands in `catalog` (may be null), ordered by table name:
// current, with its function orders_as_of(timestamptz), history, changes, and one per array to unnest. A view
// reads the log with its owner's rights, a function with its caller's. All tables must be given at once,
// because names that collide are decided together. CREATE OR REPLACE fails where columns changed their type
// or place; whoever applies the texts then drops the old view first.
//
// A view never fails on a value: what does not convert to its column's type is NULL there and still whole in
// cdc_events.event_text. docs/types.md says what each type becomes.
std::vector<View> postgres_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                                 const ViewOptions& options = {});

// What its current view cannot show of one table, as one query.
Check postgres_check(const ViewTable& table);

}  // namespace sluice::sql
