// Opening the store that the options name, and what a run takes from the options.
#pragma once

#include <memory>
#include <optional>

#include "app/address.h"
#include "app/catalog_source.h"
#include "app/options.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "pipeline/pipeline.h"
#include "sink/duckdb/duckdb.h"
#include "sink/store.h"

namespace sluice::app {

// The DuckDB file of --db, read-only. Refused for a PostgreSQL database, naming what reads it instead.
Result<std::unique_ptr<sink::duckdb::Database>> open_for_reading(const Options& options);
// The store at `place`, made when it is missing and `create` allows it. `catalog` gives the views their
// types.
Result<std::unique_ptr<sink::Store>> open_store(const Options& options, const Destination& place, bool create,
                                                std::optional<catalog::Catalog> catalog);
// Batches, keys and waiting times, for run and quarantine retry.
pipeline::PipelineOptions pipeline_options_of(const Options& options,
                                              std::optional<catalog::Catalog> catalog);

}  // namespace sluice::app
