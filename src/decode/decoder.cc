#include "decode/decoder.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <optional>

#include "base/json_text.h"
#include "base/text.h"
#include "decode/scanner.h"

namespace sluice::decode {

using change::Change;
using change::ChunkedHead;
using change::ChunkedImage;
using change::CommitTimeFrom;
using change::Fragment;
using change::Image;
using change::ImageField;
using change::Origin;
using change::ValueKind;

namespace {

constexpr size_t kMaxChunkIdBytes = 256;

// A member whose type is checked only when it is needed.
struct Member {
  std::string_view value;
  ValueKind kind = ValueKind::Null;
  bool present() const { return kind != ValueKind::Null; }
};

// The envelope's members as found, before anything is concluded from them. The two images' spans stand
// beside.
enum EnvelopeField : uint8_t {
  Type,
  Op,
  Before,
  After,
  Chunked,
  Source,
  TsMs,
  TsNs,
  ChunkId,
  Index,
  Data,
  kEnvelopeFields
};
enum SourceField : uint8_t { Version, SourceTsMs, SourceTsNs, TxId, Schema, Table, kSourceFields };
constexpr int kNotOurs = -1;

struct Envelope {
  std::array<Member, kEnvelopeFields> members;
  std::array<Member, kSourceFields> source;
  Image before_image;
  Image after_image;
  const Member& operator[](EnvelopeField field) const { return members[field]; }
};

Error fault_error(const Scanner& scanner, std::string_view where) {
  const std::string place = fmt::format("{} at byte {}", where, scanner.offset());
  switch (scanner.fault()) {
    case Fault::EndsEarly:
      return malformed("ends-early", fmt::format("{}: the JSON text ends too early", place));
    case Fault::TooDeep:
      return malformed("too-deep",
                       fmt::format("{}: nested more than {} levels deep", place, change::kMaxNesting));
    case Fault::LoneSurrogate:
      return malformed(
          "lone-surrogate",
          fmt::format("{}: half of a surrogate pair (\\uD800-\\uDFFF) stands alone, which is no character",
                      place));
    case Fault::DuplicateKey:
      return malformed("duplicate-key", fmt::format("{}: the image names one column twice", where));
    case Fault::NotJson:
    case Fault::None:
      break;
  }
  return malformed("not-json", fmt::format("{}: not JSON", place));
}

// The inside of a string member, unescaped into the arena where needed.
std::string_view string_of(const Member& member, Arena& arena) {
  const std::string_view inside = member.value.substr(1, member.value.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside;
  std::string unescaped;
  append_unescaped(unescaped, inside);
  return arena.copy(unescaped);
}

bool is_string(const Member& member) {
  return member.kind == ValueKind::String || member.kind == ValueKind::NonFinite;
}

// A whole number within int64, exactly.
std::optional<int64_t> integer_of(const Member& member) {
  if (member.kind != ValueKind::Int && member.kind != ValueKind::BigInt) return std::nullopt;
  return parse_int64(member.value);
}

int envelope_field(std::string_view key) {
  switch (key.size()) {
    case 2:
      return key == "op" ? Op : kNotOurs;
    case 4:
      return key == "type" ? Type : key == "data" ? Data : kNotOurs;
    case 5:
      if (key == "after") return After;
      if (key == "ts_ms") return TsMs;
      if (key == "ts_ns") return TsNs;
      return key == "index" ? Index : kNotOurs;
    case 6:
      return key == "source" ? Source : key == "before" ? Before : kNotOurs;
    case 7:
      return key == "chunked" ? Chunked : kNotOurs;
    case 8:
      return key == "chunk_id" ? ChunkId : kNotOurs;
    default:
      return kNotOurs;
  }
}

int source_field(std::string_view key) {
  switch (key.size()) {
    case 4:
      return key == "txId" ? TxId : kNotOurs;
    case 5:
      if (key == "table") return Table;
      if (key == "ts_ns") return SourceTsNs;
      return key == "ts_ms" ? SourceTsMs : kNotOurs;
    case 6:
      return key == "schema" ? Schema : kNotOurs;
    case 7:
      return key == "version" ? Version : kNotOurs;
    default:
      return kNotOurs;
  }
}

// Walks an object that the scanner stands before, putting the values of the fields that `field_of(name)`
// knows into `members`; `take(field, member)` takes each value. The first error stays in `error`.
template <typename FieldOf, typename Take>
bool walk_object(Scanner& scanner, std::string_view what, std::span<Member> members,
                 std::optional<Error>& error, const FieldOf& field_of, const Take& take) {
  const auto fault = [&] {
    if (!error) error = fault_error(scanner, what);
    return false;
  };
  if (!scanner.take('{')) return fault();
  bool more = scanner.peek() != '}';
  if (!more && !scanner.take('}')) return fault();
  uint32_t seen = 0;
  std::string unescaped;
  while (more) {
    StringSpan key;
    if (!scanner.take_key(key)) return fault();
    std::string_view name = key.inside;
    if (key.escaped) [[unlikely]] {
      unescaped.clear();
      append_unescaped(unescaped, name);
      name = unescaped;
    }
    const int field = field_of(name);
    Member ignored;
    if (field != kNotOurs) {
      const uint32_t bit = 1U << field;
      if ((seen & bit) != 0) {
        error =
            malformed("duplicate-field", fmt::format("{}: the field `{}` stands there twice", what, name));
        return false;
      }
      seen |= bit;
    }
    if (!take(field, field != kNotOurs ? members[static_cast<size_t>(field)] : ignored)) return fault();
    if (!scanner.take_separator('}', more)) return fault();
  }
  return true;
}

// The same for a member that is known to be an object, with nothing special in it.
template <size_t N, typename FieldOf>
Result<std::array<Member, N>> read_members(const Member& object, std::string_view what,
                                           const FieldOf& field_of) {
  std::array<Member, N> members;
  std::optional<Error> error;
  Scanner scanner(object.value);
  if (!walk_object(scanner, what, members, error, field_of, [&scanner](int, Member& member) {
        return scanner.take_value(member.value, member.kind);
      })) {
    return *std::move(error);
  }
  return members;
}

// Milliseconds since 1970 as nanoseconds, if that fits.
std::optional<int64_t> from_ms(const Member& member) {
  const std::optional<int64_t> ms = integer_of(member);
  int64_t ns = 0;
  if (!ms || *ms < 0 || __builtin_mul_overflow(*ms, int64_t{1'000'000}, &ns)) return std::nullopt;
  return ns;
}

Error bad_time(std::string_view field) {
  return malformed("bad-commit-time",
                   fmt::format("`{}` is not a whole number of at least 0 within 64 bits", field));
}

// The first time that is there, in the order of trust: source.ts_ns, source.ts_ms, then the envelope's own
// two.
Result<void> read_commit_time(const Envelope& envelope, Origin& origin) {
  struct Candidate {
    const Member& member;
    std::string_view name;
    bool is_ms;
    CommitTimeFrom from;
  };
  const std::array<Candidate, 4> candidates = {{
      {envelope.source[SourceTsNs], "source.ts_ns", false, CommitTimeFrom::Nanoseconds},
      {envelope.source[SourceTsMs], "source.ts_ms", true, CommitTimeFrom::Milliseconds},
      {envelope[TsNs], "ts_ns", false, CommitTimeFrom::Envelope},
      {envelope[TsMs], "ts_ms", true, CommitTimeFrom::Envelope},
  }};
  for (const Candidate& candidate : candidates) {
    if (!candidate.member.present()) continue;
    const std::optional<int64_t> ns =
        candidate.is_ms ? from_ms(candidate.member) : integer_of(candidate.member);
    if (!ns || *ns < 0) return bad_time(candidate.name);
    origin.commit_ts_ns = *ns;
    origin.commit_time_from = candidate.from;
    return {};
  }
  return malformed(
      "no-commit-time",
      "the record has neither source.ts_ns nor any other time, so its place in the order is unknown");
}

bool is_filled_string(const Member& member) { return is_string(member) && member.value.size() > 2; }

Result<void> read_origin(const Envelope& envelope, Arena& arena, Origin& origin) {
  if (!envelope[Source].present()) {
    return malformed("no-source", "the record has no `source`, so its table and commit time are unknown");
  }
  if (envelope[Source].kind != ValueKind::Object) return malformed("bad-source", "`source` is not an object");
  if (!is_string(envelope[Op])) return malformed("bad-op", "`op` is missing or not a string");
  origin.op = string_of(envelope[Op], arena);
  if (origin.op.empty() || origin.op.size() > 10)
    return malformed("bad-op", "`op` is empty or longer than 10 bytes");
  for (const SourceField field : {Schema, Table}) {
    if (!is_filled_string(envelope.source[field])) {
      return malformed("no-table", fmt::format("`source.{}` is missing, empty or not a string",
                                               field == Table ? "table" : "schema"));
    }
  }
  origin.table = string_of(envelope.source[Table], arena);
  origin.schema = string_of(envelope.source[Schema], arena);
  if (is_string(envelope.source[TxId])) origin.tx_id = string_of(envelope.source[TxId], arena);
  const Member& version = envelope.source[Version];
  origin.unknown_version = version.present() && version.value != R"("1.0")";
  return read_commit_time(envelope, origin);
}

Result<ChunkedImage> read_chunked_image(const Member& member, Arena& arena) {
  const auto field_of = [](std::string_view name) {
    return name == "chunk_id" ? 0 : name == "total_fragments" ? 1 : name == "crc32c" ? 2 : kNotOurs;
  };
  const auto [chunk_id, total, crc] = TRY(read_members<3>(member, "chunked", field_of));
  if (!is_filled_string(chunk_id) || chunk_id.value.size() > kMaxChunkIdBytes) {
    return malformed("bad-chunk", fmt::format("`chunk_id` is missing, not a string, empty or over {} bytes",
                                              kMaxChunkIdBytes));
  }
  ChunkedImage image;
  image.chunk_id = string_of(chunk_id, arena);
  const std::optional<int64_t> fragments = integer_of(total);
  if (!fragments || *fragments < 1 || *fragments > change::kMaxFragments) {
    return malformed("bad-chunk", fmt::format("chunk {}: `total_fragments` is not a number from 1 to {}",
                                              image.chunk_id, change::kMaxFragments));
  }
  image.total_fragments = static_cast<uint32_t>(*fragments);
  const std::string_view digits = is_string(crc) ? string_of(crc, arena) : crc.value;
  const std::optional<uint64_t> checksum = parse_uint64(digits);
  if (!checksum || *checksum > UINT32_MAX) {
    return malformed("bad-chunk",
                     fmt::format("chunk {}: `crc32c` is not a decimal number of 32 bits", image.chunk_id));
  }
  image.crc32c = static_cast<uint32_t>(*checksum);
  return image;
}

// What decides a change: `before` for deletes, `after` for everything else. Empty when a delete has none.
Result<std::optional<Image>> deciding_image(const Origin& origin, const Envelope& envelope) {
  const bool deletes = origin.is_delete();
  const Member& member = deletes ? envelope[Before] : envelope[After];
  const Image& image = deletes ? envelope.before_image : envelope.after_image;
  if (member.present() && member.kind != ValueKind::Object) {
    return malformed("no-image",
                     fmt::format("`{}` is neither an object nor null", deletes ? "before" : "after"));
  }
  if (deletes)
    return !member.present() || image.fields.empty() ? std::optional<Image>() : std::optional<Image>(image);
  if (!member.present()) {
    if (origin.is_unknown_op())
      return malformed("unknown-op",
                       "`op` is none of c, u, d, and without an `after` it cannot be read as an upsert");
    return malformed("no-image", "an insert or update without `after`");
  }
  if (image.fields.empty()) return malformed("empty-image", "`after` has no columns");
  return std::optional<Image>(image);
}

Result<ChunkedHead> read_head(const change::RawRecord& record, const Envelope& envelope, Arena& arena) {
  ChunkedHead head;
  head.position = record.position;
  TRY(read_origin(envelope, arena, head.origin));
  if (envelope[Chunked].kind != ValueKind::Object)
    return malformed("bad-chunk", "a record of type chunked without a `chunked` object");
  const auto field_of = [](std::string_view name) {
    return name == "before" ? 0 : name == "after" ? 1 : kNotOurs;
  };
  const auto images = TRY(read_members<2>(envelope[Chunked], "chunked", field_of));
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
    return malformed("bad-chunk",
                     fmt::format("chunk {}: both images name the same chunk", head.awaited[0].chunk_id));
  }
  if (head.deciding < 0) {
    const std::optional<Image> image = TRY(deciding_image(head.origin, envelope));
    if (!image) return malformed("no-image", "a chunked delete without its key");
    head.inline_image = *image;
  }
  return head;
}

Result<Fragment> read_fragment(const change::RawRecord& record, const Envelope& envelope, Arena& arena) {
  Fragment fragment;
  fragment.position = record.position;
  if (!is_filled_string(envelope[ChunkId]) || envelope[ChunkId].value.size() > kMaxChunkIdBytes) {
    return malformed(
        "bad-fragment",
        fmt::format("`chunk_id` is missing, not a string, empty or over {} bytes", kMaxChunkIdBytes));
  }
  fragment.chunk_id = string_of(envelope[ChunkId], arena);
  const std::optional<int64_t> index = integer_of(envelope[Index]);
  if (!index || *index < 0 || *index >= change::kMaxFragments) {
    return malformed("bad-fragment", fmt::format("chunk {}: `index` is not a number from 0 to {}",
                                                 fragment.chunk_id, change::kMaxFragments - 1));
  }
  fragment.index = static_cast<uint32_t>(*index);
  if (!is_string(envelope[Data]))
    return malformed("bad-fragment",
                     fmt::format("chunk {}: `data` is missing or not a string", fragment.chunk_id));
  fragment.data = string_of(envelope[Data], arena);
  return fragment;
}

Result<void> read_change(const change::RawRecord& record, const Envelope& envelope, Arena& arena,
                         Change& change) {
  change.position = record.position;
  TRY(read_origin(envelope, arena, change.origin));
  const std::optional<Image> image = TRY(deciding_image(change.origin, envelope));
  change.has_image = image.has_value();
  if (image) change.image = *image;
  return {};
}

}  // namespace

Result<Decoded> Decoder::decode(const change::RawRecord& record, Arena& arena) {
  const std::string_view bytes = record.bytes;
  if (!simdjson::validate_utf8(bytes.data(), bytes.size()))
    return malformed("invalid-utf8", "the record is not UTF-8");
  Scanner scanner(bytes);
  if (scanner.at_end()) return malformed("empty", "the record is empty");
  if (scanner.peek() != '{') {
    std::string_view value;
    ValueKind kind{};
    if (!scanner.take_value(value, kind) || !scanner.at_end())
      return malformed("not-json", fmt::format("record at byte {}: not JSON", scanner.offset()));
    return malformed("not-object", "the record is JSON, but not an object");
  }
  Envelope envelope;
  before_fields_.clear();
  after_fields_.clear();
  std::optional<Error> error;
  const auto take_plain = [&scanner](int, Member& member) {
    return scanner.take_value(member.value, member.kind);
  };
  const auto take = [&](int field, Member& member) {
    const bool is_object = (field == After || field == Before || field == Source) && scanner.peek() == '{';
    if (!is_object) return take_plain(field, member);
    member.kind = ValueKind::Object;
    if (field == Source)
      return walk_object(scanner, "source", envelope.source, error, source_field, take_plain);
    return field == After ? scanner.take_image(envelope.after_image.json, after_fields_)
                          : scanner.take_image(envelope.before_image.json, before_fields_);
  };
  if (!walk_object(scanner, "record", envelope.members, error, envelope_field, take))
    return *std::move(error);
  if (!scanner.at_end())
    return malformed("not-json",
                     fmt::format("record at byte {}: something follows the JSON object", scanner.offset()));
  envelope.before_image.fields = before_fields_;
  envelope.after_image.fields = after_fields_;

  const Member& type_member = envelope[Type];
  if (type_member.present() && !is_string(type_member))
    return malformed("unknown-type", "`type` is not a string");
  const std::string_view type = type_member.present() ? string_of(type_member, arena) : "full";
  if (type == "full") {
    Result<Decoded> decoded{Decoded()};
    TRY(read_change(record, envelope, arena, std::get<Change>(decoded.value())));
    return decoded;
  }
  if (type == "fragment") return Decoded(TRY(read_fragment(record, envelope, arena)));
  if (type == "chunked") return Decoded(TRY(read_head(record, envelope, arena)));
  return malformed("unknown-type", "`type` is none of full, chunked, fragment");
}

Result<Image> Decoder::scan_image(std::string_view json) {
  if (!simdjson::validate_utf8(json.data(), json.size()))
    return malformed("invalid-utf8", "the image is not UTF-8");
  after_fields_.clear();
  Scanner scanner(json);
  Image image;
  if (scanner.peek() != '{') return malformed("not-object", "the image is not a JSON object");
  if (!scanner.take_image(image.json, after_fields_)) return fault_error(scanner, "image");
  if (!scanner.at_end())
    return malformed("not-json",
                     fmt::format("image at byte {}: something follows the JSON object", scanner.offset()));
  if (after_fields_.empty()) return malformed("empty-image", "the image has no columns");
  image.fields = after_fields_;
  return image;
}

}  // namespace sluice::decode
