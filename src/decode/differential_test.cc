// The scanner against simdjson's DOM parser, over many mutated records.
//
// The two must agree on what is JSON, with these differences, each of which is meant:
//   - Half of a surrogate pair, a column named twice, an envelope field named twice and a nesting beyond our
//     bound: we refuse what simdjson may accept.
//   - Integers beyond 64 bits and floats beyond a double: simdjson refuses them as NUMBER_ERROR; to us they
//   are
//     text whose digits are kept.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <vector>

#include "decode/decoder.h"
#include "decode/number_text.h"
#include "decode/padded_text.h"

namespace sluice::decode {
namespace {

// Small, seeded, the same everywhere.
class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(seed) {}
  size_t below(size_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<size_t>((state_ * 0x2545F4914F6CDD1DU) >> 33) % bound;
  }

 private:
  uint64_t state_;
};

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> kSeeds = {
      R"({"type":"full","op":"c","before":null,"after":{"parcel_no":900719925474099312,"weight_kg":"12.0750","fragile":true,"label":"Köln 📦 and a text that is longer than one block","meta":"{\"lane\": 4}","photo":null,"w":-1.25e-3},"source":{"version":"1.0","ts_ms":1790000123456,"ts_ns":1790000123456789017,"txId":"mzq4tavk2ro7dnw5xhge3ysbil","schema":"depot","table":"parcel","db":"postgres"},"ts_ms":1790000123519,"ts_ns":1790000123519004420})",
      R"({ "op" : "d", "before" : {"aisle":7,"slot":"B-02", "deep":[[{"a":[1,2,{}]},[]],{"b":{"c":null}}]}, "after":null, "source":{"ts_ns":1790000300000000455,"schema":"depot","table":"bin_slot","f\u006fo":false}})",
      R"({"type":"fragment","chunk_id":"c-7f3a","index":1,"data":"µm – \\\"ok\\\"\",\"rev\":3} \ud83d\ude00\/\b\f\n\r\t\u00e9"})",
      R"({"type":"chunked","op":"c","after":null,"source":{"ts_ns":7,"schema":"d","table":"t"},"chunked":{"after":{"chunk_id":"c","total_fragments":2,"crc32c":"2055659661"}},"x":[0,-0,0.0,1E5,1e+05,-1e-5,12345678901234567,123456789012345678,-9223372036854775808,18446744073709551615]})",
      R"([true,false,null,"",{},[],[{}],0,"a\\","\"",{"k":[1]}])"};
  return kSeeds;
}

// The seed with up to three changes.
std::string mutated(Draw& draw, const std::string& seed) {
  static const std::vector<std::string> kPieces = {"{",
                                                   "}",
                                                   "[",
                                                   "]",
                                                   ",",
                                                   ":",
                                                   "\"",
                                                   "\\",
                                                   "\\u",
                                                   "\\ud83d",
                                                   "0",
                                                   "-",
                                                   ".",
                                                   "e",
                                                   "E+",
                                                   "9999",
                                                   "null",
                                                   "true",
                                                   "false",
                                                   " ",
                                                   "\n",
                                                   "\t",
                                                   "\x01",
                                                   "\x7F",
                                                   "\x80",
                                                   "\xC3",
                                                   "\xFF",
                                                   "\xC3\xB6",
                                                   "u0041",
                                                   "\\n",
                                                   "\"a\"",
                                                   "\"a\":1",
                                                   "nul",
                                                   "tru",
                                                   "\\ude00",
                                                   "01",
                                                   "1.",
                                                   "1e999",
                                                   "/",
                                                   "\\/",
                                                   "123456789012345678901234567890",
                                                   "\xED\xA0\x80",
                                                   "\xF0\x9F\x98\x80",
                                                   "\"id\":",
                                                   "\"ts_ns\":1,",
                                                   "\r",
                                                   "                                 ",
                                                   "0123456789abcdef0123456789abcdef",
                                                   "'"};
  std::string text = seed;
  for (size_t changes = 1 + draw.below(3); changes > 0; --changes) {
    size_t at = draw.below(text.size() + 1);
    // Half of the changes are made where a value or a key begins.
    if (draw.below(2) == 0) at = std::min(text.find_first_of(":,[{", at), text.size() - 1) + 1;
    const size_t length = std::min(1 + draw.below(draw.below(4) == 0 ? 40 : 4), text.size() - at);
    switch (draw.below(6)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, kPieces[draw.below(kPieces.size())]);
        break;
      case 2:
        text.replace(at, length, kPieces[draw.below(kPieces.size())]);
        break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(draw.below(256));
        break;
      case 4:
        text.insert(draw.below(text.size() + 1), text.substr(at, length));
        break;
      default:
        if (draw.below(4) == 0) text.resize(at);
    }
  }
  return text;
}

std::string mutated(Draw& draw) { return mutated(draw, seeds()[draw.below(seeds().size())]); }

// What one reader makes of a text: the reason of a refusal, or everything found.
std::string told(EnvelopeReader& reader, std::string_view text) {
  Envelope envelope;
  const Result<void> result = reader.read(text, envelope);
  if (!result.ok()) return result.error().reason + " " + result.error().message;
  std::string all;
  const auto add = [&all](const Value& value) {
    all += value.present() ? std::string(value.text) + (value.escaped ? "!" : "") : "-";
    all += static_cast<char>('A' + static_cast<int>(value.kind));
  };
  for (size_t i = 0; i < EnvelopeField::kCount; ++i) {
    if (envelope.record[i].kind != change::ValueKind::Object) add(envelope.record[i]);
  }
  for (const Value& value : envelope.source.values) add(value);
  const auto add_image = [&](size_t field, const change::Image& image) {
    if (envelope.record[field].kind != change::ValueKind::Object) return;
    all += image.json;
    for (const change::ImageField& member : image.fields)
      add({member.value, member.kind, member.key_escaped}), all += member.key;
  };
  add_image(EnvelopeField::Before, envelope.before);
  add_image(EnvelopeField::After, envelope.after);
  return all;
}

TEST(Differential, AcceptsExactlyWhatSimdjsonAcceptsButForTheDifferencesThatAreMeant) {
  simdjson::dom::parser judge;
  EnvelopeReader reader;
  Draw draw(20260921);
  int both_accept = 0;
  int both_refuse = 0;
  for (int round = 0; round < 40'000; ++round) {
    const std::string text = mutated(draw);
    const PaddedText padded(text, "\"}0");
    const simdjson::error_code verdict = judge.parse(padded.view().data(), text.size(), false).error();
    Envelope envelope;
    const Result<void> result = reader.read(padded.view(), envelope);
    const std::string reason = result.ok() ? "" : result.error().reason;
    const bool we_accept = result.ok() || reason == "not-object";
    if (we_accept && verdict == simdjson::SUCCESS) {
      ++both_accept;
    } else if (!we_accept && verdict != simdjson::SUCCESS) {
      ++both_refuse;
    } else if (we_accept) {
      EXPECT_EQ(verdict, simdjson::NUMBER_ERROR) << text;
      EXPECT_TRUE(has_great_numbers_only(text)) << text;
    } else {
      const bool meant =
          reason == "lone-surrogate" || reason == "duplicate-key" || reason == "duplicate-field";
      EXPECT_TRUE(meant) << result.error().message << "\n" << text;
    }
  }
  EXPECT_GT(both_accept, 5'000);
  EXPECT_GT(both_refuse, 5'000);
}

TEST(Differential, FindsTheSameWhetherOrNotItHasSeenTheKeysAndValuesBefore) {
  Draw draw(5);
  int accepted = 0;
  for (const std::string& seed : seeds()) {
    EnvelopeReader learned;
    const PaddedText usual(seed);
    const std::string unchanged = told(learned, usual.view());
    for (int i = 0; i < 200; ++i) EXPECT_EQ(told(learned, usual.view()), unchanged);
    for (int round = 0; round < 2'000; ++round) {
      const PaddedText text(mutated(draw, seed), "\"}0");
      EnvelopeReader fresh;
      const std::string expected = told(fresh, text.view());
      EXPECT_EQ(told(learned, text.view()), expected);
      EXPECT_EQ(told(learned, text.view()), expected);
      EXPECT_EQ(told(learned, usual.view()), unchanged);
      accepted += expected.find(" at byte ") == std::string::npos ? 1 : 0;
    }
  }
  EXPECT_GT(accepted, 500);
}

// simdjson counts the outermost level as ours does, and is told our bound.
TEST(Differential, StopsAtTheSameDepth) {
  for (const size_t levels : {999U, 1000U, 1001U, 1002U}) {
    const std::string text = "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
    const PaddedText padded(text);
    simdjson::dom::parser judge;
    ASSERT_EQ(judge.allocate(text.size(), change::kMaxNesting), simdjson::SUCCESS);
    EnvelopeReader reader;
    Envelope envelope;
    EXPECT_EQ(reader.read(padded.view(), envelope).ok(), levels <= 1000);
    EXPECT_EQ(judge.parse(padded.view().data(), text.size(), false).error() == simdjson::SUCCESS,
              levels <= 1000)
        << levels;
  }
}

}  // namespace
}  // namespace sluice::decode
