// What a JSON number is, said a second time and slowly: for the tests' and the fuzzers' judgement where
// simdjson refuses a number because it is too great for it.
#pragma once

#include <algorithm>
#include <cctype>
#include <regex>
#include <string>
#include <string_view>

namespace sluice::decode {

// Whether every number of a text, which must be JSON in all else, is a JSON number, and one of them is beyond
// what simdjson takes: 64 bits, or the range of a double.
inline bool has_great_numbers_only(std::string_view text) {
  static const std::regex kNumber(R"(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)");
  bool great = false;
  bool in_string = false;
  for (size_t at = 0; at < text.size(); ++at) {
    if (in_string) {
      if (text[at] == '\\')
        ++at;
      else if (text[at] == '"')
        in_string = false;
      continue;
    }
    if (text[at] == '"') {
      in_string = true;
      continue;
    }
    if (text[at] != '-' && text[at] != '+' && text[at] != '.' &&
        std::isdigit(static_cast<unsigned char>(text[at])) == 0)
      continue;
    const size_t behind = std::min(text.find_first_not_of("+-.eE0123456789", at), text.size());
    const std::string number(text.substr(at, behind - at));
    // std::regex recurses; no number that matters here is long.
    if (number.size() < 2000 && !std::regex_match(number, kNumber)) return false;
    great |= number.size() >= 19 || number.find_first_of("eE") != std::string::npos;
    at = behind - 1;
  }
  return great;
}

}  // namespace sluice::decode
