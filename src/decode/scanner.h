// Scanner: the functions that take one JSON token each, in a single forward pass that copies nothing.
//
// They exist beside simdjson (which stays their judge in the tests) because one pass must do three things at
// once: check every byte that will be stored as it stands, UTF-8 included, give the span and kind of each
// member, and find the envelope's few fields. simdjson's on-demand parser does not look inside what it skips.
//
// Every function takes the place where it stands and gives the place where it stands afterwards, or nullptr
// after it has noted in Scan why it stopped: a place that stays in a register is what makes them fast.
// The text must be followed by kReadableSlack readable bytes; what they hold plays no part.
// Threads: plain values.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/arena.h"
#include "change/change.h"
#include "decode/block.h"

namespace sluice::decode {

// Why a scan stopped. Every one but None is a data error.
enum class Fault : uint8_t {
  None,
  NotJson,
  EndsEarly,
  TooDeep,
  LoneSurrogate,
  InvalidUtf8,
  DuplicateKey,    // of an image
  DuplicateField,  // of the envelope
};

// A place in a text.
using At = const char*;

// The text that is read and, after a function gave nullptr, what is wrong with it and where.
struct Scan {
  explicit Scan(std::string_view text) : begin(text.data()), end(text.data() + text.size()) {}
  At begin;
  At end;
  Fault fault = Fault::None;
  At fault_at = nullptr;

  size_t fault_offset() const { return static_cast<size_t>(fault_at - begin); }
  [[gnu::cold, gnu::noinline]] At fail(Fault why, At where);
  // For a byte that cannot stand here: NotJson, or EndsEarly where the text is over.
  [[gnu::cold, gnu::noinline]] At unexpected(At where);
  // For what is none of null, true, false: the same, told by whether it could have become one of them.
  [[gnu::cold, gnu::noinline]] At unknown_word(At where);
};

// A value as it stands in the text, quotes and brackets included.
struct Value {
  std::string_view text;
  change::ValueKind kind = change::ValueKind::Null;
  bool escaped = false;  // a string with a backslash in it

  bool present() const { return kind != change::ValueKind::Null; }
  bool is_string() const { return kind == change::ValueKind::String || kind == change::ValueKind::NonFinite; }
  std::string_view inside() const { return text.substr(1, text.size() - 2); }  // of a string
};

// The number that the text of an Int or a BigInt means.
int64_t int64_of(std::string_view text);

struct StringEnd {
  At at;
  bool escaped;
};
struct ValueEnd {
  At at;
  change::ValueKind kind;
};

// The rare and the long cases, out of line. The place given to each is the same as that of the function
// below that calls it; a number's may be its sign.
StringEnd take_any_string(Scan& scan, At at);
[[gnu::noinline]] ValueEnd take_any_number(Scan& scan, At at);
At take_container(Scan& scan, At at, int levels);

// Almost every token follows the last one at once, so one comparison settles it.
SLUICE_INLINE At skip_space(At at, At end) {
  if (static_cast<unsigned char>(*at) > ' ') [[likely]]
    return at;
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
  return at;
}

// The character `c`, after white space.
SLUICE_INLINE At take(Scan& scan, At at, char c) {
  at = skip_space(at, scan.end);
  if (at >= scan.end || *at != c) [[unlikely]]
    return scan.unexpected(at);
  return at + 1;
}

// The rest of a string whose opening quote has been taken, with the closing one.
SLUICE_INLINE StringEnd take_string(Scan& scan, At at) {
  const Block32 block(at);
  const int length = block.plain_bytes();
  if (length < 32 && at[length] == '"' && scan.end - at > length && !block.has_non_ascii_before(length))
      [[likely]]
    return {at + length + 1, false};
  return take_any_string(scan, at);
}

SLUICE_INLINE bool is_non_finite(std::string_view inside) {
  // The byte is there even in an empty string: its closing quote.
  const char first = *inside.data();
  if (first != 'N' && first != 'I' && first != '-') [[likely]]
    return false;
  return inside == "NaN" || inside == "Infinity" || inside == "-Infinity";
}

// A number; `at` is on its first digit.
SLUICE_INLINE ValueEnd take_number(Scan& scan, At at) {
  // The short integers, which need no comparison with a bound.
  const int digits = std::countr_one(digit_bits_within_16(at));
  const At behind = at + digits;
  const bool whole = *behind == ',' || (*behind != '.' && (*behind | 0x20) != 'e');
  if (digits < 16 && whole && (*at != '0' || digits == 1) && behind < scan.end) [[likely]]
    return {behind, change::ValueKind::Int};
  return take_any_number(scan, at);
}

// null, true or false; `at` is on its first byte.
SLUICE_INLINE ValueEnd take_literal(Scan& scan, At at) {
  const auto word_at = [](At text) {
    uint32_t word = 0;
    std::memcpy(&word, text, 4);
    return word;
  };
  const uint32_t word = word_at(at);
  if (word == word_at("null") && scan.end - at >= 4) return {at + 4, change::ValueKind::Null};
  if (word == word_at("true") && scan.end - at >= 4) return {at + 4, change::ValueKind::Bool};
  if (word == word_at("fals") && at[4] == 'e' && scan.end - at >= 5) return {at + 5, change::ValueKind::Bool};
  return {scan.unknown_word(at), change::ValueKind::Null};
}

// Any value, after white space. `levels` is the number of objects and arrays that are open around it.
SLUICE_INLINE At take_value(Scan& scan, At at, Value& value, int levels) {
  at = skip_space(at, scan.end);
  if (at >= scan.end) [[unlikely]]
    return scan.unexpected(at);
  const At first = at;
  const char c = *at;
  bool escaped = false;
  change::ValueKind kind{};
  if (c == '"') {
    const StringEnd string = take_string(scan, at + 1);
    at = string.at;
    escaped = string.escaped;
    kind = at != nullptr && is_non_finite({first + 1, static_cast<size_t>(at - first) - 2})
               ? change::ValueKind::NonFinite
               : change::ValueKind::String;
  } else if (c == '{' || c == '[') {
    kind = c == '{' ? change::ValueKind::Object : change::ValueKind::Array;
    at = take_container(scan, at, levels);
  } else {
    const bool digit = static_cast<unsigned char>(c - '0') < 10;
    const ValueEnd end = digit      ? take_number(scan, at)
                         : c == '-' ? take_any_number(scan, at)
                                    : take_literal(scan, at);
    at = end.at;
    kind = end.kind;
  }
  value.text = {first, static_cast<size_t>(at - first)};
  value.kind = kind;
  value.escaped = escaped;
  return at;
}

}  // namespace sluice::decode
