// The tables that have views, whatever the dialect: those that were seen and those that the catalog declares.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "sql/columns.h"
#include "sql/view.h"

namespace sluice::sql {

struct ViewTable {
  // An array to show element by element: `column` is the json column, `stem` what its view's name begins
  // with.
  struct Array {
    ViewColumn column;
    std::string stem;
  };
  change::TableName name;
  std::string stem;  // of its views' names
  std::vector<ViewColumn> columns;
  std::vector<ViewColumn> key;  // those of `columns` that identify a row; empty unless all of them are shown
  std::vector<Array> arrays;
  // The options keep columns from the reader, so a record_id, which may hold their values, is shown hashed.
  bool hides_columns = false;
  bool current_table = false;  // the present is kept in cdc_current
};

// In the order of their names; no name may come twice in `tables`. `catalog` may be null.
std::vector<ViewTable> view_tables(std::span<const change::TableState> tables,
                                   const catalog::Catalog* catalog, const ViewOptions& options = {});

// How one dialect writes each kind of view.
struct ViewKinds {
  View (*current)(const ViewTable& table);
  View (*history)(const ViewTable& table);
  View (*changes)(const ViewTable& table);
  View (*each)(const ViewTable& table, const ViewTable::Array& array);
};

// Every view of every table of view_tables().
std::vector<View> every_view(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                             const ViewOptions& options, const ViewKinds& kinds);

}  // namespace sluice::sql
