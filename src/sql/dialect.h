// The dialects side by side: what a command prints, compares or runs, whichever one was asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "sql/view.h"

namespace sluice::sql {

enum class Dialect : uint8_t { DuckDb, Postgres, Redshift, Athena };

// "duckdb", "postgres", "redshift", "athena".
std::string_view dialect_name(Dialect dialect);
std::optional<Dialect> dialect_from_name(std::string_view name);

// The statements of the event log, without semicolons. `location` is where Athena's table lives,
// s3://bucket/prefix/.
std::vector<std::string> schema_statements(Dialect dialect, const std::string& location);

std::vector<View> views_of(Dialect dialect, std::span<const change::TableState> tables,
                           const catalog::Catalog* catalog, const ViewOptions& options);

// Everything that makes these views, in order, without semicolons. Redshift's case sensitivity is switched on
// and off around the views that need it.
std::vector<std::string> view_statements(Dialect dialect, std::span<const View> views);

// The same as a script for people: each statement with its semicolon, and under a current view how to ask for
// the past where the dialect has no function for it.
std::string view_script(Dialect dialect, std::span<const View> views);

// What lets somebody read the views and nothing else: not the log, not the key of the masks. `grantee` is a
// role of PostgreSQL; in Redshift a user such as IAMR:analyst, or role:NAME or group:NAME; empty is everybody
// (PUBLIC). `schema` is where the views are. Errors: Refused for a dialect that has no such rights.
Result<std::vector<std::string>> grant_statements(Dialect dialect, std::span<const View> views,
                                                  const std::string& schema, const std::string& grantee);

// One check per table that has columns that can fail. Not for Athena.
std::vector<Check> checks_of(Dialect dialect, std::span<const change::TableState> tables,
                             const catalog::Catalog* catalog, const ViewOptions& options);

// Whether some table keeps columns from its readers, so that its views need the key of the masks.
bool hides_columns(const ViewOptions& options);

// A column that the options name and the table lacks, though its columns are known: "public.orders: email".
std::vector<std::string> unknown_columns(std::span<const change::TableState> tables,
                                         const catalog::Catalog* catalog, const ViewOptions& options);

}  // namespace sluice::sql
