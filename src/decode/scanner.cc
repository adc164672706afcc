#include "decode/scanner.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
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

At Scan::unknown_word(At where) {
  const std::string_view rest(where, static_cast<size_t>(end - where));
  for (const std::string_view word : {"null", "true", "false"}) {
    if (!rest.empty() && word.starts_with(rest)) return fail(Fault::EndsEarly, end);
  }
  return unexpected(where);
}

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
    const int digits = std::countr_one(digit_bits_within_16(at));
    at += digits;
    if (digits < 16) break;
  }
  return at < end ? at : end;
}

// Of an integer by its digits, which have no leading zero.
ValueKind integer_kind(std::string_view digits, bool negative) {
  constexpr std::string_view kTwoTo53 = "9007199254740992";
  const std::string_view max = negative ? "9223372036854775808" : "9223372036854775807";
  const auto at_most = [digits](std::string_view bound) {
    return digits.front() < bound.front() || digits <= bound;
  };
  if (digits.size() < kTwoTo53.size()) return ValueKind::Int;
  if (digits.size() == kTwoTo53.size()) return at_most(kTwoTo53) ? ValueKind::Int : ValueKind::BigInt;
  if (digits.size() < max.size()) return ValueKind::BigInt;
  return digits.size() == max.size() && at_most(max) ? ValueKind::BigInt : ValueKind::HugeInt;
}

}  // namespace

int64_t int64_of(std::string_view text) {
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  uint64_t magnitude = 0;
  for (; text.size() >= 8; text.remove_prefix(8))
    magnitude = magnitude * 100'000'000 + eight_digits(text.data());
  for (const char c : text) magnitude = magnitude * 10 + static_cast<uint64_t>(c - '0');
  return static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
}

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

ValueEnd take_any_number(Scan& scan, At at) {
  const bool negative = *at == '-';
  if (negative) ++at;
  const At first = at;
  const auto fault = [&scan](At where) { return ValueEnd{scan.unexpected(where), ValueKind::Null}; };
  // Most have neither an exponent nor 32 characters, so that one look at the digits tells everything.
  const uint32_t digits = digit_bits_within_32(first);
  at = first + std::countr_one(digits);
  if (at - first == 32 || at > scan.end) at = skip_digits(first, scan.end);
  if (at == first) return fault(at);
  if (*first == '0' && at - first > 1) return fault(first + 1);
  ValueKind kind = integer_kind({first, static_cast<size_t>(at - first)}, negative);
  if (at < scan.end && *at == '.') {
    kind = ValueKind::Float;
    const At fraction = ++at;
    const auto before = fraction - first;
    at += before < 32 ? std::countr_one(digits >> before) : 0;
    if (at - first >= 32 || at > scan.end) at = skip_digits(fraction, scan.end);
    if (at == fraction) return fault(at);
  }
  if (at < scan.end && (*at | 0x20) == 'e') {
    kind = ValueKind::Float;
    ++at;
    if (at < scan.end && (*at == '+' || *at == '-')) ++at;
    const At exponent = at;
    at = skip_digits(at, scan.end);
    if (at == exponent) return fault(at);
  }
  return {at, kind};
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
