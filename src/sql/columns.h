// The columns of one table's views, whatever the dialect: which, in what order, and what is known of their
// type.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"

namespace sluice::sql {

// What a column without a declared type is shown as. Text holds every value, so it is the answer whenever
// another one could lose a digit.
enum class Inferred { Boolean, Integer, Double, Json, Text };

// The narrowest type that holds every kind of value that was seen exactly. Integer means 64 bits.
Inferred infer(change::KindSet kinds);

struct ViewColumn {
  std::string key;   // in the image
  std::string name;  // in the view; another one than `key` only where two keys differ by case alone
  std::optional<catalog::ColumnType> declared;
  Inferred inferred = Inferred::Text;  // when nothing is declared
};

// First the declared columns in the source's order, seen or not; then those seen beyond them, by first
// commit, ordinal and name. Either may be null. The result does not depend on the order of `seen->columns`.
std::vector<ViewColumn> view_columns(const change::TableState* seen, const catalog::Table* declared);

}  // namespace sluice::sql
