// What the settings dsql_* say: reading the catalog of an Aurora DSQL cluster.
#pragma once

#include "app/options.h"
#include "base/result.h"
#include "catalog/catalog.h"

namespace sluice::app {

// Finds credentials as AWS's own tools do, makes a token for each attempt, and tries again for two minutes
// while the cluster is out of reach or busy. Errors: Refused, Unavailable.
Result<catalog::Catalog> read_dsql_catalog(const Options& options);

}  // namespace sluice::app
