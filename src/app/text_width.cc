#include "app/text_width.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"

namespace sluice::app {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// What combines with the character before it or is not seen: the marks that people meet, not every one.
constexpr std::array kZeroWidth = {
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489},   Range{0x0591, 0x05BD},   Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x0E31, 0x0E31},   Range{0x0E34, 0x0E3A},   Range{0x0E47, 0x0E4E},
    Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF},   Range{0x200B, 0x200F},   Range{0x202A, 0x202E},
    Range{0x2060, 0x2064}, Range{0x20D0, 0x20FF},   Range{0xFE00, 0xFE0F},   Range{0xFE20, 0xFE2F},
    Range{0xFEFF, 0xFEFF}, Range{0x1F3FB, 0x1F3FF}, Range{0xE0100, 0xE01EF},
};
// East Asian wide and fullwidth, and emoji that terminals draw over two columns.
constexpr std::array kWide = {
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},   Range{0x23E9, 0x23EC},
    Range{0x25FD, 0x25FE},   Range{0x2614, 0x2615},   Range{0x2648, 0x2653},   Range{0x267F, 0x267F},
    Range{0x2693, 0x2693},   Range{0x26A1, 0x26A1},   Range{0x26BD, 0x26BE},   Range{0x26C4, 0x26C5},
    Range{0x2705, 0x2705},   Range{0x270A, 0x270B},   Range{0x2728, 0x2728},   Range{0x274C, 0x274C},
    Range{0x2753, 0x2755},   Range{0x2795, 0x2797},   Range{0x2B1B, 0x2B1C},   Range{0x2B50, 0x2B50},
    Range{0x2E80, 0x303E},   Range{0x3041, 0x33FF},   Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},
    Range{0xA000, 0xA4CF},   Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x1F004, 0x1F004},
    Range{0x1F0CF, 0x1F0CF}, Range{0x1F18E, 0x1F18E}, Range{0x1F191, 0x1F19A}, Range{0x1F200, 0x1F3FA},
    Range{0x1F400, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F7E0, 0x1F7EB}, Range{0x1F90C, 0x1F9FF},
    Range{0x1FA70, 0x1FAFF}, Range{0x20000, 0x3FFFD},
};

template <size_t kCount>
bool is_in(const std::array<Range, kCount>& ranges, uint32_t point) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), point,
                                      [](uint32_t value, const Range& range) { return value < range.first; });
  return after != ranges.begin() && point <= std::prev(after)->last;
}

struct Character {
  uint32_t point = 0;
  size_t bytes = 1;
  bool legal = false;
};

Character character_at(std::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1, true};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (!is_utf8(text.substr(at, bytes)) || at + bytes > text.size()) return {lead, 1, false};
  uint32_t point = lead & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) point = point << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  return {point, bytes, true};
}

size_t width_of(const Character& character) {
  if (!character.legal || character.point < 0x300) return 1;
  if (is_in(kZeroWidth, character.point)) return 0;
  return is_in(kWide, character.point) ? 2 : 1;
}

}  // namespace

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    width += width_of(character);
    at += character.bytes;
  }
  return width;
}

std::string cut_to_width(std::string_view text, size_t width) {
  size_t taken = 0;
  size_t fits = 0;  // bytes that leave a column for the ellipsis
  for (size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    taken += width_of(character);
    if (taken > width) return std::string(text.substr(0, fits)) + "…";
    at += character.bytes;
    if (taken < width) fits = at;
  }
  return std::string(text);
}

std::string wrap_words(std::string_view text, size_t indent, size_t width) {
  std::string out;
  size_t column = indent;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    const size_t word_width = display_width(word);
    if (column > indent && column + 1 + word_width > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word_width;
    at = end + 1;
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    const uint32_t point = character.point;
    if (!character.legal || point == 0x7F ||
        (point < 0x20 && point != '\n' && point != '\t' && point != '\r')) {
      out += fmt::format("\\x{:02x}", point);
    } else if (point < 0x20) {
      out += point == '\n' ? "\\n" : point == '\t' ? "\\t" : "\\r";
    } else if ((point >= 0x80 && point < 0xA0) || (point >= 0x200E && point <= 0x200F) ||
               (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069)) {
      out += fmt::format("\\u{:04x}", point);
    } else {
      out += text.substr(at, character.bytes);
    }
    at += character.bytes;
  }
  return out;
}

}  // namespace sluice::app
