// The text of the event log and of its views for Amazon Athena (engine version 3) over Iceberg.
//
// Pure functions, as in sql/duckdb.h. event_data is the image's JSON text. What differs from DuckDB: a view
// in Athena can only have types that the Glue catalog knows, so times of day, intervals, uuids and JSON stay
// text or numbers; names are in lower case, of letters, digits and underscores; and there is no function that
// reads a table, so the past is a query.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "sql/view.h"

namespace sluice::sql {

// The statements that make the Iceberg table cdc_events in `location` ("s3://bucket/prefix/") and
// cdc_transactions, without semicolons, in the order in which to run them; Athena runs one at a time.
// Harmless to repeat.
std::vector<std::string> athena_schema(const std::string& location);

// The views of every table that was seen or that stands in `catalog` (may be null), ordered by table name.
std::vector<View> athena_views(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                               const ViewOptions& options = {});

}  // namespace sluice::sql
