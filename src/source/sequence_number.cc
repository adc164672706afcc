#include "source/sequence_number.h"

#include <algorithm>

namespace sluice::source {

bool is_sequence_number(std::string_view text) {
  constexpr size_t kMostDigits = 129;
  if (text.empty() || text.size() > kMostDigits) return false;
  if (text[0] == '0' && text.size() > 1) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int compare_sequence_numbers(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return left.compare(right);
}

}  // namespace sluice::source
