#include "sql/columns.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "catalog/kinds.h"
#include "sql/names.h"

namespace sluice::sql {

using change::KindSet;

Inferred infer(KindSet kinds) {
  switch (catalog::infer_type(kinds)) {
    case catalog::Type::Boolean:
      return Inferred::Boolean;
    case catalog::Type::BigInt:
      return Inferred::Integer;
    case catalog::Type::DoublePrecision:
      return Inferred::Double;
    case catalog::Type::Jsonb:
      return Inferred::Json;
    default:
      return Inferred::Text;
  }
}

namespace {

// A column of the catalog. What was only learned gives way to what is seen here, unless a person has
// corrected its type.
ViewColumn declared_column(const change::TableState* seen, bool learned, const catalog::Column& column) {
  const std::optional<KindSet> behind = learned ? catalog::kinds_behind(column.type) : std::nullopt;
  if (!behind) return {column.name, {}, column.type, Inferred::Text};
  KindSet kinds = *behind;
  if (seen != nullptr) {
    for (const change::SeenColumn& one : seen->columns) {
      if (one.name == column.name) kinds = static_cast<KindSet>(kinds | one.kinds);
    }
  }
  return {column.name, {}, std::nullopt, infer(kinds)};
}

}  // namespace

std::vector<ViewColumn> view_columns(const change::TableState* seen, const catalog::Table* declared) {
  std::vector<ViewColumn> columns;
  std::set<std::string_view> known;
  if (declared != nullptr) {
    for (const catalog::Column& column : declared->columns) {
      if (!known.insert(column.name).second) continue;
      columns.push_back(declared_column(seen, declared->learned, column));
    }
  }
  std::vector<const change::SeenColumn*> beyond;
  if (seen != nullptr) {
    for (const change::SeenColumn& column : seen->columns) {
      if (known.insert(column.name).second) beyond.push_back(&column);
    }
  }
  std::sort(beyond.begin(), beyond.end(), [](const auto* left, const auto* right) {
    const auto rank = [](const change::SeenColumn& column) {
      return std::tie(column.first_commit_ts_ns, column.ordinal, column.name);
    };
    return rank(*left) < rank(*right);
  });
  for (const auto* column : beyond) columns.push_back({column->name, {}, std::nullopt, infer(column->kinds)});

  std::vector<std::string> keys;
  keys.reserve(columns.size());
  for (const ViewColumn& column : columns) keys.push_back(column.key);
  std::vector<std::string> names = column_names(keys);
  for (size_t at = 0; at < columns.size(); ++at) columns[at].name = std::move(names[at]);
  return columns;
}

}  // namespace sluice::sql
