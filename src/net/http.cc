#include "net/http.h"

#include <algorithm>

namespace sluice::net {
namespace {
char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter; }
}  // namespace

bool same_header_name(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::optional<std::string_view> HttpResponse::header(std::string_view name) const {
  for (const Header& header : headers)
    if (same_header_name(header.name, name)) return header.value;
  return std::nullopt;
}

}  // namespace sluice::net
