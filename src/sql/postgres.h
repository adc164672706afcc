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

namespace sluice::sql {

// The statements that make cdc_events, its indexes and the cdc_* functions that every view is written with,
// each ended by a semicolon. Harmless to repeat. Run in the schema that the store lives in.
std::string postgres_schema();

// The present and the past of one source table, as a view and a function over cdc_events.
struct PostgresView {
  change::TableName table;
  std::string view_name;        // not quoted: orders_current
  std::string function_name;    // not quoted: orders_as_of
  std::string create_view;      // CREATE OR REPLACE VIEW "orders_current" AS ..., no semicolon
  std::string create_function;  // CREATE OR REPLACE FUNCTION "orders_as_of"(timestamptz) ..., no semicolon
  friend bool operator==(const PostgresView&, const PostgresView&) = default;
};

// One for every table that was seen or that stands in `catalog` (may be null), ordered by table name. All
// tables must be given at once, because names that collide are decided together. CREATE OR REPLACE fails
// where columns changed their type or place; whoever applies the texts then drops the old view first.
//
// A view never fails on a value: what does not convert to its column's type is NULL there and still whole in
// cdc_events.event_text. docs/types.md says what each type becomes.
std::vector<PostgresView> postgres_views(std::span<const change::TableState> tables,
                                         const catalog::Catalog* catalog);

// A name of at most 63 bytes, which is what PostgreSQL keeps of one: a longer `stem` is cut between two
// characters and gets `_` and the crc32c of the whole in front of `suffix`.
std::string fit_postgres_name(const std::string& stem, const std::string& suffix);

}  // namespace sluice::sql
