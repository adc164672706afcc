// The catalog of a living database, from its system tables.
#include <utility>

#include "base/text.h"
#include "catalog/catalog.h"
#include "catalog/postgres_connection.h"

namespace sluice::catalog {
namespace {

// One row per column; tables without columns have one row without. Partitions belong to their parent, whose
// name their changes carry. `sys` is DSQL's own.
constexpr const char* kColumns = R"sql(
SELECT n.nspname, c.relname, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       pg_catalog.array_position(k.conkey, a.attnum)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'sys')
ORDER BY n.nspname, c.relname, a.attnum
)sql";

Result<void> add_column(Table& table, std::map<int64_t, std::string>& key, const Rows& rows, int row) {
  const std::string name = rows.text(row, 2);
  const auto oid = static_cast<uint32_t>(parse_uint64(rows.text(row, 3)).value_or(0));
  const auto modifier = static_cast<int32_t>(parse_int64(rows.text(row, 4)).value_or(-1));
  const std::optional<ColumnType> type = column_type_from_oid(oid, modifier);
  if (!type) {
    return refused(
        "column " + name + " of " + table.name.schema + "." + table.name.table + " is of type " +
        rows.text(row, 6) +
        ", which Aurora DSQL does not have. Change its type (text, or json for arrays) or keep the "
        "table out of this database.");
  }
  table.columns.push_back({name, *type, rows.text(row, 5) != "t"});
  if (const auto place = rows.value(row, 7)) key[parse_int64(*place).value_or(0)] = name;
  return {};
}

}  // namespace

Result<Catalog> read_postgres(const std::string& dsn) {
  Connection connection = TRY(Connection::open(dsn));
  return read_from(connection);
}

Result<Catalog> read_from(Connection& connection) {
  const Rows rows = TRY(connection.run(kColumns));
  Catalog catalog;
  std::map<int64_t, std::string> key;
  for (int row = 0; row < rows.size(); ++row) {
    const change::TableName name{rows.text(row, 0), rows.text(row, 1)};
    const bool first = !catalog.tables.contains(name);
    Table& table = catalog.tables[name];
    if (first) {
      table.name = name;
      key.clear();
    }
    if (!rows.value(row, 2)) continue;
    TRY(add_column(table, key, rows, row));
    table.key.clear();
    for (const auto& [place, column] : key) table.key.push_back(column);
  }
  return catalog;
}

}  // namespace sluice::catalog
