// The values that travel from the source to the sink.
//
// Every string_view here points into memory that a Batch owns (its blocks and its arena): it lives exactly as
// long as that batch. Nothing here owns or frees. Threads: plain values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::change {

// Where a record came from, so that it can be fetched again. For Kinesis the shard id and the sequence number
// (a decimal of up to 129 digits); for a file its identity and the byte offset. At most 128 bytes each.
struct Position {
  std::string_view shard;
  std::string_view sequence;
};

// One record as the source delivered it. `bytes` is followed by at least kReadableSlack readable bytes.
struct RawRecord {
  Position position;
  std::string_view bytes;
};

// A table by its two names, unescaped, as the source spells them.
struct TableName {
  std::string schema;
  std::string table;
  friend auto operator<=>(const TableName&, const TableName&) = default;
  friend bool operator==(const TableName&, const TableName&) = default;
};

// What a JSON value looks like from outside. Kinds of number are told apart so that types can be inferred:
// Int fits 53 bits and is exact as a double, BigInt fits int64, HugeInt is an integer beyond that, Float has
// a fraction or an exponent. NonFinite is one of the strings "NaN", "Infinity", "-Infinity".
enum class ValueKind : uint8_t { Null, Bool, Int, BigInt, HugeInt, Float, NonFinite, String, Object, Array };

// One member of an image, as spans of the image's own text. `key` is what stands between the quotes, `value`
// is the whole value with its quotes or brackets.
struct ImageField {
  std::string_view key;
  std::string_view value;
  ValueKind kind = ValueKind::Null;
  bool key_escaped = false;  // `key` contains a backslash; compare it only after unescaping
};

// The text of a JSON object, byte for byte as delivered, and its members in order.
struct Image {
  std::string_view json;
  std::span<const ImageField> fields;
};

// How the commit time was found. Anything but Nanoseconds is a preview-era record and is counted.
enum class CommitTimeFrom : uint8_t { Nanoseconds, Milliseconds, Envelope };

// What source and time say; the same for a whole change and for the head of a chunked one.
struct Origin {
  std::string_view schema;
  std::string_view table;
  std::string_view op;     // as delivered: c, u, d or something newer
  std::string_view tx_id;  // empty when the record has none
  int64_t commit_ts_ns = 0;
  CommitTimeFrom commit_time_from = CommitTimeFrom::Nanoseconds;
  bool unknown_version = false;  // source.version is not one that this program was written for

  bool is_delete() const { return op == "d"; }
  bool is_unknown_op() const { return op != "c" && op != "u" && op != "d"; }
};

// One row's net effect in one transaction. `image` is `after` for upserts and `before` (the key) for deletes;
// a delete on a table without a key has no image and `has_image` is false.
struct Change {
  Position position;
  Origin origin;
  Image image;
  bool has_image = true;
};

// One piece of an oversized image. `data` is unescaped; concatenated by index the pieces are the image's
// JSON.
struct Fragment {
  Position position;
  std::string_view chunk_id;
  uint32_t index = 0;
  std::string_view data;
};

// What the head of a chunked record says of one split image.
struct ChunkedImage {
  std::string_view chunk_id;
  uint32_t total_fragments = 0;
  uint32_t crc32c = 0;
};

// The main record of an oversized change: everything but the image that decides it. For an upsert that is
// `after`, for a delete `before`; a split image that does not decide is still awaited, so that its pieces are
// accounted for.
struct ChunkedHead {
  Position position;
  Origin origin;
  std::vector<ChunkedImage> awaited;  // one or two
  int deciding = -1;                  // which of `awaited` is the image; -1: `inline_image` is
  Image inline_image;
};

// The greatest nesting of arrays and objects inside one record; deeper is `too-deep`.
inline constexpr int kMaxNesting = 1000;
// The greatest number of fragments of one image. DSQL's rows are at most 2 MiB and cut at 9 MiB, so real ones
// have a handful; this bound is for memory.
inline constexpr uint32_t kMaxFragments = 10'000;

}  // namespace sluice::change
