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

// What is known of a column's type.
struct Typed {
  std::optional<catalog::ColumnType> declared;
  Inferred inferred = Inferred::Text;
};

// A column of the catalog. What was only learned gives way to what is seen here, unless a person has
// corrected its type.
Typed declared_type(const change::TableState* seen, bool learned, const catalog::Column& column) {
  const std::optional<KindSet> behind = learned ? catalog::kinds_behind(column.type) : std::nullopt;
  if (!behind) return {column.type, Inferred::Text};
  KindSet kinds = *behind;
  if (seen != nullptr) {
    for (const change::SeenColumn& one : seen->columns) {
      if (one.name == column.name) kinds = static_cast<KindSet>(kinds | one.kinds);
    }
  }
  return {std::nullopt, infer(kinds)};
}

bool is_shown(const std::string& column, const TableOptions& options) {
  if (options.exclude.contains(column)) return false;
  return options.include.empty() || std::ranges::find(options.include, column) != options.include.end();
}

void settle_names(std::vector<ViewColumn>& columns, std::span<const std::string_view> reserved) {
  std::vector<NameWish> wishes;
  for (const std::string_view name : reserved) wishes.push_back({std::string(name), "", 0});
  for (const ViewColumn& column : columns)
    wishes.push_back({column.wish.empty() ? "_" : column.wish, column.key, column.renamed ? 1 : 2});
  std::vector<std::string> names = distinct_names(wishes);
  for (size_t at = 0; at < columns.size(); ++at) columns[at].name = std::move(names[reserved.size() + at]);
}

}  // namespace

std::vector<ViewColumn> view_columns(const change::TableState* seen, const catalog::Table* declared,
                                     const TableOptions& options) {
  std::vector<ViewColumn> columns;
  std::set<std::string_view> known;
  const auto add = [&](const std::string& key, const Typed& type) {
    if (!known.insert(key).second || !is_shown(key, options)) return;
    const auto renamed = options.rename.find(key);
    const bool has_new_name = renamed != options.rename.end();
    columns.push_back({key,
                       has_new_name ? renamed->second : key,
                       {},
                       type.declared,
                       type.inferred,
                       has_new_name,
                       options.hash.contains(key)});
  };
  if (declared != nullptr) {
    for (const catalog::Column& column : declared->columns)
      add(column.name, declared_type(seen, declared->learned, column));
  }
  std::vector<const change::SeenColumn*> beyond;
  if (seen != nullptr) {
    for (const change::SeenColumn& column : seen->columns) {
      if (!known.contains(column.name)) beyond.push_back(&column);
    }
  }
  std::sort(beyond.begin(), beyond.end(), [](const auto* left, const auto* right) {
    const auto rank = [](const change::SeenColumn& column) {
      return std::tie(column.first_commit_ts_ns, column.ordinal, column.name);
    };
    return rank(*left) < rank(*right);
  });
  for (const auto* column : beyond) add(column->name, {std::nullopt, infer(column->kinds)});
  settle_names(columns, {});
  return columns;
}

std::vector<ViewColumn> beside(std::vector<ViewColumn> columns, std::span<const std::string_view> reserved) {
  settle_names(columns, reserved);
  return columns;
}

std::string select_list(std::span<const Shown> shown, std::span<const std::string> names) {
  std::string text;
  for (size_t at = 0; at < shown.size(); ++at) {
    const bool last = at + 1 == shown.size();
    text += "\n  " + shown[at].expression + " AS " + names[at] + (last ? "" : ",");
    if (!shown[at].loss.empty()) text += "  -- " + std::string(shown[at].loss);
  }
  return text;
}

}  // namespace sluice::sql
