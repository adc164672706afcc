#include "emulate/dsql_encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/crc32c.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::emulate {
namespace {

template <typename Float>
void append_floating(std::string& to, Float number) {
  if (std::isnan(number)) {
    to.append("\"NaN\"");
  } else if (std::isinf(number)) {
    to.append(number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  } else {
    std::array<char, 64> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    to.append(digits.data(), end.ptr);
  }
}

int64_t milliseconds(int64_t nanoseconds) {
  return nanoseconds / 1'000'000 - (nanoseconds % 1'000'000 < 0 ? 1 : 0);
}

void append_member_string(std::string& to, std::string_view member, std::string_view value) {
  to.append(member);
  append_json_string(to, value);
}

void append_member_integer(std::string& to, std::string_view member, int64_t value) {
  to.append(member);
  append_integer(to, value);
}

void append_images(std::string& to, const EnvelopeFields& fields, bool with_before, bool with_after) {
  append_member_string(to, "\"op\":", fields.op);
  to.append(",\"before\":").append(with_before ? fields.before.value_or("null") : "null");
  to.append(",\"after\":").append(with_after ? fields.after.value_or("null") : "null");
}

void append_source(std::string& to, const EnvelopeFields& fields, bool preview) {
  append_member_string(to, ",\"source\":{\"version\":", fields.version);
  append_member_integer(to, ",\"ts_ms\":", milliseconds(fields.commit_ts_ns));
  if (!preview) {
    append_member_integer(to, ",\"ts_ns\":", fields.commit_ts_ns);
    append_member_string(to, ",\"txId\":", fields.tx_id);
  }
  append_member_string(to, ",\"schema\":", fields.schema);
  append_member_string(to, ",\"table\":", fields.table);
  append_member_string(to, ",\"db\":", "postgres");
  append_member_string(to, ",\"cluster\":", fields.cluster);
  to.push_back('}');
}

void append_processing_time(std::string& to, const EnvelopeFields& fields, bool preview) {
  append_member_integer(to, ",\"ts_ms\":", milliseconds(fields.processed_ts_ns));
  if (!preview) append_member_integer(to, ",\"ts_ns\":", fields.processed_ts_ns);
  to.push_back('}');
}

void append_split_image(std::string& to, std::string_view member, const SplitImage& image) {
  to.append(member);
  append_member_string(to, "{\"chunk_id\":", image.chunk_id);
  fmt::format_to(std::back_inserter(to), ",\"total_fragments\":{},\"crc32c\":\"{}\"}}", image.total_fragments,
                 image.crc32c);
}

size_t expected_size(const EnvelopeFields& fields) {
  return 512 + fields.before.value_or("").size() + fields.after.value_or("").size();
}

std::string derived_chunk_id(const EnvelopeFields& fields) {
  std::string all;
  for (const std::string_view part : {fields.op, fields.schema, fields.table, fields.tx_id,
                                      fields.before.value_or(""), fields.after.value_or("")}) {
    append_json_string(all, part);
  }
  append_integer(all, fields.commit_ts_ns);
  return sha256_hex(all).substr(0, 26);
}

// Bytes of the UTF-8 character that starts with `lead`; 1 for what cannot start one.
size_t character_bytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0xC0) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

size_t escaped_bytes(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\' || c == '\t' || c == '\r' || c == '\n' || c == '\b' || c == '\f') return 2;
  return byte < 0x20 ? 6 : 1;
}

// An image that leaves its record, with its pieces.
struct Split {
  std::string chunk_id;
  std::vector<std::string_view> pieces;
  SplitImage head;
};

void split_image(std::optional<Split>& split, std::string_view image, std::string chunk_id,
                 size_t fragment_bytes) {
  split.emplace();
  split->chunk_id = std::move(chunk_id);
  split->pieces = cut_image(image, fragment_bytes);
  split->head = {split->chunk_id, split->pieces.size(), crc32c(image)};
}

std::string head_with(const EnvelopeFields& fields, const std::optional<Split>& before,
                      const std::optional<Split>& after) {
  return head_record(fields, before ? std::optional(before->head) : std::nullopt,
                     after ? std::optional(after->head) : std::nullopt);
}

void add_fragments(std::vector<EncodedRecord>& to, const std::optional<Split>& split) {
  if (!split) return;
  for (size_t index = 0; index < split->pieces.size(); ++index) {
    to.push_back({RecordKind::Fragment, fragment_record(split->chunk_id, index, split->pieces[index])});
  }
}

}  // namespace

void append_integer(std::string& to, int64_t number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  to.append(digits.data(), end.ptr);
}

void append_boolean(std::string& to, bool value) { to.append(value ? "true" : "false"); }

void append_real(std::string& to, float number) { append_floating(to, number); }

void append_double(std::string& to, double number) { append_floating(to, number); }

void append_text(std::string& to, std::string_view text) { append_json_string(to, text); }

void append_char(std::string& to, std::string_view text) {
  append_json_string(to, text.substr(0, text.find_last_not_of(' ') + 1));
}

void append_bytea(std::string& to, std::string_view bytes) {
  to.push_back('"');
  to.append(base64_encode(bytes));
  to.push_back('"');
}

void append_interval(std::string& to, int64_t months, int64_t days, int64_t microseconds) {
  __extension__ using Wide = __int128;
  const Wide total =
      (static_cast<Wide>(months) * 2'629'800 + static_cast<Wide>(days) * 86'400) * 1'000'000 + microseconds;
  if (total < std::numeric_limits<int64_t>::min() || total > std::numeric_limits<int64_t>::max()) {
    to.append("null");
  } else {
    append_integer(to, static_cast<int64_t>(total));
  }
}

std::string full_record(const EnvelopeFields& fields) {
  std::string text;
  text.reserve(expected_size(fields));
  text.append("{\"type\":\"full\",");
  append_images(text, fields, true, true);
  append_source(text, fields, false);
  append_processing_time(text, fields, false);
  return text;
}

std::string preview_record(const EnvelopeFields& fields) {
  EnvelopeFields early = fields;
  if (early.op == "u") early.op = "c";
  std::string text;
  text.reserve(expected_size(early));
  text.push_back('{');
  append_images(text, early, true, true);
  append_source(text, early, true);
  append_processing_time(text, early, true);
  return text;
}

std::string head_record(const EnvelopeFields& fields, const std::optional<SplitImage>& before,
                        const std::optional<SplitImage>& after) {
  std::string text;
  text.append("{\"type\":\"chunked\",");
  append_images(text, fields, !before.has_value(), !after.has_value());
  append_source(text, fields, false);
  text.append(",\"chunked\":{");
  if (before) append_split_image(text, "\"before\":", *before);
  if (before && after) text.push_back(',');
  if (after) append_split_image(text, "\"after\":", *after);
  text.push_back('}');
  append_processing_time(text, fields, false);
  return text;
}

std::string fragment_record(std::string_view chunk_id, uint64_t index, std::string_view data) {
  std::string text;
  text.reserve(96 + data.size() + data.size() / 4);
  append_member_string(text, "{\"type\":\"fragment\",\"chunk_id\":", chunk_id);
  text.append(",\"index\":").append(std::to_string(index));
  append_member_string(text, ",\"data\":", data);
  text.push_back('}');
  return text;
}

std::vector<std::string_view> cut_image(std::string_view image, size_t fragment_bytes) {
  std::vector<std::string_view> pieces;
  size_t start = 0;
  size_t escaped = 0;
  for (size_t at = 0; at < image.size();) {
    const size_t bytes = std::min(character_bytes(image[at]), image.size() - at);
    const size_t cost = bytes > 1 ? bytes : escaped_bytes(image[at]);
    if (at > start && escaped + cost > fragment_bytes) {
      pieces.push_back(image.substr(start, at - start));
      start = at;
      escaped = 0;
    }
    escaped += cost;
    at += bytes;
  }
  pieces.push_back(image.substr(start));
  return pieces;
}

std::vector<EncodedRecord> encode_record(const EnvelopeFields& fields, const EncodingOptions& options) {
  std::vector<EncodedRecord> records;
  if (options.preview) {
    records.push_back({RecordKind::Full, preview_record(fields)});
    return records;
  }
  std::string full = full_record(fields);
  if (full.size() <= options.oversize_bytes || (!fields.before && !fields.after)) {
    records.push_back({RecordKind::Full, std::move(full)});
    return records;
  }
  const std::string id = fields.chunk_id.empty() ? derived_chunk_id(fields) : std::string(fields.chunk_id);
  const bool before_first = fields.before.value_or("").size() > fields.after.value_or("").size();
  std::optional<Split> before;
  std::optional<Split> after;
  const auto split = [&](bool is_before) {
    const std::optional<std::string_view>& image = is_before ? fields.before : fields.after;
    if (!image) return;
    split_image(is_before ? before : after, *image, is_before ? id + "-b" : id, options.fragment_bytes);
  };
  split(before_first);
  std::string head = head_with(fields, before, after);
  if (head.size() > options.oversize_bytes && fields.before && fields.after) {
    split(!before_first);
    head = head_with(fields, before, after);
  }
  records.push_back({RecordKind::Head, std::move(head)});
  add_fragments(records, before);
  add_fragments(records, after);
  return records;
}

std::string transaction_id(uint64_t high, uint64_t low) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string text(26, 'a');
  // 130 bits: 26 digits of 5; the two above the number's 128 are 0.
  for (size_t digit = 0; digit < text.size(); ++digit) {
    text[text.size() - 1 - digit] = kAlphabet[low & 31];
    low = low >> 5 | (high & 31) << 59;
    high >>= 5;
  }
  return text;
}

}  // namespace sluice::emulate
