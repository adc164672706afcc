// Base64 at the speed of memory, into room that the caller has: what Kinesis wraps every record in.
//
// Standard alphabet with padding and nothing else: no line ends, no missing `=`, no bits that would be
// dropped.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice {

// The most bytes that `text` can decode to; exact when it has no padding.
constexpr size_t base64_room(std::string_view text) { return text.size() / 4 * 3; }

// Writes what `text` means to `to`, which has base64_room(text) bytes, and gives the number of bytes. Nothing
// when the text is not exactly base64; what `to` then holds is of no use.
std::optional<size_t> base64_decode_into(std::string_view text, char* to);

}  // namespace sluice
