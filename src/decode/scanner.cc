#include "decode/scanner.h"

#include <simdjson.h>

#include <algorithm>
#include <bitset>
#include <cstddef>

#include "base/text.h"

namespace sluice::decode {

using change::ValueKind;

At Scan::fail(Fault why, At where) {
  fault = why;
  fault_at = where;
  return nullptr;
}

At Scan::unexpected(At where) { return fail(where < end ? Fault::NotJson : Fault::EndsEarly, where); }

namespace {

bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// Four hexadecimal digits.
At take_code_unit(Scan& scan, At at, uint32_t& unit) {
  unit = 0;
  for (int i = 0; i < 4; ++i, ++at) {
    const char lower = static_cast<char>(*at | 0x20);
    if (at >= scan.end) return scan.unexpected(at);
    if (is_digit(*at)) {
      unit = unit << 4 | static_cast<uint32_t>(*at - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit << 4 | static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      return scan.unexpected(at);
    }
  }
  return at;
}

// \uXXXX, and the second one where the first is the first half of a pair; `at` is on the backslash.
At take_unicode_escape(Scan& scan, At at) {
  const At first = at;
  uint32_t unit = 0;
  at = take_code_unit(scan, at + 2, unit);
  if (at == nullptr || unit < 0xD800 || unit > 0xDFFF) return at;
  if (unit > 0xDBFF) return scan.fail(Fault::LoneSurrogate, first);
  for (const char c : {'\\', 'u'}) {
    if (at >= scan.end) return scan.unexpected(at);
    if (*at++ != c) return scan.fail(Fault::LoneSurrogate, first);
  }
  at = take_code_unit(scan, at, unit);
  if (at == nullptr || (unit >= 0xDC00 && unit <= 0xDFFF)) return at;
  return scan.fail(Fault::LoneSurrogate, first);
}

// The place is on the backslash.
At take_escape(Scan& scan, At at) {
  if (scan.end - at < 2) return scan.unexpected(scan.end);
  switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return at + 2;
    case 'u':
      return take_unicode_escape(scan, at);
    default:
      return scan.unexpected(at);
  }
}

// Whether what stands between the two places is UTF-8; the fault's place is the first character that is not.
bool check_utf8(Scan& scan, At first, At behind) {
  if (simdjson::validate_utf8(first, static_cast<size_t>(behind - first))) [[likely]]
    return true;
  while (first < behind) {
    const auto lead = static_cast<unsigned char>(*first);
    const std::ptrdiff_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (!is_utf8({first, static_cast<size_t>(std::min(length, behind - first))})) break;
    first += length;
  }
  scan.fail(Fault::InvalidUtf8, first);
  return false;
}

At skip_digits(At at, At end) {
  while (at < end) {
    const int digits = digits_within_16(at);
    at += digits;
    if (digits < 16) break;
  }
  return at < end ? at : end;
}

// Whether a run of digits without leading zeros is at most `bound`.
bool at_most(std::string_view digits, std::string_view bound) {
  return digits.size() != bound.size() ? digits.size() < bound.size() : digits <= bound;
}

ValueKind integer_kind(std::string_view digits, bool negative) {
  if (at_most(digits, "9007199254740992")) return ValueKind::Int;
  const bool fits = at_most(digits, negative ? "9223372036854775808" : "9223372036854775807");
  return fits ? ValueKind::BigInt : ValueKind::HugeInt;
}

}  // namespace

StringEnd take_any_string(Scan& scan, At at) {
  const At first = at;
  bool escaped = false;
  bool non_ascii = false;
  while (at < scan.end) {
    const Block32 block(at);
    const int length = block.plain_bytes();
    non_ascii |= block.has_non_ascii_before(length);
    at += length;
    if (length == 32) continue;
    if (at >= scan.end) break;
    if (*at == '"') {
      if (non_ascii && !check_utf8(scan, first, at)) return {nullptr, escaped};
      return {at + 1, escaped};
    }
    if (*at != '\\') return {scan.unexpected(at), escaped};
    escaped = true;
    at = take_escape(scan, at);
    if (at == nullptr) return {nullptr, escaped};
  }
  return {scan.unexpected(scan.end), escaped};
}

At take_any_number(Scan& scan, At at, ValueKind& kind) {
  const bool negative = *at == '-';
  if (negative) ++at;
  const At first = at;
  at = skip_digits(at, scan.end);
  if (at == first) return scan.unexpected(at);
  if (*first == '0' && at - first > 1) return scan.unexpected(first + 1);
  kind = integer_kind({first, static_cast<size_t>(at - first)}, negative);
  if (at < scan.end && *at == '.') {
    kind = ValueKind::Float;
    const At fraction = ++at;
    at = skip_digits(at, scan.end);
    if (at == fraction) return scan.unexpected(at);
  }
  if (at < scan.end && (*at | 0x20) == 'e') {
    kind = ValueKind::Float;
    ++at;
    if (at < scan.end && (*at == '+' || *at == '-')) ++at;
    const At exponent = at;
    at = skip_digits(at, scan.end);
    if (at == exponent) return scan.unexpected(at);
  }
  return at;
}

At take_container(Scan& scan, At at, int levels) {
  // Without recursion, so that depth costs no stack.
  std::bitset<change::kMaxNesting> is_object;
  int depth = 0;
  const auto take_key = [&scan](At place) {
    place = take(scan, place, '"');
    if (place == nullptr) return place;
    place = take_string(scan, place).at;
    return place == nullptr ? place : take(scan, place, ':');
  };
  while (true) {
    // Here a value is due.
    at = skip_space(at, scan.end);
    if (at >= scan.end) return scan.unexpected(at);
    const char c = *at;
    if (c == '{' || c == '[') {
      if (levels + depth >= change::kMaxNesting) return scan.fail(Fault::TooDeep, at);
      at = skip_space(at + 1, scan.end);
      const bool empty = at < scan.end && *at == (c == '{' ? '}' : ']');
      if (!empty) {
        is_object[static_cast<size_t>(depth++)] = c == '{';
        if (c == '{') at = take_key(at);
        if (at == nullptr) return nullptr;
        continue;
      }
      ++at;
    } else {
      Value scalar;
      at = take_value(scan, at, scalar, levels + depth);
      if (at == nullptr) return nullptr;
    }
    // Behind a value: close what ends here, then go on to the next value.
    while (true) {
      if (depth == 0) return at;
      const bool in_object = is_object[static_cast<size_t>(depth - 1)];
      at = skip_space(at, scan.end);
      if (at >= scan.end || (*at != ',' && *at != (in_object ? '}' : ']'))) return scan.unexpected(at);
      if (*at++ == ',') {
        if (in_object) at = take_key(at);
        if (at == nullptr) return nullptr;
        break;
      }
      --depth;
    }
  }
}

}  // namespace sluice::decode
