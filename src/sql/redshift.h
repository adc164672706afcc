// The text of the event log and of its views for Amazon Redshift.
//
// Pure functions, as in sql/duckdb.h: the same tables give the same text, in whatever order they are named,
// and every name and literal from outside goes through sql/quote.h. The texts keep to the few constructs that
// this room's README lists, so that they can be read by another parser and run on a stand-in. What differs
// from DuckDB: a cast of a SUPER value that fails is NULL, one of a text is an error, so a pattern stands
// before each of those; and Redshift has no function that reads a table, so the past is a query.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "sql/view.h"
#include "sql/view_tables.h"

namespace sluice::sql {

// The longest name of a table, view or column: 127 bytes.
inline constexpr size_t kRedshiftNameBytes = 127;

// The statements that make cdc_events and cdc_transactions, without semicolons, in the order in which to run
// them. Harmless to repeat.
std::vector<std::string> redshift_schema();

// cdc_transactions, which redshift_schema() makes too.
View redshift_transactions();

// The views of every table that was seen or that stands in `catalog` (may be null), ordered by table name. As
// postgres_views() in everything else: names that collide are decided together, a replaced view must keep its
// columns.
std::vector<View> redshift_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                                 const ViewOptions& options = {});

// What its current view cannot show of one table, as one query.
Check redshift_check(const ViewTable& table);

}  // namespace sluice::sql
