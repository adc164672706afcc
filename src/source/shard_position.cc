#include "source/shard_position.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "base/text.h"
#include "source/sequence_number.h"

namespace sluice::source {
namespace {

using Kind = ShardPosition::Kind;

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return parts;
    text.remove_prefix(colon + 1);
  }
}

// Milliseconds since 1970, which are never negative here.
std::optional<int64_t> time_of(std::string_view text) {
  const std::optional<int64_t> time = parse_int64(text);
  return time && *time >= 0 ? time : std::nullopt;
}

std::optional<ShardPosition> position_of(const std::vector<std::string_view>& parts) {
  if (parts.size() < 2 || parts[0] != "1") return std::nullopt;
  const std::string_view word = parts[1];
  ShardPosition position;
  if (parts.size() == 2 && (word == "end" || word == "skipped")) {
    position.kind = word == "end" ? Kind::End : Kind::Skipped;
    return position;
  }
  const std::optional<int64_t> read_up_to = time_of(parts.back());
  if (!read_up_to) return std::nullopt;
  position.read_up_to_ms = *read_up_to;
  if (parts.size() == 3 && (word == "start" || word == "lost")) {
    position.kind = word == "start" ? Kind::TrimHorizon : Kind::Lost;
    return position;
  }
  if (parts.size() == 4 && word == "after" && is_sequence_number(parts[2])) {
    position.kind = Kind::After;
    position.sequence = parts[2];
    return position;
  }
  if (parts.size() == 4 && word == "at" && time_of(parts[2])) {
    position.kind = Kind::At;
    position.start_ms = *time_of(parts[2]);
    return position;
  }
  return std::nullopt;
}

constexpr size_t kMostNameBytes = 80;

}  // namespace

std::string ShardPosition::text() const {
  CHECK(kind != Kind::Latest);
  switch (kind) {
    case Kind::TrimHorizon:
      return fmt::format("1:start:{}", read_up_to_ms);
    case Kind::At:
      return fmt::format("1:at:{}:{}", start_ms, read_up_to_ms);
    case Kind::After:
      return fmt::format("1:after:{}:{}", sequence, read_up_to_ms);
    case Kind::End:
      return "1:end";
    case Kind::Skipped:
      return "1:skipped";
    case Kind::Lost:
      return fmt::format("1:lost:{}", read_up_to_ms);
    case Kind::Latest:
      break;
  }
  return {};
}

Result<ShardPosition> ShardPosition::parse(std::string_view text) {
  const std::optional<ShardPosition> position = position_of(split(text));
  if (position) return *position;
  return refused(fmt::format(
      "the ledger holds the Kinesis position '{}', which this version cannot read. A newer Sluice "
      "may have written it: use that one.",
      text));
}

std::string ledger_stream_prefix(std::string_view name) {
  return fmt::format("{}@", name.substr(0, kMostNameBytes));
}

std::string ledger_stream(std::string_view name, std::string_view arn, int64_t created_s) {
  const std::string fingerprint = sha256_hex(fmt::format("{}|{}", arn, created_s)).substr(0, 8);
  return ledger_stream_prefix(name) + fingerprint;
}

std::string ledger_shard(std::string_view ledger_stream, std::string_view shard_id) {
  return fmt::format("{}/{}", ledger_stream, shard_id);
}

}  // namespace sluice::source
