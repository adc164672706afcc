// Records as Aurora DSQL's change stream writes them: values, envelopes, and oversized images cut in pieces.
//
// Pure functions from values to text; nothing here remembers or draws anything. Every append_* function adds
// one whole JSON value to `to`. Texts must be UTF-8; integers keep all their digits. Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"

namespace sluice::emulate {

// What DSQL sends for infinity and -infinity (those of timestamps are pgjdbc's; those of dates are not
// published: any day outside PostgreSQL's range of dates is read as one by its sign).
inline constexpr int64_t kTimestampInfinity = 9223372036825200000;
inline constexpr int64_t kTimestampMinusInfinity = -9223372036832400000;
inline constexpr int64_t kDateInfinity = 2147483647;
inline constexpr int64_t kDateMinusInfinity = -2147483648LL;

// smallint, integer, bigint, oid; date in days, time, timetz, timestamp and timestamptz in microseconds (with
// the constants above for infinity).
void append_integer(std::string& to, int64_t number);
void append_boolean(std::string& to, bool value);
// The shortest digits that read back as the same number; "NaN", "Infinity" and "-Infinity" as strings.
void append_real(std::string& to, float number);
void append_double(std::string& to, double number);
// varchar, text, name, "char", uuid, json (the raw text), and numeric by its digits: always a string.
void append_text(std::string& to, std::string_view text);
// char(n): trailing blanks are gone.
void append_char(std::string& to, std::string_view text);
// Standard base64.
void append_bytea(std::string& to, std::string_view bytes);
// (months x 2,629,800 + days x 86,400) x 1,000,000 + microseconds; null when that leaves int64.
void append_interval(std::string& to, int64_t months, int64_t days, int64_t microseconds);

// Encodes a value that stands in PostgreSQL's text output (as logical decoding and libpq give it); nothing
// for NULL. Expects DateStyle ISO, IntervalStyle postgres or iso_8601 and bytea_output hex (escape is read
// too); any time zone's offset is understood. Fails Malformed when the text is not of that type; the message
// names the type, never the value. After an error `to` is as before.
Result<void> append_postgres_value(std::string& to, catalog::Type type, std::optional<std::string_view> text);

// What an envelope says. Views must live as long as the call.
struct EnvelopeFields {
  std::string_view op;                     // c, u, d
  std::optional<std::string_view> before;  // JSON text of the image; nothing: null
  std::optional<std::string_view> after;
  std::string_view schema;  // unescaped
  std::string_view table;
  std::string_view tx_id;
  int64_t commit_ts_ns = 0;
  int64_t processed_ts_ns = 0;
  std::string_view version = "1.0";
  std::string_view cluster = "qk7vn2hd4tz5bmx3wlc6jrp2as";
  // Names the pieces of an oversized record. Must be another one for every record and the same when it is
  // redelivered; empty: derived from everything above but the processing time.
  std::string_view chunk_id;
};

struct EncodingOptions {
  // Records whose text is longer than this are split. DSQL's own limit.
  size_t oversize_bytes = size_t{9} << 20;
  // A fragment's `data` takes at most this many bytes once escaped (but always holds one character).
  size_t fragment_bytes = size_t{9} << 20;
  // The form before general availability: no type, txId or ts_ns, `c` also for updates, never split.
  bool preview = false;
};

enum class RecordKind : uint8_t { Full, Head, Fragment };

struct EncodedRecord {
  RecordKind kind = RecordKind::Full;
  std::string text;  // one line, without its end
};

// The change as one `full` record, or as a `chunked` head followed by its fragments in order of index. The
// larger image is split first; the other only when the head alone is still too long.
std::vector<EncodedRecord> encode_record(const EnvelopeFields& fields, const EncodingOptions& options);

// The single parts, for records that must be wrong or unusual on purpose.
struct SplitImage {
  std::string_view chunk_id;
  uint64_t total_fragments = 0;
  uint32_t crc32c = 0;
};
std::string full_record(const EnvelopeFields& fields);
std::string preview_record(const EnvelopeFields& fields);
// A split image's text in `fields` is not written.
std::string head_record(const EnvelopeFields& fields, const std::optional<SplitImage>& before,
                        const std::optional<SplitImage>& after);
std::string fragment_record(std::string_view chunk_id, uint64_t index, std::string_view data);

// `image` in pieces that concatenate to it, cut between UTF-8 characters, each at most `fragment_bytes` bytes
// once escaped (but at least one character). At least one piece.
std::vector<std::string_view> cut_image(std::string_view image, size_t fragment_bytes);

// A number as DSQL writes transaction ids: 26 characters of lower-case base32.
std::string transaction_id(uint64_t high, uint64_t low);

}  // namespace sluice::emulate
