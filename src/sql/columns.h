// The columns of one table's views, whatever the dialect: which, in what order, and what is known of their
// type.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"
#include "sql/view.h"

namespace sluice::sql {

// What a column without a declared type is shown as. Text holds every value, so it is the answer whenever
// another one could lose a digit.
enum class Inferred { Boolean, Integer, Double, Json, Text };

// The narrowest type that holds every kind of value that was seen exactly. Integer means 64 bits.
Inferred infer(change::KindSet kinds);

struct ViewColumn {
  std::string key;   // in the image
  std::string wish;  // what it would be called in the view: the key, or what the options rename it to
  std::string name;  // in the view; another one than `wish` only where two wishes differ by case alone
  std::optional<catalog::ColumnType> declared;
  Inferred inferred = Inferred::Text;  // when nothing is declared
  bool renamed = false;
  bool hashed = false;  // shown as a keyed hash of the value's text
};

// First the declared columns in the source's order, seen or not; then those seen beyond them, by first
// commit, ordinal and name; without those that `options` hide. Either may be null. The result does not depend
// on the order of `seen->columns`.
std::vector<ViewColumn> view_columns(const change::TableState* seen, const catalog::Table* declared,
                                     const TableOptions& options = {});

// The same columns beside columns of a view's own: one that is called as one of `reserved` gets another name.
std::vector<ViewColumn> beside(std::vector<ViewColumn> columns, std::span<const std::string_view> reserved);

// One column of a SELECT as its author wrote it, and what is lost on the way, for the reader of the view.
struct Shown {
  std::string expression;
  std::string_view loss;
};

// "\n  expression AS name,  -- loss" for each. `names` are quoted already; both have the same length.
std::string select_list(std::span<const Shown> shown, std::span<const std::string> names);

}  // namespace sluice::sql
