#include "sql/names.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

#include "base/crc32c.h"

namespace sluice::sql {
std::string with_checksum(std::string_view name, std::string_view identity) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const uint32_t sum = crc32c(identity);
  std::string out = std::string(name) + "_";
  for (int shift = 28; shift >= 0; shift -= 4) out.push_back(kDigits[sum >> shift & 15]);
  return out;
}

// As DuckDB folds identifiers: ASCII letters only, so É and é stay two names.
std::string fold_case(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Everybody who is first in line for a plain name gets it before anybody gets a suffix, so that a suffix
// never takes a name that a table or column really has.
std::vector<std::string> distinct_names(const std::vector<NameWish>& wishes) {
  std::vector<size_t> line(wishes.size());
  std::iota(line.begin(), line.end(), size_t{0});
  std::sort(line.begin(), line.end(), [&wishes](size_t left, size_t right) {
    const auto rank = [](const NameWish& wish) {
      return std::tuple(wish.place, wish.name != fold_case(wish.name), std::string_view{wish.name},
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
    const std::string suffixed = with_checksum(wishes[at].name, wishes[at].identity);
    std::string name = suffixed;
    for (int number = 2; !taken.insert(fold_case(name)).second; ++number) {
      name = suffixed + "_" + std::to_string(number);
    }
    names[at] = name;
  }
  return names;
}

std::vector<std::string> view_stems(std::span<const change::TableName> tables) {
  std::vector<NameWish> wishes;
  wishes.reserve(tables.size());
  for (const change::TableName& table : tables) {
    const bool in_public = table.schema == "public";
    wishes.push_back({in_public ? table.table : table.schema + "_" + table.table,
                      table.schema + "." + table.table, in_public ? 0 : 1});
  }
  return distinct_names(wishes);
}

std::vector<std::string> column_names(std::span<const std::string> keys) {
  std::vector<NameWish> wishes;
  wishes.reserve(keys.size());
  for (const std::string& key : keys) wishes.push_back({key.empty() ? "_" : key, key});
  return distinct_names(wishes);
}

std::string fit_name(const std::string& stem, const std::string& suffix, size_t max_bytes) {
  static constexpr size_t kChecksumBytes = 9;
  if (stem.size() + suffix.size() <= max_bytes) return stem + suffix;
  size_t end = max_bytes - kChecksumBytes - suffix.size();
  while (end > 0 && (static_cast<unsigned char>(stem[end]) & 0xC0U) == 0x80U) --end;
  return with_checksum(stem.substr(0, end), stem) + suffix;
}

}  // namespace sluice::sql
