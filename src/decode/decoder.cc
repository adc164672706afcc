#include "decode/decoder.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::decode {

using change::Change;
using change::ChunkedHead;
using change::ChunkedImage;
using change::CommitTimeFrom;
using change::Fragment;
using change::Image;
using change::Origin;
using change::ValueKind;

namespace {

using F = EnvelopeField;
using S = SourceField;

constexpr size_t kMaxOpBytes = 10;
constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMaxChunkIdBytes = 256;
// What the Kinesis Producer Library puts before an aggregate; it is not UTF-8, so no good record begins with
// it.
constexpr std::string_view kKplMagic = "\xF3\x89\x9A\xC2";

// What a string means; unescaped into the arena where it has escapes.
std::string_view string_of(const Value& value, Arena& arena) {
  if (!value.escaped) [[likely]]
    return value.inside();
  std::string unescaped;
  append_unescaped(unescaped, value.inside());
  return arena.copy(unescaped);
}

// The same for one that must have from 1 to `max_bytes` bytes; otherwise empty.
std::string_view filled_string_of(const Value& value, size_t max_bytes, Arena& arena) {
  if (!value.is_string()) return {};
  const std::string_view text = string_of(value, arena);
  return text.size() <= max_bytes ? text : std::string_view();
}

// A whole number within int64, exactly.
std::optional<int64_t> integer_of(const Value& value) {
  if (value.kind != ValueKind::Int && value.kind != ValueKind::BigInt) return std::nullopt;
  return int64_of(value.text);
}

// A chunk's id as a message may show it.
std::string_view printable(std::string_view chunk_id) {
  for (const char c : chunk_id) {
    if (c < ' ' || c > '~') return "(unprintable)";
  }
  return chunk_id;
}

// The first time that is there, in the order of trust: source.ts_ns, source.ts_ms, then the envelope's own.
Result<void> read_commit_time(const Envelope& envelope, Origin& origin) {
  const auto use = [&origin](const Value& value, const char* name, int64_t ns_per_unit,
                             CommitTimeFrom from) -> Result<void> {
    const std::optional<int64_t> time = integer_of(value);
    origin.commit_time_from = from;
    if (!time || *time < 0 || __builtin_mul_overflow(*time, ns_per_unit, &origin.commit_ts_ns)) {
      return malformed(
          "bad-commit-time",
          fmt::format("`{}` is not a whole number of at least 0 within 64 bits, in nanoseconds", name));
    }
    return {};
  };
  if (envelope.source[S::TsNs].present()) [[likely]]
    return use(envelope.source[S::TsNs], "source.ts_ns", 1, CommitTimeFrom::Nanoseconds);
  if (envelope.source[S::TsMs].present())
    return use(envelope.source[S::TsMs], "source.ts_ms", 1'000'000, CommitTimeFrom::Milliseconds);
  if (envelope.record[F::TsNs].present())
    return use(envelope.record[F::TsNs], "ts_ns", 1, CommitTimeFrom::Envelope);
  if (envelope.record[F::TsMs].present())
    return use(envelope.record[F::TsMs], "ts_ms", 1'000'000, CommitTimeFrom::Envelope);
  return malformed(
      "no-commit-time",
      "the record has neither source.ts_ns nor any other time, so its place in the order is unknown");
}

// The name of a schema or table; empty where it is none. One with a zero byte cannot come from PostgreSQL and
// would cut SQL text.
std::string_view name_of(const Value& value, Arena& arena) {
  const std::string_view name = filled_string_of(value, kMaxNameBytes, arena);
  return value.escaped && name.find('\0') != std::string_view::npos ? std::string_view() : name;
}

Error bad_name(const char* field) {
  return malformed("no-table",
                   fmt::format("`source.{}` is missing, not a string, empty, longer than {} bytes or has a "
                               "zero byte in it",
                               field, kMaxNameBytes));
}

Result<void> read_origin(const Envelope& envelope, Arena& arena, Origin& origin) {
  const Value& source = envelope.record[F::Source];
  if (!source.present())
    return malformed("no-source", "the record has no `source`, so its table and commit time are unknown");
  if (source.kind != ValueKind::Object) return malformed("bad-source", "`source` is not an object");
  origin.op = filled_string_of(envelope.record[F::Op], kMaxOpBytes, arena);
  if (origin.op.empty()) {
    return malformed(
        "bad-op", fmt::format("`op` is missing, not a string, empty or longer than {} bytes", kMaxOpBytes));
  }
  origin.schema = name_of(envelope.source[S::Schema], arena);
  if (origin.schema.empty()) return bad_name("schema");
  origin.table = name_of(envelope.source[S::Table], arena);
  if (origin.table.empty()) return bad_name("table");
  const Value& tx_id = envelope.source[S::TxId];
  origin.tx_id = tx_id.is_string() ? string_of(tx_id, arena) : std::string_view();
  const Value& version = envelope.source[S::Version];
  origin.unknown_version = version.present() && (!version.is_string() || string_of(version, arena) != "1.0");
  return read_commit_time(envelope, origin);
}

Result<ChunkedImage> read_chunked_image(const Value& value, Arena& arena) {
  std::array<Value, 3> members;
  const std::array<std::string_view, 3> names = {"chunk_id", "total_fragments", "crc32c"};
  TRY(read_members(value.text, names, members));
  const auto& [chunk_id, total, crc] = members;
  ChunkedImage image;
  image.chunk_id = filled_string_of(chunk_id, kMaxChunkIdBytes, arena);
  if (image.chunk_id.empty()) {
    return malformed(
        "bad-chunk",
        fmt::format("`chunk_id` is missing, not a string, empty or longer than {} bytes", kMaxChunkIdBytes));
  }
  const std::optional<int64_t> fragments = integer_of(total);
  if (!fragments || *fragments < 1 || *fragments > change::kMaxFragments) {
    return malformed("bad-chunk", fmt::format("chunk {}: `total_fragments` is not a number from 1 to {}",
                                              printable(image.chunk_id), change::kMaxFragments));
  }
  image.total_fragments = static_cast<uint32_t>(*fragments);
  const std::optional<uint64_t> checksum = parse_uint64(crc.is_string() ? string_of(crc, arena) : crc.text);
  if (!checksum || *checksum > UINT32_MAX) {
    return malformed("bad-chunk", fmt::format("chunk {}: `crc32c` is not a decimal number of 32 bits",
                                              printable(image.chunk_id)));
  }
  image.crc32c = static_cast<uint32_t>(*checksum);
  return image;
}

// Finds what decides a change: `before` for deletes, `after` for everything else. `image` becomes nullptr
// for a delete that has none.
Result<void> find_deciding_image(const Origin& origin, const Envelope& envelope, const Image*& image) {
  const bool deletes = origin.is_delete();
  const Value& member = envelope.record[deletes ? F::Before : F::After];
  image = nullptr;
  if (member.kind == ValueKind::Object) [[likely]] {
    image = deletes ? &envelope.before : &envelope.after;
    if (!image->fields.empty()) return {};
    image = nullptr;
    return deletes ? Result<void>() : malformed("empty-image", "`after` has no columns");
  }
  if (member.present()) {
    return malformed("no-image",
                     fmt::format("`{}` is neither an object nor null", deletes ? "before" : "after"));
  }
  if (deletes) return {};
  if (origin.is_unknown_op()) {
    return malformed("unknown-op",
                     "`op` is none of c, u, d, and without an `after` it cannot be read as an upsert");
  }
  return malformed("no-image", "an insert or update without `after`");
}

Result<void> read_change(const Envelope& envelope, Arena& arena, Change& change) {
  TRY(read_origin(envelope, arena, change.origin));
  const Image* image = nullptr;
  TRY(find_deciding_image(change.origin, envelope, image));
  change.has_image = image != nullptr;
  change.image = image != nullptr ? *image : Image();
  return {};
}

Result<void> read_head(const Envelope& envelope, Arena& arena, ChunkedHead& head) {
  TRY(read_origin(envelope, arena, head.origin));
  const Value& chunked = envelope.record[F::Chunked];
  if (chunked.kind != ValueKind::Object)
    return malformed("bad-chunk", "a record of type chunked without a `chunked` object");
  std::array<Value, 2> images;
  TRY(read_members(chunked.text, std::array<std::string_view, 2>{"before", "after"}, images));
  const size_t decides = head.origin.is_delete() ? 0 : 1;
  for (size_t i = 0; i < images.size(); ++i) {
    if (!images[i].present()) continue;
    if (images[i].kind != ValueKind::Object)
      return malformed("bad-chunk", "a member of `chunked` is not an object");
    if (i == decides) head.deciding = static_cast<int>(head.awaited.size());
    head.awaited.push_back(TRY(read_chunked_image(images[i], arena)));
  }
  if (head.awaited.empty()) return malformed("bad-chunk", "`chunked` names no image");
  if (head.awaited.size() == 2 && head.awaited[0].chunk_id == head.awaited[1].chunk_id) {
    return malformed("bad-chunk", fmt::format("chunk {}: both images name the same chunk",
                                              printable(head.awaited[0].chunk_id)));
  }
  if (head.deciding >= 0) return {};
  const Image* image = nullptr;
  TRY(find_deciding_image(head.origin, envelope, image));
  if (image == nullptr) return malformed("no-image", "a chunked delete without its key");
  head.inline_image = *image;
  return {};
}

Result<void> read_fragment(const Envelope& envelope, Arena& arena, Fragment& fragment) {
  fragment.chunk_id = filled_string_of(envelope.record[F::ChunkId], kMaxChunkIdBytes, arena);
  if (fragment.chunk_id.empty()) {
    return malformed(
        "bad-fragment",
        fmt::format("`chunk_id` is missing, not a string, empty or longer than {} bytes", kMaxChunkIdBytes));
  }
  const std::optional<int64_t> index = integer_of(envelope.record[F::Index]);
  if (!index || *index < 0 || *index >= change::kMaxFragments) {
    return malformed("bad-fragment", fmt::format("chunk {}: `index` is not a number from 0 to {}",
                                                 printable(fragment.chunk_id), change::kMaxFragments - 1));
  }
  fragment.index = static_cast<uint32_t>(*index);
  const Value& data = envelope.record[F::Data];
  if (!data.is_string()) {
    return malformed("bad-fragment", fmt::format("chunk {}: `data` is missing or not a string",
                                                 printable(fragment.chunk_id)));
  }
  fragment.data = string_of(data, arena);
  return {};
}

}  // namespace

Result<void> Decoder::decode(const change::RawRecord& record, Arena& arena, Decoded& decoded) {
  Result<void> read = reader_.read(record.bytes, envelope_);
  if (!read.ok()) {
    if (!record.bytes.starts_with(kKplMagic)) return read;
    return malformed(
        "kpl-aggregated",
        "several records in one, as the Kinesis Producer Library packs them; DSQL writes each change "
        "as a record of its own. Something else writes to this stream");
  }
  const Value& type = envelope_.record[F::Type];
  if (type.present() && !type.is_string()) return malformed("unknown-type", "`type` is not a string");
  const std::string_view name = type.present() ? string_of(type, arena) : "full";
  if (name == "full") [[likely]] {
    // Most records are changes, and the last one's place is as good as a new one.
    auto* change = std::get_if<Change>(&decoded);
    if (change == nullptr) change = &decoded.emplace<Change>();
    change->position = record.position;
    return read_change(envelope_, arena, *change);
  }
  if (name == "fragment") {
    auto& fragment = decoded.emplace<Fragment>();
    fragment.position = record.position;
    return read_fragment(envelope_, arena, fragment);
  }
  if (name == "chunked") {
    auto& head = decoded.emplace<ChunkedHead>();
    head.position = record.position;
    return read_head(envelope_, arena, head);
  }
  return malformed("unknown-type", "`type` is none of full, chunked, fragment");
}

Result<Image> Decoder::scan_image(std::string_view json) {
  Image image;
  TRY(reader_.read_image(json, image));
  if (image.fields.empty()) return malformed("empty-image", "the image has no columns");
  return image;
}

}  // namespace sluice::decode
