// FilePosition: where reading a file continues, and the proof that it is still the same file.
//
// A path can hold another file tomorrow. So a position carries the crc32c of everything before it, and a
// generation that counts the different files seen at one path; the shard's name is made of path and
// generation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::source {

// The last line of a file that had no newline and was delivered all the same. When more is written to the
// file, it is recognised: the same line is not delivered twice, a longer one is delivered whole.
struct OpenLine {
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
  friend bool operator==(const OpenLine&, const OpenLine&) = default;
};

struct FilePosition {
  uint64_t offset = 0;  // of the first byte not delivered (for an open line: of its start), unpacked
  uint32_t crc32c = 0;  // of all unpacked bytes before `offset`
  uint32_t generation = 1;
  std::optional<OpenLine> open_line;

  // As the ledger keeps it: "v1:offset:crc32c:generation[:bytes:crc32c]", the checksums in hex.
  std::string text() const;
  // Errors: Refused when `text` is not that.
  static Result<FilePosition> parse(std::string_view text);

  friend bool operator==(const FilePosition&, const FilePosition&) = default;
};

// "file:<name>:<16 hex>", at most 82 bytes of UTF-8: the name is cut and its odd bytes become "?", the hex
// tells `canonical_path` and `generation` apart from all others.
std::string file_shard(std::string_view canonical_path, uint32_t generation);

}  // namespace sluice::source
