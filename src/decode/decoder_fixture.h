// DecoderFixture: the verbs of the decoder's tests.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "decode/decoder.h"
#include "decode/padded_text.h"

namespace sluice::decode {

class DecoderFixture : public testing::Test {
 protected:
  // The text, where it may be decoded, for as long as the test lasts.
  std::string_view keep(std::string_view text) { return kept_.emplace_back(text, "\"}0").view(); }

  template <typename Kind>
  Kind read(std::string_view record) {
    Decoded decoded;
    const Result<void> result = decoder_.decode({{}, keep(record)}, arena_, decoded);
    if (!result.ok()) {
      ADD_FAILURE() << result.error().reason << ": " << result.error().message;
      return {};
    }
    if (!std::holds_alternative<Kind>(decoded)) {
      ADD_FAILURE() << "another sort of record: " << decoded.index();
      return {};
    }
    return std::get<Kind>(decoded);
  }
  change::Change read_change(std::string_view record) { return read<change::Change>(record); }
  change::ChunkedHead read_head(std::string_view record) { return read<change::ChunkedHead>(record); }
  change::Fragment read_fragment(std::string_view record) { return read<change::Fragment>(record); }
  bool reads(std::string_view record) {
    Decoded decoded;
    return decoder_.decode({{}, keep(record)}, arena_, decoded).ok();
  }
  // Why the record is refused.
  Error refusal(std::string_view record) {
    Decoded decoded;
    const Result<void> result = decoder_.decode({{}, keep(record)}, arena_, decoded);
    if (result.ok()) return malformed("none", "the record is accepted");
    EXPECT_EQ(result.error().kind, ErrorKind::Malformed);
    return result.error();
  }
  std::string reason(std::string_view record) { return refusal(record).reason; }
  std::string message(std::string_view record) { return refusal(record).message; }
  Result<change::Image> scan_image(std::string_view json) { return decoder_.scan_image(keep(json)); }

  static std::vector<std::string> keys(const change::Image& image) {
    std::vector<std::string> keys;
    for (const change::ImageField& field : image.fields) keys.emplace_back(field.key);
    return keys;
  }
  static std::vector<std::string> values(const change::Image& image) {
    std::vector<std::string> values;
    for (const change::ImageField& field : image.fields) values.emplace_back(field.value);
    return values;
  }
  static std::vector<change::ValueKind> kinds(const change::Image& image) {
    std::vector<change::ValueKind> kinds;
    for (const change::ImageField& field : image.fields) kinds.push_back(field.kind);
    return kinds;
  }

  Decoder decoder_;
  Arena arena_;

 private:
  std::deque<PaddedText> kept_;
};

}  // namespace sluice::decode
