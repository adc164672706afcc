#include "decode/scanner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <cstring>
#include <string>

#include "base/json_text.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Everything hot is one chain of small functions that carry the position in a register; they must melt
// together.
#define SLUICE_INLINE __attribute__((always_inline)) inline

namespace sluice::decode {

using change::ImageField;
using change::ValueKind;

namespace {

// Where a text is being read. On a fault `at` stays where it was found.
struct Reader {
  const char* at;
  const char* end;
  Fault fault = Fault::None;

  SLUICE_INLINE bool fail(Fault why) {
    fault = why;
    return false;
  }
  // NotJson where there is a byte, EndsEarly where there is none left.
  SLUICE_INLINE bool unexpected() { return fail(at < end ? Fault::NotJson : Fault::EndsEarly); }
};

SLUICE_INLINE bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

SLUICE_INLINE void skip_space(Reader& in) {
  if (static_cast<unsigned char>(*in.at) > ' ') [[likely]]
    return;
  while (in.at < in.end && (*in.at == ' ' || *in.at == '\n' || *in.at == '\r' || *in.at == '\t')) ++in.at;
}

SLUICE_INLINE bool take(Reader& in, char c) {
  skip_space(in);
  if (in.at >= in.end || *in.at != c) [[unlikely]]
    return in.unexpected();
  ++in.at;
  return true;
}

// The distance from `at` to the first quote, backslash or control character within the next 16 bytes; 16 if
// none.
SLUICE_INLINE int special_within_16(const char* at) {
#if defined(__SSE2__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  const auto mask =
      static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control)));
  return std::countr_zero(mask | 0x10000U);
#else
  constexpr uint64_t kOnes = 0x0101010101010101U;
  constexpr uint64_t kHighs = 0x8080808080808080U;
  for (int half = 0; half < 16; half += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at + half, 8);
    const uint64_t quote = word ^ (kOnes * '"');
    const uint64_t slash = word ^ (kOnes * '\\');
    // The lowest flagged byte is exact in each term; a borrow can only flag bytes above it.
    const uint64_t found =
        (((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash) | ((word - kOnes * 0x20) & ~word)) & kHighs;
    if (found != 0) return half + std::countr_zero(found) / 8;
  }
  return 16;
#endif
}

bool take_code_unit(Reader& in, uint32_t& unit) {
  unit = 0;
  for (int i = 0; i < 4; ++i, ++in.at) {
    if (in.at >= in.end) return in.fail(Fault::EndsEarly);
    const char lower = static_cast<char>(*in.at | 0x20);
    if (is_digit(*in.at)) {
      unit = unit << 4 | static_cast<uint32_t>(*in.at - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit << 4 | static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      return in.fail(Fault::NotJson);
    }
  }
  return true;
}

// The reader is on the backslash.
bool take_escape(Reader& in) {
  if (in.end - in.at < 2) return in.fail(Fault::EndsEarly);
  const char letter = in.at[1];
  in.at += 2;
  switch (letter) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return true;
    case 'u':
      break;
    default:
      return in.fail(Fault::NotJson);
  }
  uint32_t unit = 0;
  if (!take_code_unit(in, unit)) return false;
  if (unit < 0xD800 || unit > 0xDFFF) return true;
  if (unit > 0xDBFF || in.end - in.at < 6 || in.at[0] != '\\' || in.at[1] != 'u')
    return in.fail(Fault::LoneSurrogate);
  in.at += 2;
  if (!take_code_unit(in, unit)) return false;
  return unit >= 0xDC00 && unit <= 0xDFFF ? true : in.fail(Fault::LoneSurrogate);
}

// The reader is behind the opening quote; afterwards behind the closing one.
SLUICE_INLINE bool take_string_rest(Reader& in, bool& escaped) {
  escaped = false;
  while (in.at < in.end) {
    const int skip = special_within_16(in.at);
    in.at += skip;
    if (skip == 16) continue;
    if (in.at >= in.end) break;
    if (*in.at == '"') [[likely]] {
      ++in.at;
      return true;
    }
    if (*in.at != '\\') return in.fail(Fault::NotJson);
    escaped = true;
    if (!take_escape(in)) return false;
  }
  in.at = in.end;
  return in.fail(Fault::EndsEarly);
}

SLUICE_INLINE bool take_key(Reader& in, std::string_view& key, bool& escaped) {
  if (!take(in, '"')) [[unlikely]]
    return false;
  const char* const first = in.at;
  if (!take_string_rest(in, escaped)) [[unlikely]]
    return false;
  key = {first, static_cast<size_t>(in.at - 1 - first)};
  return take(in, ':');
}

SLUICE_INLINE bool is_non_finite(std::string_view inside) {
  switch (inside.size()) {
    case 3:
      return inside == "NaN";
    case 8:
      return inside == "Infinity";
    case 9:
      return inside == "-Infinity";
    default:
      return false;
  }
}

SLUICE_INLINE void skip_digits(Reader& in) {
  while (in.at < in.end) {
    uint64_t word = 0;
    std::memcpy(&word, in.at, 8);
    // A byte is a digit when its high half is 3 and stays so after adding 6; the halves cannot carry into
    // each other.
    const uint64_t high = (word & 0xF0F0F0F0F0F0F0F0U) ^ 0x3030303030303030U;
    const uint64_t plus_6 = ((word & 0x0F0F0F0F0F0F0F0FU) + 0x0606060606060606U) & 0xF0F0F0F0F0F0F0F0U;
    const uint64_t other = high | plus_6;
    if (other != 0) {
      in.at += std::countr_zero(other) / 8;
      break;
    }
    in.at += 8;
  }
  if (in.at > in.end) in.at = in.end;
}

// Whether a run of digits without leading zeros is at most `bound`.
bool at_most(std::string_view digits, std::string_view bound) {
  return digits.size() != bound.size() ? digits.size() < bound.size() : digits <= bound;
}

ValueKind long_integer_kind(std::string_view digits, bool negative) {
  if (at_most(digits, "9007199254740992")) return ValueKind::Int;
  const bool fits = at_most(digits, negative ? "9223372036854775808" : "9223372036854775807");
  return fits ? ValueKind::BigInt : ValueKind::HugeInt;
}

bool take_fraction_and_exponent(Reader& in) {
  if (*in.at == '.') {
    ++in.at;
    const char* const first = in.at;
    skip_digits(in);
    if (in.at == first) return in.unexpected();
  }
  if (in.at < in.end && (*in.at | 0x20) == 'e') {
    ++in.at;
    if (in.at < in.end && (*in.at == '+' || *in.at == '-')) ++in.at;
    const char* const first = in.at;
    skip_digits(in);
    if (in.at == first) return in.unexpected();
  }
  return true;
}

SLUICE_INLINE bool take_number(Reader& in, ValueKind& kind) {
  const bool negative = *in.at == '-';
  if (negative) ++in.at;
  const char* const first = in.at;
  skip_digits(in);
  const auto digits = static_cast<size_t>(in.at - first);
  if (digits == 0) [[unlikely]]
    return in.unexpected();
  if (*first == '0' && digits > 1) [[unlikely]]
    return in.fail(Fault::NotJson);
  if (in.at < in.end && (*in.at == '.' || (*in.at | 0x20) == 'e')) {
    kind = ValueKind::Float;
    return take_fraction_and_exponent(in);
  }
  kind = digits < 16 ? ValueKind::Int : long_integer_kind({first, digits}, negative);
  return true;
}

SLUICE_INLINE bool take_literal(Reader& in, std::string_view word) {
  if (static_cast<size_t>(in.end - in.at) < word.size()) [[unlikely]]
    return in.fail(Fault::EndsEarly);
  if (std::memcmp(in.at, word.data(), word.size()) != 0) [[unlikely]]
    return in.fail(Fault::NotJson);
  in.at += word.size();
  return true;
}

// A value that is no container; the reader is on its first byte.
SLUICE_INLINE bool take_scalar(Reader& in, ValueKind& kind) {
  const char c = *in.at;
  if (c == '"') {
    const char* const first = ++in.at;
    bool escaped = false;
    if (!take_string_rest(in, escaped)) return false;
    kind = is_non_finite({first, static_cast<size_t>(in.at - 1 - first)}) ? ValueKind::NonFinite
                                                                          : ValueKind::String;
    return true;
  }
  if (is_digit(c) || c == '-') return take_number(in, kind);
  kind = c == 'n' ? ValueKind::Null : ValueKind::Bool;
  switch (c) {
    case 'n':
      return take_literal(in, "null");
    case 't':
      return take_literal(in, "true");
    case 'f':
      return take_literal(in, "false");
    default:
      return in.fail(Fault::NotJson);
  }
}

// The reader is on the opening bracket. Without recursion, so that depth costs no stack.
bool skip_container(Reader& in) {
  std::bitset<change::kMaxNesting> is_object;
  int depth = 0;
  const auto take_member_key = [&in] {
    std::string_view key;
    bool escaped = false;
    return take_key(in, key, escaped);
  };
  while (true) {
    // Here a value is due.
    skip_space(in);
    if (in.at >= in.end) return in.fail(Fault::EndsEarly);
    const char c = *in.at;
    if (c == '{' || c == '[') {
      // The record's own object is one level more.
      if (depth + 1 >= change::kMaxNesting) return in.fail(Fault::TooDeep);
      ++in.at;
      skip_space(in);
      const bool empty = in.at < in.end && *in.at == (c == '{' ? '}' : ']');
      if (!empty) {
        is_object[static_cast<size_t>(depth++)] = c == '{';
        if (c == '{' && !take_member_key()) return false;
        continue;
      }
      ++in.at;
    } else {
      ValueKind kind{};
      if (!take_scalar(in, kind)) return false;
    }
    // Behind a value: close what ends here, then go on to the next value.
    while (true) {
      if (depth == 0) return true;
      const bool in_object = is_object[static_cast<size_t>(depth - 1)];
      skip_space(in);
      if (in.at >= in.end) return in.fail(Fault::EndsEarly);
      const char next = *in.at;
      if (next != ',' && next != (in_object ? '}' : ']')) return in.fail(Fault::NotJson);
      ++in.at;
      if (next == ',') {
        if (in_object && !take_member_key()) return false;
        break;
      }
      --depth;
    }
  }
}

SLUICE_INLINE bool take_any(Reader& in, std::string_view& value, ValueKind& kind) {
  skip_space(in);
  if (in.at >= in.end) [[unlikely]]
    return in.fail(Fault::EndsEarly);
  const char* const first = in.at;
  if (*first == '{' || *first == '[') [[unlikely]] {
    kind = *first == '{' ? ValueKind::Object : ValueKind::Array;
    if (!skip_container(in)) return false;
  } else if (!take_scalar(in, kind)) {
    return false;
  }
  value = {first, static_cast<size_t>(in.at - first)};
  return true;
}

// Mixes the length with the first and the last eight bytes. Equal names have equal hashes; no more is asked.
// At least eight bytes from the start of `name` must be readable.
SLUICE_INLINE uint64_t key_hash(std::string_view name) {
  uint64_t first = 0;
  std::memcpy(&first, name.data(), 8);
  uint64_t last = 0;
  if (name.size() < 8) {
    first &= (uint64_t{1} << (8 * name.size())) - 1;
  } else {
    std::memcpy(&last, name.data() + name.size() - 8, 8);
  }
  const uint64_t mixed = (first ^ std::rotl(last, 23) ^ name.size()) * 0x9E3779B97F4A7C15U;
  return mixed >> 40;
}

// Whether two of the members from `from` on have the same name once unescaped.
bool has_duplicate_keys(const std::vector<ImageField>& fields, size_t from) {
  // A row has at most 255 columns, so a small table of hashes settles nearly every image.
  constexpr size_t kSlots = 2048;
  const size_t count = fields.size() - from;
  bool suspect = count > kSlots / 4;
  std::array<uint64_t, kSlots / 64> taken{};
  for (size_t i = from; i < fields.size() && !suspect; ++i) {
    const uint64_t slot = key_hash(fields[i].key) % kSlots;
    const uint64_t bit = uint64_t{1} << (slot % 64);
    suspect = fields[i].key_escaped || (taken[slot / 64] & bit) != 0;
    taken[slot / 64] |= bit;
  }
  if (!suspect) return false;
  std::vector<std::string> names(count);
  for (size_t i = 0; i < count; ++i) append_unescaped(names[i], fields[from + i].key);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// The members of an object whose opening brace has been taken, up to and with its closing brace.
bool take_members(Reader& in, std::vector<ImageField>& fields) {
  skip_space(in);
  if (in.at < in.end && *in.at == '}') {
    ++in.at;
    return true;
  }
  while (true) {
    ImageField field;
    if (!take_key(in, field.key, field.key_escaped) || !take_any(in, field.value, field.kind)) return false;
    fields.push_back(field);
    skip_space(in);
    if (in.at >= in.end || (*in.at != ',' && *in.at != '}')) [[unlikely]]
      return in.unexpected();
    if (*in.at++ == '}') return true;
  }
}

}  // namespace

bool Scanner::take_key(StringSpan& key) {
  Reader in{at_, end_};
  const bool taken = decode::take_key(in, key.inside, key.escaped);
  at_ = in.at;
  fault_ = in.fault;
  return taken;
}

bool Scanner::take_value(std::string_view& value, ValueKind& kind) {
  Reader in{at_, end_};
  const bool taken = take_any(in, value, kind);
  at_ = in.at;
  fault_ = in.fault;
  return taken;
}

bool Scanner::take_image(std::string_view& json, std::vector<ImageField>& fields) {
  Reader in{at_, end_};
  const size_t from = fields.size();
  bool taken = decode::take(in, '{');
  const char* const first = in.at - 1;
  taken = taken && take_members(in, fields);
  json = {first, static_cast<size_t>(in.at - first)};
  if (taken && has_duplicate_keys(fields, from)) taken = in.fail(Fault::DuplicateKey);
  at_ = in.at;
  fault_ = in.fault;
  return taken;
}

}  // namespace sluice::decode
