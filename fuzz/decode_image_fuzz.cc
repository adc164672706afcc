// Decoder::scan_image against simdjson's DOM parser: the same texts are accepted but for the differences that
// src/decode/differential_test.cc names, and the members are the same in number, order, name and kind.
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/json_text.h"
#include "decode/decoder.h"
#include "decode/number_text.h"
#include "decode/padded_text.h"

namespace {

using namespace sluice;
using change::ValueKind;
using simdjson::dom::element_type;

bool same_kind(const change::ImageField& field, const simdjson::dom::element& element) {
  switch (element.type()) {
    case element_type::NULL_VALUE:
      return field.kind == ValueKind::Null;
    case element_type::BOOL:
      return field.kind == ValueKind::Bool;
    case element_type::INT64:
      return field.kind == ValueKind::Int || field.kind == ValueKind::BigInt;
    case element_type::UINT64:
      return field.kind == ValueKind::HugeInt;
    case element_type::DOUBLE:
      return field.kind == ValueKind::Float;
    case element_type::STRING: {
      const std::string_view text = element.get_string();
      const bool non_finite = text == "NaN" || text == "Infinity" || text == "-Infinity";
      // Written with escapes, one of the three words is a string to us.
      return field.kind == ValueKind::String || (non_finite && field.kind == ValueKind::NonFinite);
    }
    case element_type::OBJECT:
      return field.kind == ValueKind::Object;
    case element_type::ARRAY:
      return field.kind == ValueKind::Array;
  }
  return false;
}

void check_members(const change::Image& image, const simdjson::dom::object& object) {
  size_t index = 0;
  for (const auto& [key, element] : object) {
    CHECK(index < image.fields.size());
    const change::ImageField& field = image.fields[index++];
    std::string name;
    append_unescaped(name, field.key);
    CHECK(name == key);
    CHECK(field.key_escaped == (field.key.find('\\') != std::string_view::npos));
    CHECK(same_kind(field, element));
    if (element.type() == element_type::STRING) {
      std::string value;
      append_unescaped(value, field.value.substr(1, field.value.size() - 2));
      CHECK(value == std::string_view(element.get_string()));
    }
  }
  CHECK(index == image.fields.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static decode::Decoder decoder;
  static simdjson::dom::parser judge;
  const decode::PaddedText text({reinterpret_cast<const char*>(data), size}, "\"}0");
  const Result<change::Image> image = decoder.scan_image(text);
  const auto document = judge.parse(text.view().data(), text.view().size(), false);
  if (image.ok()) {
    CHECK(document.error() == simdjson::SUCCESS ||
          (document.error() == simdjson::NUMBER_ERROR && decode::has_great_numbers_only(text)));
    if (document.error() == simdjson::SUCCESS) check_members(image.value(), document.get_object());
    return 0;
  }
  const std::string& reason = image.error().reason;
  if (reason == "not-json" || reason == "ends-early" || reason == "invalid-utf8")
    CHECK(document.error() != simdjson::SUCCESS);
  return 0;
}
