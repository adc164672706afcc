#include "source/file_position.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "base/text.h"

namespace sluice::source {
namespace {

constexpr size_t kMaxNameBytes = 60;

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<uint32_t> parse_crc(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 8 || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<FilePosition> parse_parts(const std::vector<std::string_view>& parts) {
  if ((parts.size() != 4 && parts.size() != 6) || parts[0] != "v1") return std::nullopt;
  const auto offset = parse_uint64(parts[1]);
  const auto crc = parse_crc(parts[2]);
  const auto generation = parse_uint64(parts[3]);
  if (!offset || !crc || !generation || *generation == 0 || *generation > UINT32_MAX) return std::nullopt;
  FilePosition position{*offset, *crc, static_cast<uint32_t>(*generation), std::nullopt};
  if (parts.size() == 6) {
    const auto bytes = parse_uint64(parts[4]);
    const auto line_crc = parse_crc(parts[5]);
    if (!bytes || !line_crc) return std::nullopt;
    position.open_line = OpenLine{*bytes, *line_crc};
  }
  return position;
}

// The last part of the path as short, printable UTF-8 without the separator.
std::string shard_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  std::string name(slash == std::string_view::npos ? path : path.substr(slash + 1));
  if (!is_utf8(name)) {
    for (char& c : name) c = static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f' || c == ':') c = '?';
  }
  if (name.size() > kMaxNameBytes) {
    size_t end = kMaxNameBytes;
    while ((static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;
    name.resize(end);
  }
  return name;
}

}  // namespace

std::string FilePosition::text() const {
  std::string text = fmt::format("v1:{}:{:08x}:{}", offset, crc32c, generation);
  if (open_line) text += fmt::format(":{}:{:08x}", open_line->bytes, open_line->crc32c);
  return text;
}

Result<FilePosition> FilePosition::parse(std::string_view text) {
  const std::optional<FilePosition> position = parse_parts(split(text, ':'));
  if (!position) {
    return refused(
        fmt::format("the saved position \"{}\" of a file cannot be read. A newer sluice may have written it: "
                    "use that one.",
                    text.substr(0, 80)));
  }
  return *position;
}

std::string file_shard(std::string_view canonical_path, uint32_t generation) {
  std::string identity(canonical_path);
  identity += '\0';
  identity += std::to_string(generation);
  return fmt::format("file:{}:{}", shard_name(canonical_path), sha256_hex(identity).substr(0, 16));
}

}  // namespace sluice::source
