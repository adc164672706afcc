// Small text tools: numbers as people read them, encodings, the nearest right name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// 1204881 → "1,204,881".
std::string with_thousands(int64_t number);
// Bytes as "12 B", "3.4 KiB", "1.2 GiB".
std::string human_bytes(uint64_t bytes);
// Seconds as "0.4 s", "3 min 20 s", "2 h 5 min", "8 d 3 h".
std::string human_duration(double seconds);
// Nanoseconds since 1970 UTC as "2026-09-21T14:13:20.123456789Z".
std::string utc_text(int64_t wall_ns);

// Lower-case hex.
std::string hex(std::span<const unsigned char> bytes);
// SHA-256 of `text` as 64 lower-case hex digits.
std::string sha256_hex(std::string_view text);
// Of the parts one after the other.
std::string sha256_hex(std::span<const std::string_view> parts);
// Standard base64 with padding. decode gives nothing when the text is not exactly that.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

// The whole text as a decimal integer that fits; nothing otherwise (no sign +, no space, no leading text).
std::optional<int64_t> parse_int64(std::string_view text);
std::optional<uint64_t> parse_uint64(std::string_view text);

// The candidate with the smallest edit distance to `typed`, if it is near enough to be a slip of the hand.
std::optional<std::string> nearest_name(std::string_view typed, std::span<const std::string> candidates);

// Whether `bytes` is well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view bytes);

}  // namespace sluice
