// What a configuration file says of single tables: [table."public.orders"] → sql::TableOptions.
#pragma once

#include <string>

#include "app/options.h"
#include "base/toml.h"

namespace sluice::app {

// `node` is the value of `table`. Adds to `layer.views`. Errors: Refused, naming the file, the line, the
// table and the nearest right name.
Result<void> add_tables(const TomlValue& node, const std::string& file, Layer& layer);

}  // namespace sluice::app
