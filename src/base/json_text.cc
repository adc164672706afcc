#include "base/json_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#else
#error "Sluice is built for x86-64 and for arm64."
#endif

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

namespace {

// A block is looked at as a whole. What must be escaped in it is a set of lanes of kLaneBits each, the first
// byte's the lowest.
constexpr ptrdiff_t kBlock = 16;
constexpr ptrdiff_t kMostEscape = 6;
#if defined(__SSE2__)
constexpr int kLaneBits = 1;
uint64_t to_escape(const char* block) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}
#elif defined(__aarch64__)
constexpr int kLaneBits = 4;
uint64_t to_escape(const char* block) {
  const uint8x16_t bytes = vld1q_u8(reinterpret_cast<const uint8_t*>(block));
  const uint8x16_t control = vcltq_u8(bytes, vdupq_n_u8(0x20));
  const uint8x16_t quote = vceqq_u8(bytes, vdupq_n_u8('"'));
  const uint8x16_t backslash = vceqq_u8(bytes, vdupq_n_u8('\\'));
  const uint8x16_t any = vorrq_u8(control, vorrq_u8(quote, backslash));
  return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(any), 4)), 0);
}
#endif

// Writes `c` as it stands in a JSON string: at most kMostEscape bytes.
char* escape(char* out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  // By what follows the backslash; 'u' for \u00xx, 0 for what needs none.
  static constexpr std::array<char, 256> kEscapes = [] {
    std::array<char, 256> escapes{};
    for (size_t control = 0; control < 0x20; ++control) escapes[control] = 'u';
    escapes['\b'] = 'b';
    escapes['\f'] = 'f';
    escapes['\n'] = 'n';
    escapes['\r'] = 'r';
    escapes['\t'] = 't';
    escapes['"'] = '"';
    escapes['\\'] = '\\';
    return escapes;
  }();
  const auto byte = static_cast<unsigned char>(c);
  const char letter = kEscapes[byte];
  if (letter == 0) {
    *out++ = c;
    return out;
  }
  *out++ = '\\';
  *out++ = letter;
  if (letter != 'u') return out;
  for (const char digit : {'0', '0', kDigits[byte >> 4], kDigits[byte & 15]}) *out++ = digit;
  return out;
}

// Writes a block escaped: at most kBlock * kMostEscape bytes, and up to kBlock more behind them that mean
// nothing. Reads up to kBlock bytes behind the block.
char* escape_block(char* out, const char* block) {
  const char* at = block;
  for (uint64_t lanes = to_escape(block); lanes != 0;) {
    const int lane = std::countr_zero(lanes) / kLaneBits;
    const char* const found = block + lane;
    lanes &= ~(((uint64_t{1} << kLaneBits) - 1) << (lane * kLaneBits));
    // The bytes before it; a whole block is copied quicker than as many as there are.
    std::memcpy(out, at, kBlock);
    out += found - at;
    at = found;
    if (static_cast<unsigned char>(*found) < 0x20) {
      out = escape(out, *at++);
    } else {
      *out++ = '\\';  // what it escapes comes with the bytes behind it
    }
  }
  std::memcpy(out, at, kBlock);
  return out + (block + kBlock - at);
}

}  // namespace

void append_json_string(std::string& to, std::string_view text) {
  // Through a small buffer: JSON within JSON has a quote every few bytes, and a piece of the string for each
  // would cost more than the bytes.
  std::array<char, 1024> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  char* out = buffer.data();
  // Up to here there is room for two blocks, what is behind them, and the closing quote.
  const char* const full = buffer.data() + buffer.size() - (2 * kBlock * kMostEscape + kBlock + 1);
  *out++ = '"';
  const auto flush = [&] {
    to.append(buffer.data(), static_cast<size_t>(out - buffer.data()));
    out = buffer.data();
  };
  const char* at = text.data();
  const char* const end = at + text.size();
  for (; end - at >= 2 * kBlock; at += kBlock) {
    out = escape_block(out, at);
    if (out > full) flush();
  }
  // The last two blocks, with spaces behind them, each of which is one byte in what is written too.
  std::array<char, 3 * kBlock> rest;  // NOLINT(cppcoreguidelines-pro-type-member-init): the next line does
  rest.fill(' ');
  std::copy(at, end, rest.data());
  ptrdiff_t left = end - at;
  for (at = rest.data(); left > 0; at += kBlock, left -= kBlock) out = escape_block(out, at);
  out += left;
  *out++ = '"';
  flush();
}

}  // namespace sluice
