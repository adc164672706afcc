// Where records come from and go to, as people write it: file:PATH, duckdb:PATH.
#pragma once

#include <string>

#include "app/options.h"
#include "base/result.h"

namespace sluice::app {

// The path of --from; "-" is standard input. Refused: another scheme, naming what this version reads.
Result<std::string> source_path(const Options& options);
// The path of --to.
Result<std::string> destination_path(const Options& options);
// The path of --db, or of --to when there is no --db.
Result<std::string> database_path(const Options& options);

}  // namespace sluice::app
