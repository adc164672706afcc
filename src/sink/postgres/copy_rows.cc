#include "sink/postgres/copy_rows.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::sink::postgres {
namespace {

constexpr size_t kSendBytes = size_t{1} << 18;
constexpr int64_t kEpochDifferenceUs = 946'684'800'000'000;  // 1970 to 2000

std::optional<uint32_t> hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && (lower < 'a' || lower > 'f')) return std::nullopt;
    value = value * 16 + static_cast<uint32_t>(is_digit ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

bool is_between(uint32_t unit, uint32_t first, uint32_t last) { return unit >= first && unit <= last; }

}  // namespace

CopyRows::CopyRows(const CopySink& out) : out_(out) {
  static constexpr std::array<char, 19> kHeader = {'P',  'G',    'C',  'O',  'P', 'Y',
                                                   '\n', '\xff', '\r', '\n', '\0'};
  buffer_.assign(kHeader.data(), kHeader.size());
}

template <typename Int>
void CopyRows::append(Int value) {
  using Bits = std::make_unsigned_t<Int>;
  const auto bits = static_cast<Bits>(value);
  for (size_t shift = sizeof(Int); shift-- > 0;)
    buffer_.push_back(static_cast<char>(bits >> (shift * 8) & 0xFF));
}

Result<void> CopyRows::row(int16_t columns) {
  if (buffer_.size() >= kSendBytes) {
    TRY(out_(buffer_));
    buffer_.clear();
  }
  append(columns);
  return {};
}

void CopyRows::null() { append(int32_t{-1}); }

void CopyRows::number(int64_t value) {
  append(int32_t{8});
  append(value);
}

void CopyRows::integer(int32_t value) {
  append(int32_t{4});
  append(value);
}

void CopyRows::boolean(bool value) {
  append(int32_t{1});
  buffer_.push_back(value ? '\1' : '\0');
}

void CopyRows::text(std::string_view value) { bytes(value); }

void CopyRows::bytes(std::string_view value) {
  append(static_cast<int32_t>(value.size()));
  buffer_.append(value);
}

void CopyRows::jsonb(std::string_view json) {
  append(static_cast<int32_t>(json.size() + 1));
  buffer_.push_back('\1');  // the format's version
  const size_t start = buffer_.size();
  buffer_.append(json);
  for (size_t at = find_refused_escape(json); at != std::string_view::npos;
       at = find_refused_escape(json, at + 6))
    buffer_.replace(start + at, 6, "\\ufffd");
}

void CopyRows::time(int64_t wall_ns) {
  // Towards the past, also before 1970.
  const int64_t us = wall_ns / 1000 - (wall_ns % 1000 < 0 ? 1 : 0);
  number(us - kEpochDifferenceUs);
}

Result<void> CopyRows::finish() {
  append(int16_t{-1});
  TRY(out_(buffer_));
  buffer_.clear();
  return {};
}

size_t find_refused_escape(std::string_view json, size_t from) {
  for (size_t at = json.find('\\', from); at != std::string_view::npos; at = json.find('\\', at)) {
    if (json.substr(at, 2) != "\\u" || json.size() < at + 6) {
      at += 2;
      continue;
    }
    const uint32_t unit = hex4(json.substr(at + 2)).value_or(0);
    if (unit == 0 || is_between(unit, 0xDC00, 0xDFFF)) return at;
    if (is_between(unit, 0xD800, 0xDBFF)) {
      const bool is_pair =
          json.substr(std::min(at + 6, json.size()), 2) == "\\u" &&
          is_between(hex4(json.substr(std::min(at + 8, json.size()))).value_or(0), 0xDC00, 0xDFFF);
      if (!is_pair) return at;
      at += 6;
    }
    at += 6;
  }
  return std::string_view::npos;
}

std::string without_nul(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\0') {
      out += "\xEF\xBF\xBD";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace sluice::sink::postgres
