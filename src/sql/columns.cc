#include "sql/columns.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "sql/names.h"

namespace sluice::sql {

using change::kind_bit;
using change::KindSet;
using change::ValueKind;

Inferred infer(KindSet kinds) {
  static constexpr KindSet kBool = kind_bit(ValueKind::Bool);
  static constexpr KindSet kIntegers = kind_bit(ValueKind::Int) | kind_bit(ValueKind::BigInt);
  // Whole numbers up to 53 bits are exact as doubles, so they may stand beside fractions and NaN.
  static constexpr KindSet kDoubles =
      kind_bit(ValueKind::Int) | kind_bit(ValueKind::Float) | kind_bit(ValueKind::NonFinite);
  static constexpr KindSet kNested = kind_bit(ValueKind::Object) | kind_bit(ValueKind::Array);

  const auto seen = static_cast<KindSet>(kinds & ~kind_bit(ValueKind::Null));
  const auto only = [seen](KindSet allowed) { return (seen & ~allowed) == 0; };
  // Nothing but null, or nothing but "NaN", which a numeric or a text can say as well.
  if (seen == 0 || seen == kind_bit(ValueKind::NonFinite)) return Inferred::Text;
  if (only(kBool)) return Inferred::Boolean;
  if (only(kIntegers)) return Inferred::Integer;
  if (only(kDoubles)) return Inferred::Double;
  if (only(kNested)) return Inferred::Json;
  return Inferred::Text;
}

std::vector<ViewColumn> view_columns(const change::TableState* seen, const catalog::Table* declared) {
  std::vector<ViewColumn> columns;
  std::set<std::string_view> known;
  if (declared != nullptr) {
    for (const catalog::Column& column : declared->columns) {
      if (!known.insert(column.name).second) continue;
      columns.push_back({column.name, {}, column.type, Inferred::Text});
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
