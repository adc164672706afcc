// Decoder::decode over any bytes. What it accepts must be JSON to simdjson too, and everything that it points
// at must lie within the record or the arena; what it has learned must not change its answer.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "decode/decoder.h"
#include "decode/number_text.h"
#include "decode/padded_text.h"

namespace {

using namespace sluice;

bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_image(const change::Image& image, std::string_view record) {
  CHECK(lies_within(image.json, record));
  CHECK(image.json.front() == '{' && image.json.back() == '}');
  for (const change::ImageField& field : image.fields) {
    CHECK(lies_within(field.key, image.json));
    CHECK(!field.value.empty() && lies_within(field.value, image.json));
  }
  const decode::PaddedText alone(image.json);
  static decode::Decoder decoder;
  const auto again = decoder.scan_image(alone);
  CHECK(again.ok());
  CHECK(again.value().json == image.json);
  CHECK(again.value().fields.size() == image.fields.size());
}

void check_origin(const change::Origin& origin) {
  CHECK(!origin.op.empty() && !origin.schema.empty() && !origin.table.empty());
  CHECK(origin.commit_ts_ns >= 0);
}

void check_decoded(const decode::Decoded& decoded, std::string_view record) {
  if (const auto* change = std::get_if<change::Change>(&decoded)) {
    check_origin(change->origin);
    if (change->has_image) check_image(change->image, record);
    CHECK(change->has_image || change->origin.is_delete());
  } else if (const auto* fragment = std::get_if<change::Fragment>(&decoded)) {
    CHECK(!fragment->chunk_id.empty() && fragment->index < change::kMaxFragments);
    CHECK(fragment->data.size() <= record.size());
  } else {
    const auto& head = std::get<change::ChunkedHead>(decoded);
    check_origin(head.origin);
    CHECK(head.awaited.size() == 1 || head.awaited.size() == 2);
    CHECK(head.deciding < static_cast<int>(head.awaited.size()));
    for (const change::ChunkedImage& image : head.awaited)
      CHECK(image.total_fragments >= 1 && image.total_fragments <= change::kMaxFragments);
    if (head.deciding < 0) check_image(head.inline_image, record);
  }
}

// simdjson refuses numbers that no 64 bits hold; to the decoder they are text.
bool is_json(std::string_view text) {
  simdjson::dom::parser judge;
  const simdjson::error_code verdict = judge.parse(text.data(), text.size(), false).error();
  return verdict == simdjson::SUCCESS ||
         (verdict == simdjson::NUMBER_ERROR && decode::has_great_numbers_only(text));
}

// Makes the members of this record the usual ones: the decoder takes notice of every 16th record, and a value
// is usual after a few times. Most of what it sees later must be usual too, so that it stays so.
void teach(decode::Decoder& decoder) {
  static bool taught = false;
  static const decode::PaddedText usual(
      R"({"type":"full","op":"c","before":null,"after":{"id":1,"status":"new","note":null},"source":{"version":"1.0","ts_ms":1790000123456,"ts_ns":1790000123456789017,"txId":"mzq4","schema":"depot","table":"parcel"},"ts_ms":1790000123519,"ts_ns":1790000123519004420})");
  Arena arena;
  decode::Decoded decoded;
  for (int i = taught ? 4 : 96; i > 0; --i) CHECK(decoder.decode({{}, usual.view()}, arena, decoded).ok());
  taught = true;
  CHECK(std::get<change::Change>(decoded).image.fields.size() == 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static decode::Decoder learned;
  teach(learned);
  const decode::PaddedText text({reinterpret_cast<const char*>(data), size}, "\"}0");
  Arena arena;
  decode::Decoded decoded;
  const Result<void> result = learned.decode({{}, text.view()}, arena, decoded);
  if (result.ok()) {
    CHECK(is_json(text));
    check_decoded(decoded, text);
  } else {
    CHECK(result.error().kind == ErrorKind::Malformed);
    CHECK(!result.error().reason.empty() && !result.error().message.empty());
  }
  if (size % 16 != 0) return 0;  // a new decoder takes longer than all the rest
  decode::Decoder fresh;
  decode::Decoded again;
  const Result<void> expected = fresh.decode({{}, text.view()}, arena, again);
  CHECK(expected.ok() == result.ok());
  CHECK(result.ok() || expected.error().message == result.error().message);
  return 0;
}
