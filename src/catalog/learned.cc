#include "catalog/learned.h"

#include <algorithm>
#include <tuple>

#include "catalog/kinds.h"

namespace sluice::catalog {

Catalog learned_catalog(const std::vector<change::TableState>& tables) {
  Catalog catalog;
  for (const change::TableState& state : tables) {
    Table& table = catalog.tables[state.name];
    table.name = state.name;
    table.learned = true;
    std::vector<change::SeenColumn> columns = state.columns;
    std::ranges::sort(columns, {}, [](const change::SeenColumn& column) {
      return std::tuple(column.first_commit_ts_ns, column.ordinal, column.name);
    });
    for (const change::SeenColumn& column : columns)
      table.columns.push_back({column.name, {infer_type(column.kinds), {}, {}, {}}, true});
    if (state.key.origin == change::KeyOrigin::IdColumn) continue;
    // A key may name a column that no image has shown yet: a table of which only deletes were seen.
    for (const std::string& name : state.key.columns) {
      table.key.push_back(name);
      if (std::ranges::find(table.columns, name, &Column::name) == table.columns.end())
        table.columns.push_back({name, {Type::Text, {}, {}, {}}, true});
    }
  }
  return catalog;
}

}  // namespace sluice::catalog
