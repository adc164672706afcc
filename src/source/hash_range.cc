#include "source/hash_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace sluice::source {
namespace {

constexpr Uint128 kLastKey = ~Uint128{0};

std::optional<Uint128> parse_key(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Uint128 number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<unsigned>(c - '0');
    if (number > (kLastKey - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

}  // namespace

Result<HashRange> parse_hash_range(std::string_view first, std::string_view last) {
  const std::optional<Uint128> from = parse_key(first);
  const std::optional<Uint128> to = parse_key(last);
  if (from && to && *from <= *to) return HashRange{*from, *to};
  return malformed("bad-hash-range", fmt::format("'{}' to '{}' is no range of hash keys", first, last));
}

std::vector<HashRange> uncovered(std::vector<HashRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const HashRange& a, const HashRange& b) { return a.first < b.first; });
  std::vector<HashRange> holes;
  Uint128 next = 0;  // everything before it is covered
  for (const HashRange& range : ranges) {
    if (range.first > next) holes.push_back({next, range.first - 1});
    if (range.last == kLastKey) return holes;
    next = std::max(next, range.last + 1);
  }
  holes.push_back({next, kLastKey});
  return holes;
}

std::string share_text(std::span<const HashRange> ranges) {
  double share = 0;
  for (const HashRange& range : ranges) share += static_cast<double>(range.last - range.first) + 1;
  share /= static_cast<double>(kLastKey);
  return share < 0.001 ? "less than 0.1 %" : fmt::format("{:.1f} %", share * 100);
}

}  // namespace sluice::source
