#include "sql/view_tables.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "sql/names.h"

namespace sluice::sql {

namespace {

struct Known {
  const change::TableState* seen = nullptr;
  const catalog::Table* declared = nullptr;
};

std::vector<std::string> key_columns(const Known& known) {
  if (known.seen != nullptr && !known.seen->key.columns.empty()) return known.seen->key.columns;
  return known.declared != nullptr ? known.declared->key : std::vector<std::string>();
}

const ViewColumn* find_column(const std::vector<ViewColumn>& columns, const std::string& key) {
  const auto found = std::ranges::find(columns, key, &ViewColumn::key);
  return found == columns.end() ? nullptr : &*found;
}

ViewTable view_table(const change::TableName& name, const std::string& stem, const Known& known,
                     const TableOptions& options) {
  ViewTable table{name,
                  stem,
                  view_columns(known.seen, known.declared, options),
                  {},
                  {},
                  false,
                  options.current_table.value_or(false)};
  table.hides_columns = !options.include.empty() || !options.exclude.empty() || !options.hash.empty();
  for (const std::string& key : key_columns(known)) {
    const ViewColumn* column = find_column(table.columns, key);
    if (column == nullptr) {
      table.key.clear();
      break;
    }
    table.key.push_back(*column);
  }
  for (const std::string& array : options.unnest) {
    // A column that is hidden or hashed must not come out in pieces.
    const ViewColumn* column = find_column(table.columns, array);
    if (column != nullptr && !column->hashed) table.arrays.push_back({*column, {}});
  }
  return table;
}

// Among all tables at once, because orders + items_x and orders_items + x would like the same name.
void name_arrays(std::vector<ViewTable>& tables) {
  std::vector<NameWish> wishes;
  for (const ViewTable& table : tables) {
    for (const ViewTable::Array& array : table.arrays) {
      wishes.push_back({table.stem + "_" + array.column.name,
                        table.name.schema + "." + table.name.table + "." + array.column.key});
    }
  }
  std::vector<std::string> stems = distinct_names(wishes);
  size_t next = 0;
  for (ViewTable& table : tables) {
    for (ViewTable::Array& array : table.arrays) array.stem = std::move(stems[next++]);
  }
}

}  // namespace

std::vector<ViewTable> view_tables(std::span<const change::TableState> tables,
                                   const catalog::Catalog* catalog, const ViewOptions& options) {
  std::map<change::TableName, Known> known;
  for (const change::TableState& table : tables) {
    Known& entry = known[table.name];
    CHECK(entry.seen == nullptr);
    entry.seen = &table;
  }
  if (catalog != nullptr) {
    for (const auto& [name, table] : catalog->tables) known[name].declared = &table;
  }
  std::vector<change::TableName> names;
  for (const auto& [name, entry] : known) names.push_back(name);
  const std::vector<std::string> stems = view_stems(names);

  static const TableOptions kNone;
  std::vector<ViewTable> found;
  for (const auto& [name, entry] : known) {
    const auto chosen = options.find(name);
    found.push_back(
        view_table(name, stems[found.size()], entry, chosen == options.end() ? kNone : chosen->second));
  }
  name_arrays(found);
  return found;
}

std::vector<View> every_view(std::span<const change::TableState> tables, const catalog::Catalog* catalog,
                             const ViewOptions& options, const ViewKinds& kinds) {
  std::vector<View> views;
  for (const ViewTable& table : view_tables(tables, catalog, options)) {
    views.push_back(kinds.current(table));
    views.push_back(kinds.history(table));
    views.push_back(kinds.changes(table));
    for (const ViewTable::Array& array : table.arrays) views.push_back(kinds.each(table, array));
  }
  return views;
}

}  // namespace sluice::sql
