// The text of the event log and of its views for DuckDB.
//
// Pure functions: the same tables give the same text, in whatever order they are named. Nothing is executed
// here; every name and literal from outside goes through sql/quote.h.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "sql/view.h"
#include "sql/view_tables.h"

namespace sluice::sql {

// The statements that make cdc_events, the cdc_* macros that every view is written with, the empty
// cdc_mask_key and cdc_transactions, each ended by a semicolon. Harmless to repeat: an existing log is kept,
// the macros are replaced by this program's. To be run before any view is made.
std::string duckdb_schema();

// The views of every table that was seen or that stands in `catalog` (may be null), ordered by table name:
// current, with its macro orders_as_of(ts), history, changes, and one per array to unnest. All tables must be
// given at once, because names that collide are decided together: a table's names can change when another
// table appears, so whoever applies the views drops names that are no longer in the set. The result does not
// depend on the order of `tables`; each table may stand there once.
//
// A view never fails on a value: what does not convert to its column's type is NULL there and still whole in
// cdc_events.event_data. docs/types.md says what each type becomes, and what as-of means to the microsecond.
std::vector<View> duckdb_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                               const ViewOptions& options = {});

// What its current view cannot show of one table, as one query.
Check duckdb_check(const ViewTable& table);

}  // namespace sluice::sql
