// The tables that have views, whatever the dialect: those that were seen and those that the catalog declares.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "sql/columns.h"

namespace sluice::sql {

struct ViewTable {
  change::TableName name;
  std::string stem;  // of its views' names
  std::vector<ViewColumn> columns;
};

// In the order of their names; no name may come twice in `tables`. `catalog` may be null.
std::vector<ViewTable> view_tables(std::span<const change::TableState> tables,
                                   const catalog::Catalog* catalog);

}  // namespace sluice::sql
