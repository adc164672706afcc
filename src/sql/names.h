// Which names views and their columns get, so that no two of them are the same to a database that folds case.
//
// The names follow from the set of tables or columns alone, never from the order in which they were seen.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "change/change.h"

namespace sluice::sql {

// The first part of each table's view names, in the order of `tables`: `orders` for public.orders,
// `sales_orders` for sales.orders. Where two would be equal but for the case of ASCII letters, one keeps the
// plain name (the one in schema public, then the one in lower case, then the bytewise smallest) and each
// other gets `_` and 8 hex digits, the crc32c of `schema.table`. Each table may stand there once.
std::vector<std::string> view_stems(std::span<const change::TableName> tables);

// The names of one view's columns, in the order of `keys`, by the same rule: one of Id, ID and id keeps its
// name, the others get `_` and the crc32c of the key. An empty key is shown as `_`. Each key may stand there
// once.
std::vector<std::string> column_names(std::span<const std::string> keys);

}  // namespace sluice::sql
