#include "base/json_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code unit of \uXXXX whose four digits start at `at`, or -1.
int code_unit(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return -1;
  int unit = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

void append_utf8(std::string& to, uint32_t point) {
  const auto byte = [&to](uint32_t value) { to.push_back(static_cast<char>(value)); };
  if (point < 0x80) {
    byte(point);
  } else if (point < 0x800) {
    byte(0xC0 | point >> 6);
    byte(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    byte(0xE0 | point >> 12);
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  } else {
    byte(0xF0 | point >> 18);
    byte(0x80 | (point >> 12 & 0x3F));
    byte(0x80 | (point >> 6 & 0x3F));
    byte(0x80 | (point & 0x3F));
  }
}

// What a one-letter escape stands for, or 0.
char short_escape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

void append_unescaped(std::string& to, std::string_view inside) {
  size_t at = 0;
  while (at < inside.size()) {
    const size_t slash = inside.find('\\', at);
    if (slash == std::string_view::npos || slash + 1 >= inside.size()) break;
    to.append(inside, at, slash - at);
    const char letter = inside[slash + 1];
    if (letter != 'u') {
      const char meant = short_escape(letter);
      if (meant != 0) {
        to.push_back(meant);
      } else {
        to.append(inside, slash, 2);
      }
      at = slash + 2;
      continue;
    }
    const int high = code_unit(inside, slash + 2);
    if (high >= 0xD800 && high < 0xDC00 && slash + 8 < inside.size() && inside[slash + 6] == '\\' &&
        inside[slash + 7] == 'u') {
      const int low = code_unit(inside, slash + 8);
      if (low >= 0xDC00 && low < 0xE000) {
        append_utf8(
            to, 0x10000 + (static_cast<uint32_t>(high - 0xD800) << 10) + static_cast<uint32_t>(low - 0xDC00));
        at = slash + 12;
        continue;
      }
    }
    if (high < 0 || (high >= 0xD800 && high < 0xE000)) {
      to.append(inside, slash, 2);
      at = slash + 2;
      continue;
    }
    append_utf8(to, static_cast<uint32_t>(high));
    at = slash + 6;
  }
  to.append(inside, at, std::string_view::npos);
}

// So many bytes go into the buffer before it is looked at, each as this many at most.
constexpr ptrdiff_t kEscapedAtOnce = 32;
constexpr ptrdiff_t kMostEscape = 6;

void append_json_string(std::string& to, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  // By what follows the backslash; 'u' for \u00xx, 0 for what needs none.
  static constexpr std::array<char, 256> kEscapes = [] {
    std::array<char, 256> escapes{};
    for (size_t c = 0; c < 0x20; ++c) escapes[c] = 'u';
    escapes['\b'] = 'b';
    escapes['\f'] = 'f';
    escapes['\n'] = 'n';
    escapes['\r'] = 'r';
    escapes['\t'] = 't';
    escapes['"'] = '"';
    escapes['\\'] = '\\';
    return escapes;
  }();
  // Through a small buffer: JSON within JSON has a quote every few bytes, and a piece of the string for each
  // would cost more than the bytes.
  std::array<char, 512> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  char* out = buffer.data();
  *out++ = '"';
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto flush = [&] {
    to.append(buffer.data(), static_cast<size_t>(out - buffer.data()));
    out = buffer.data();
  };
  while (at < end) {
    const char* const stop = at + std::min<ptrdiff_t>(end - at, kEscapedAtOnce);
    for (; at < stop; ++at) {
      const auto c = static_cast<unsigned char>(*at);
      const char escape = kEscapes[c];
      if (escape == 0) {
        *out++ = *at;
        continue;
      }
      *out++ = '\\';
      *out++ = escape;
      if (escape != 'u') continue;
      for (const char digit : {'0', '0', kDigits[c >> 4], kDigits[c & 15]}) *out++ = digit;
    }
    if (buffer.data() + buffer.size() - out < kEscapedAtOnce * kMostEscape + 1) flush();
  }
  *out++ = '"';
  flush();
}

}  // namespace sluice
