// Which names views and their columns get, so that no two of them are the same to a database that folds case.
//
// The names follow from the set of tables or columns alone, never from the order in which they were seen.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "change/change.h"

namespace sluice::sql {

// The first part of each table's view names, in the order of `tables`: `orders` for public.orders,
// `sales_orders` for sales.orders. Where two would be equal but for the case of ASCII letters, one keeps the
// plain name (the one in schema public, then the one in lower case, then the bytewise smallest) and each
// other gets `_` and 8 hex digits, the crc32c of `schema.table`. Each table may stand there once.
std::vector<std::string> view_stems(std::span<const change::TableName> tables);

// The names of one view's columns, in the order of `keys`, by the same rule: one of Id, ID and id keeps its
// name, the others get `_` and the crc32c of the key. An empty key is shown as `_`. Each key may stand there
// once.
std::vector<std::string> column_names(std::span<const std::string> keys);

// A name that somebody would like, and the whole identity behind it, for the checksum and the order.
struct NameWish {
  std::string name;
  std::string identity;
  int place = 0;  // in the line for a plain name; the smaller one is asked first
};

// A name for each wish, in their order, by the same rule.
std::vector<std::string> distinct_names(const std::vector<NameWish>& wishes);

// ASCII letters in lower case, as databases fold identifiers; other letters stay.
std::string fold_case(std::string_view name);

// `name`, `_` and the crc32c of `identity` in 8 hex digits.
std::string with_checksum(std::string_view name, std::string_view identity);

// A name of at most `max_bytes`: a longer `stem` is cut between two characters and gets `_` and the crc32c of
// the whole in front of `suffix`.
std::string fit_name(const std::string& stem, const std::string& suffix, size_t max_bytes);

}  // namespace sluice::sql
