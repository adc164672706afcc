#include "sql/names.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

#include "base/crc32c.h"

namespace sluice::sql {
namespace {

// As DuckDB folds identifiers: ASCII letters only, so É and é stay two names.
std::string fold_case(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// What a table or column would like to be called, and its whole identity for the checksum and the order.
struct Wish {
  std::string name;
  std::string identity;
  bool preferred = false;
};

std::string checksum_suffix(std::string_view identity) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const uint32_t sum = crc32c(identity);
  std::string out = "_";
  for (int shift = 28; shift >= 0; shift -= 4) out.push_back(kDigits[sum >> shift & 15]);
  return out;
}

// Everybody who is first in line for a plain name gets it before anybody gets a suffix, so that a suffix
// never takes a name that a table or column really has.
std::vector<std::string> distinct_names(const std::vector<Wish>& wishes) {
  std::vector<size_t> line(wishes.size());
  std::iota(line.begin(), line.end(), size_t{0});
  std::sort(line.begin(), line.end(), [&wishes](size_t left, size_t right) {
    const auto rank = [](const Wish& wish) {
      return std::tuple(!wish.preferred, wish.name != fold_case(wish.name), std::string_view{wish.name},
                        std::string_view{wish.identity});
    };
    return rank(wishes[left]) < rank(wishes[right]);
  });
  std::vector<std::string> names(wishes.size());
  std::set<std::string> taken;
  std::vector<size_t> waiting;
  for (const size_t at : line) {
    if (taken.insert(fold_case(wishes[at].name)).second) {
      names[at] = wishes[at].name;
    } else {
      waiting.push_back(at);
    }
  }
  for (const size_t at : waiting) {
    const std::string suffixed = wishes[at].name + checksum_suffix(wishes[at].identity);
    std::string name = suffixed;
    for (int number = 2; !taken.insert(fold_case(name)).second; ++number) {
      name = suffixed + "_" + std::to_string(number);
    }
    names[at] = name;
  }
  return names;
}

}  // namespace

std::vector<std::string> view_stems(std::span<const change::TableName> tables) {
  std::vector<Wish> wishes;
  wishes.reserve(tables.size());
  for (const change::TableName& table : tables) {
    const bool in_public = table.schema == "public";
    wishes.push_back({in_public ? table.table : table.schema + "_" + table.table,
                      table.schema + "." + table.table, in_public});
  }
  return distinct_names(wishes);
}

std::vector<std::string> column_names(std::span<const std::string> keys) {
  std::vector<Wish> wishes;
  wishes.reserve(keys.size());
  for (const std::string& key : keys) wishes.push_back({key.empty() ? "_" : key, key, false});
  return distinct_names(wishes);
}

}  // namespace sluice::sql
