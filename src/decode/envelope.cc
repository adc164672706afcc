#include "decode/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/json_text.h"

namespace sluice::decode {

namespace {

// The records of one stream have some twenty different keys outside their images.
constexpr size_t kMaxKeys = 256;

int record_field(std::string_view name) {
  using F = EnvelopeField;
  static constexpr std::array<std::string_view, F::kCount> kNames = {
      "type", "op", "before", "after", "chunked", "source", "ts_ms", "ts_ns", "chunk_id", "index", "data"};
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  return found == kNames.end() ? kNotOurs : static_cast<int>(found - kNames.begin());
}

int source_field(std::string_view name) {
  using F = SourceField;
  static constexpr std::array<std::string_view, F::kCount> kNames = {"version", "ts_ms",  "ts_ns",
                                                                     "txId",    "schema", "table"};
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  return found == kNames.end() ? kNotOurs : static_cast<int>(found - kNames.begin());
}

// Where the value of `key` belongs, or nullptr after noting that it stands there twice.
template <typename Fields>
SLUICE_INLINE Value* place_of(Scan& scan, const Key& key, Members<Fields>& members, Value& ignored) {
  const int field = key.known->field;
  if (field == kNotOurs) return &ignored;
  const uint32_t bit = 1U << field;
  if ((members.seen & bit) != 0) [[unlikely]] {
    scan.fail(Fault::DuplicateField, key.inside.data());
    return nullptr;
  }
  members.seen |= bit;
  return &members.values[static_cast<size_t>(field)];
}

}  // namespace

Error fault_error(const Scan& scan, std::string_view what) {
  const auto error = [&](const char* reason, std::string_view explanation) {
    return malformed(reason, fmt::format("{} at byte {}: {}", what, scan.fault_offset(), explanation));
  };
  switch (scan.fault) {
    case Fault::EndsEarly:
      return error("ends-early", "the JSON text ends too early");
    case Fault::TooDeep:
      return error("too-deep", fmt::format("nested more than {} levels deep", change::kMaxNesting));
    case Fault::LoneSurrogate:
      return error("lone-surrogate",
                   "half of a surrogate pair (\\uD800-\\uDFFF) stands alone, which is no character");
    case Fault::InvalidUtf8:
      return error("invalid-utf8", "not UTF-8");
    case Fault::DuplicateKey:
      return error("duplicate-key", "the image that begins here names one column twice");
    case Fault::DuplicateField:
      return error("duplicate-field", "this field of the envelope was there before");
    case Fault::NotJson:
    case Fault::None:
      break;
  }
  return error("not-json", "not JSON");
}

EnvelopeReader::EnvelopeReader()
    : record_trail_(record_field, kMaxKeys), source_trail_(source_field, kMaxKeys) {}

At EnvelopeReader::take_source(Scan& scan, At at, Members<SourceField>& source) {
  return take_object(scan, at, source_trail_, [&](const Key& key, At place) -> At {
    Value* const value = place_of(scan, key, source, ignored_);
    return value == nullptr ? nullptr : source_trail_.take_known_value(scan, place, key.known, *value, 2);
  });
}

At EnvelopeReader::take_record(Scan& scan, At at, Envelope& envelope) {
  using F = EnvelopeField;
  return take_object(scan, at, record_trail_, [&](const Key& key, At place) -> At {
    Value* const value = place_of(scan, key, envelope.record, ignored_);
    if (value == nullptr) return nullptr;
    const int field = key.known->field;
    const bool may_be_read = field == F::After || field == F::Before || field == F::Source;
    if (may_be_read) place = skip_space(place, scan.end);
    if (!may_be_read || *place != '{' || place >= scan.end)
      return record_trail_.take_known_value(scan, place, key.known, *value, 1);
    value->kind = change::ValueKind::Object;
    if (field == F::Source) return take_source(scan, place, envelope.source);
    return field == F::After ? images_.take(scan, place, 1, after_fields_, envelope.after)
                             : images_.take(scan, place, 1, before_fields_, envelope.before);
  });
}

Result<void> EnvelopeReader::read(std::string_view text, Envelope& envelope) {
  envelope.record.clear();
  envelope.source.clear();
  Scan scan(text);
  At at = skip_space(scan.begin, scan.end);
  if (at >= scan.end) return malformed("empty", "the record is empty");
  const bool is_object = *at == '{';
  if (is_object) {
    at = take_record(scan, at, envelope);
  } else {
    Value value;
    at = take_value(scan, at, value, 0);
  }
  if (at == nullptr) return fault_error(scan, "record");
  at = skip_space(at, scan.end);
  if (at < scan.end) {
    return malformed("not-json",
                     fmt::format("record at byte {}: something follows the JSON text", at - scan.begin));
  }
  if (!is_object) return malformed("not-object", "the record is JSON, but not an object");
  return {};
}

Result<void> EnvelopeReader::read_image(std::string_view text, change::Image& image) {
  Scan scan(text);
  At at = skip_space(scan.begin, scan.end);
  if (at >= scan.end || *at != '{') return malformed("not-object", "the image is not a JSON object");
  at = images_.take(scan, at, 0, after_fields_, image);
  if (at == nullptr) return fault_error(scan, "image");
  at = skip_space(at, scan.end);
  if (at < scan.end) {
    return malformed("not-json",
                     fmt::format("image at byte {}: something follows the JSON object", at - scan.begin));
  }
  return {};
}

Result<void> read_members(std::string_view object, std::span<const std::string_view> names,
                          std::span<Value> values) {
  Scan scan(object);
  KeyTrail trail([](std::string_view) { return kNotOurs; }, 16);
  uint32_t seen = 0;
  const At at = take_object(scan, scan.begin, trail, [&](const Key& key, At place) -> At {
    std::string name;
    append_unescaped(name, key.inside);
    const auto found = std::find(names.begin(), names.end(), name);
    Value value;
    place = take_value(scan, place, value, 0);
    if (place == nullptr || found == names.end()) return place;
    const auto index = static_cast<size_t>(found - names.begin());
    if ((seen & 1U << index) != 0) return scan.fail(Fault::DuplicateField, key.inside.data());
    seen |= 1U << index;
    values[index] = value;
    return place;
  });
  return at == nullptr ? Result<void>(fault_error(scan, "`chunked`")) : Result<void>();
}

}  // namespace sluice::decode
