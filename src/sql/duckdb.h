// The text of the event log and of its views for DuckDB.
//
// Pure functions: the same tables give the same text, in whatever order they are named. Nothing is executed
// here. Every statement is one statement without a final semicolon, and every name in it is quoted.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"

namespace sluice::sql {

// CREATE TABLE IF NOT EXISTS cdc_events, DESIGN's event log. Run it in the schema that the views are made in.
std::string duckdb_schema();

// The present and the past of one source table, as a view and a table macro over cdc_events.
struct View {
  change::TableName table;
  std::string view_name;     // not quoted: orders_current
  std::string macro_name;    // not quoted: orders_as_of
  std::string create_view;   // CREATE OR REPLACE VIEW "orders_current" AS ...
  std::string create_macro;  // CREATE OR REPLACE MACRO "orders_as_of"(ts) AS TABLE ...
  friend bool operator==(const View&, const View&) = default;
};

// One View for every table that was seen or that stands in `catalog` (may be null), ordered by table name.
// All tables must be given at once, because names that collide are decided together: a table's names can
// change when another table appears, and whoever applies the views drops names that are no longer in the set.
// The result does not depend on the order of `tables`; each table may stand there once.
//
// A view never fails on a value: what does not convert to its column's type is NULL there and is still whole
// in cdc_events.event_data. docs/types.md says what each type becomes.
std::vector<View> duckdb_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog);

}  // namespace sluice::sql
