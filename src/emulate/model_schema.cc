// Schema changes of the model: columns come, go, change their name and become wider.
#include <algorithm>
#include <iterator>

#include "emulate/model.h"

namespace sluice::emulate {
namespace {

using catalog::Type;

constexpr size_t kMostColumns = 40;
constexpr Type kAddedTypes[] = {Type::SmallInt, Type::Integer, Type::Text,   Type::Boolean,
                                Type::Numeric,  Type::Date,    Type::Bytea,  Type::TimestampTz,
                                Type::Real,     Type::Json,    Type::BigInt, Type::Interval};

// What a type can become without losing a value.
Type wider(Type type) {
  switch (type) {
    case Type::SmallInt:
      return Type::Integer;
    case Type::Integer:
      return Type::BigInt;
    case Type::BigInt:
      return Type::Numeric;
    case Type::Real:
      return Type::DoublePrecision;
    case Type::Date:
      return Type::Timestamp;
    default:
      return Type::Text;
  }
}

}  // namespace

void Model::add_column(size_t table) {
  State& state = states_[table];
  ModelColumn column;
  if (!state.dropped_names.empty() && random_.one_in(2)) {
    column.name = state.dropped_names.back();
    state.dropped_names.pop_back();
  } else {
    column.name = "added_" + std::to_string(counts_.schema_changes);
  }
  column.type.type = kAddedTypes[random_.index(std::size(kAddedTypes))];
  tables_[table].columns.push_back(std::move(column));
}

bool Model::widen_column(ModelColumn& column) {
  if (column.type.type == Type::Text) return false;
  column.type = {wider(column.type.type), {}, {}, {}};
  return true;
}

void Model::maybe_change_schema() {
  if (!random_.chance(options_.schema_changes)) return;
  const size_t table = random_.index(tables_.size());
  if (tables_[table].fixed_schema) return;
  std::vector<ModelColumn>& columns = tables_[table].columns;
  std::vector<size_t> free;  // columns that are no part of the key
  for (size_t at = 0; at < columns.size(); ++at) {
    if (states_[table].key_places[at] < 0) free.push_back(at);
  }
  const size_t chosen = free[random_.index(free.size())];
  switch (random_.below(4)) {
    case 0:
      if (columns.size() >= kMostColumns) return;
      add_column(table);
      break;
    case 1:
      if (free.size() < 2) return;
      states_[table].dropped_names.push_back(columns[chosen].name);
      columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(chosen));
      break;
    case 2:
      columns[chosen].name = "renamed_" + std::to_string(counts_.schema_changes);
      break;
    default:
      if (!widen_column(columns[chosen])) return;
  }
  ++counts_.schema_changes;
  describe_columns(table);
}

}  // namespace sluice::emulate
