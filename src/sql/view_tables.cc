#include "sql/view_tables.h"

#include <map>

#include "base/check.h"
#include "sql/names.h"

namespace sluice::sql {

std::vector<ViewTable> view_tables(std::span<const change::TableState> tables,
                                   const catalog::Catalog* catalog) {
  struct Known {
    const change::TableState* seen = nullptr;
    const catalog::Table* declared = nullptr;
  };
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

  std::vector<ViewTable> found;
  for (const auto& [name, entry] : known)
    found.push_back({name, stems[found.size()], view_columns(entry.seen, entry.declared)});
  return found;
}

}  // namespace sluice::sql
