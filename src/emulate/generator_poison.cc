#include "emulate/generator_poison.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "emulate/dsql_encoding.h"

namespace sluice::emulate {
namespace {

using Texts = std::span<const std::string_view>;

// One bad record in the making.
struct Brew {
  const PoisonOrigin& origin;
  Random& random;
  std::string image;  // of no row of the model
  std::string tx_id;
  std::string chunk_id;  // of no other chunk

  EnvelopeFields fields(std::string_view op = "c") const {
    EnvelopeFields made;
    made.op = op;
    made.after = image;
    made.schema = origin.schema;
    made.table = origin.table;
    made.tx_id = tx_id;
    made.commit_ts_ns = origin.commit_ts_ns;
    made.processed_ts_ns = origin.commit_ts_ns + 40'000'000;
    return made;
  }
  std::string good() const { return full_record(fields()); }
  std::string time_member() const { return fmt::format("\"ts_ns\":{},\"txId\"", origin.commit_ts_ns); }
  std::string_view any(Texts of) const { return of[random.index(of.size())]; }
};

// `text` with its first `what` replaced, which must be there.
std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const size_t at = text.find(what);
  CHECK(at != std::string::npos);
  text.replace(at, what.size(), with);
  return text;
}

// The record with another value for source.ts_ns.
std::string timed(const Brew& brew, std::string_view value) {
  return replaced(brew.good(), brew.time_member(), fmt::format("\"ts_ns\":{},\"txId\"", value));
}

// The record with another member instead of "after":{image}.
std::string with_after(const Brew& brew, std::string_view member) {
  return replaced(brew.good(), "\"after\":" + brew.image, member);
}

std::string without_source(const Brew& brew, std::string_view instead) {
  const std::string text = brew.good();
  const size_t from = text.find("\"source\":");
  const size_t to = text.find("},\"ts_ms\"", from) + 1;
  CHECK(from != std::string::npos && to != std::string::npos);
  return text.substr(0, from) + std::string(instead) + text.substr(to);
}

std::string without_times(const Brew& brew) {
  return fmt::format(
      R"({{"type":"full","op":"c","before":null,"after":{},"source":{{"version":"1.0","schema":"s","table":"t"}}}})",
      brew.image);
}

Poison one(std::string record) {
  Poison poison;
  poison.records.push_back(std::move(record));
  return poison;
}

Poison not_json(const Brew& brew) {
  static constexpr std::string_view kTexts[] = {"hello",
                                                "{'op':'c'}",
                                                "{\"op\":\"c\",}",
                                                "{\"a\":01}",
                                                "{\"a\":NaN}",
                                                "{\"a\" 1}",
                                                "\x01\x02\x03",
                                                "{\"a\":\"\t\"}",
                                                "{\"a\":1} {\"b\":2}",
                                                "undefined",
                                                "{\"a\":\"\\x\"}",
                                                "[1,2",
                                                "}",
                                                "\xEF\xBB\xBF{}"};
  return one(std::string(brew.any(kTexts)));
}

Poison truncated(const Brew& brew) {
  const std::string text = brew.good();
  return one(text.substr(0, 1 + brew.random.index(text.size() - 1)));
}

Poison not_object(const Brew& brew) {
  static constexpr std::string_view kTexts[] = {"[]", "\"record\"", "12", "null", "true", "[{\"op\":\"c\"}]"};
  return one(std::string(brew.any(kTexts)));
}

Poison bad_op(const Brew& brew) {
  static constexpr std::string_view kMembers[] = {"",
                                                  "\"op\":7,",
                                                  "\"op\":null,",
                                                  "\"op\":\"\",",
                                                  "\"op\":[\"c\"],",
                                                  "\"op\":\"an-operation-with-a-long-name\","};
  return one(replaced(brew.good(), "\"op\":\"c\",", brew.any(kMembers)));
}

Poison unknown_op_without_after(const Brew& brew) {
  EnvelopeFields fields = brew.fields("x");
  fields.after.reset();
  return one(full_record(fields));
}

Poison unknown_type(const Brew& brew) {
  static constexpr std::string_view kTypes[] = {"\"type\":\"partial\"", "\"type\":1", "\"type\":[]"};
  return one(replaced(brew.good(), "\"type\":\"full\"", brew.any(kTypes)));
}

Poison bad_source(const Brew& brew) {
  static constexpr std::string_view kMembers[] = {
      "\"sauce\":{}", "\"source\":null", "\"source\":\"depot.parcel\"", "\"source\":[]", "\"source\":{}"};
  return one(without_source(brew, brew.any(kMembers)));
}

Poison bad_table(const Brew& brew) {
  std::string table = "\"table\":";
  append_text(table, brew.origin.table);
  static constexpr std::string_view kMembers[] = {"\"tabel\":1", "\"table\":null", "\"table\":5",
                                                  "\"table\":\"\"", "\"table\":{}"};
  return one(replaced(brew.good(), table, brew.any(kMembers)));
}

Poison upsert_without_after(const Brew& brew) {
  static constexpr std::string_view kMembers[] = {"\"after\":null", "\"afters\":{}"};
  std::string text = with_after(brew, brew.any(kMembers));
  if (brew.random.one_in(2)) text = replaced(text, "\"op\":\"c\"", "\"op\":\"u\"");
  return one(text);
}

Poison after_not_object(const Brew& brew) {
  static constexpr std::string_view kMembers[] = {"\"after\":[1]", "\"after\":\"{}\"", "\"after\":true",
                                                  "\"after\":0"};
  return one(with_after(brew, brew.any(kMembers)));
}

Poison delete_without_before(const Brew& brew) {
  EnvelopeFields fields = brew.fields("d");
  fields.after.reset();
  return one(full_record(fields));
}

Poison duplicate_column(const Brew& brew) {
  static constexpr std::string_view kSeconds[] = {",\"poison\":2}", ",\"p\\u006fison\":2}"};
  std::string image = brew.image;
  image.pop_back();
  return one(with_after(brew, "\"after\":" + image + std::string(brew.any(kSeconds))));
}

Poison duplicate_field(const Brew& brew) {
  const std::string text = brew.good();
  static constexpr std::string_view kSeconds[] = {",\"op\":\"u\"}", ",\"\\u006fp\":\"c\"}",
                                                  ",\"after\":{\"poison\":3}}"};
  return one(text.substr(0, text.size() - 1) + std::string(brew.any(kSeconds)));
}

Poison too_deep(const Brew& brew) {
  return one(
      with_after(brew, "\"after\":{\"poison\":" + std::string(1001, '[') + std::string(1001, ']') + "}"));
}

Poison lone_surrogate(const Brew& brew) {
  static constexpr std::string_view kTexts[] = {"\\ud800", "\\udc00", "\\ud83d x", "\\ud83d\\u0041",
                                                "\\udce6\\ud83d"};
  return one(with_after(brew, fmt::format("\"after\":{{\"poison\":\"{}\"}}", brew.any(kTexts))));
}

Poison invalid_utf8(const Brew& brew) {
  static constexpr std::string_view kTexts[] = {
      "\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"};
  return one(with_after(brew, fmt::format("\"after\":{{\"poison\":\"{}\"}}", brew.any(kTexts))));
}

Poison empty_image(const Brew& brew) { return one(with_after(brew, "\"after\":{}")); }
Poison no_time(const Brew& brew) { return one(without_times(brew)); }
Poison negative_time(const Brew& brew) { return one(timed(brew, "-1")); }
Poison float_time(const Brew& brew) {
  return one(timed(brew, brew.random.one_in(2) ? "1.79e18" : "1790000000000000000.5"));
}
Poison text_time(const Brew& brew) { return one(timed(brew, "\"1790000000000000000\"")); }
Poison endless_time(const Brew& brew) { return one(timed(brew, "9223372036854775808")); }

std::string head_of(const Brew& brew, uint64_t total, uint32_t crc) {
  return head_record(brew.fields(), std::nullopt, SplitImage{brew.chunk_id, total, crc});
}

// A chunk of which no piece can be used.
Poison all_of(Poison poison) {
  poison.quarantined_at_least = static_cast<int64_t>(poison.records.size());
  return poison;
}

std::string piece_of(const Brew& brew, uint64_t index, std::string_view data) {
  return fragment_record(brew.chunk_id, index, data);
}

Poison wrong_crc(const Brew& brew) {
  const std::vector<std::string_view> pieces = cut_image(brew.image, 10);
  Poison poison = one(head_of(brew, pieces.size(), crc32c(brew.image) ^ 1U));
  for (size_t index = 0; index < pieces.size(); ++index) {
    poison.records.push_back(piece_of(brew, index, pieces[index]));
  }
  return all_of(std::move(poison));
}

Poison chunk_not_object(const Brew& brew) {
  static constexpr std::string_view kTexts[] = {"[1,2]", "{\"poison\":", "{}", "{\"poison\":1,\"poison\":2}",
                                                "null"};
  const std::string_view text = brew.any(kTexts);
  Poison poison = one(head_of(brew, 2, crc32c(text)));
  poison.records.push_back(piece_of(brew, 0, text.substr(0, 1)));
  poison.records.push_back(piece_of(brew, 1, text.substr(1)));
  return all_of(std::move(poison));
}

Poison orphan_fragment(const Brew& brew) {
  Poison poison = one(piece_of(brew, brew.random.below(5), brew.image));
  poison.quarantined_at_least = 0;
  poison.never_complete = 1;
  return poison;
}

Poison lone_head(const Brew& brew) {
  Poison poison = one(head_of(brew, 3, crc32c(brew.image)));
  if (brew.random.one_in(2)) poison.records.push_back(piece_of(brew, 1, "half"));
  poison.quarantined_at_least = 0;
  poison.never_complete = static_cast<int64_t>(poison.records.size());
  return poison;
}

// Complete as far as its head asks, with one piece too many; what is complete has another crc32c, so that it
// cannot land in any order of arrival.
Poison index_beyond_total(const Brew& brew) {
  Poison poison = one(head_of(brew, 2, crc32c(brew.image)));
  poison.records.push_back(piece_of(brew, 0, "{\"poison\":"));
  poison.records.push_back(piece_of(brew, 1, "1}"));
  poison.records.push_back(piece_of(brew, 2 + brew.random.below(3), "beyond"));
  return all_of(std::move(poison));
}

Poison negative_index(const Brew& brew) {
  static constexpr std::string_view kIndexes[] = {"\"index\":-1", "\"index\":1.5", "\"index\":\"0\"",
                                                  "\"index\":null"};
  return one(replaced(piece_of(brew, 0, "half"), "\"index\":0", brew.any(kIndexes)));
}

Poison fragment_without_data(const Brew& brew) {
  static constexpr std::string_view kMembers[] = {"\"data\":{}", "\"date\":\"half\"", "\"data\":null"};
  return one(replaced(piece_of(brew, 0, "half"), "\"data\":\"half\"", brew.any(kMembers)));
}

Poison zero_total(const Brew& brew) { return one(head_of(brew, 0, 0)); }
Poison huge_total(const Brew& brew) { return one(head_of(brew, 2'000'000, crc32c(brew.image))); }

Poison bad_crc_text(const Brew& brew) {
  static constexpr std::string_view kCrcs[] = {"\"crc32c\":\"4294967296\"", "\"crc32c\":\"0xE3069283\"",
                                               "\"crc32c\":\"\"", "\"crc32c\":null"};
  return one(replaced(head_of(brew, 2, 7), "\"crc32c\":\"7\"", brew.any(kCrcs)));
}

// Two pieces of one index, and neither makes the image that the head's crc32c tells of.
Poison conflicting_fragment(const Brew& brew) {
  Poison poison = one(head_of(brew, 2, crc32c(brew.image)));
  poison.records.push_back(piece_of(brew, 0, "{\"poison\":"));
  poison.records.push_back(piece_of(brew, 1, "\"one\"}"));
  poison.records.push_back(piece_of(brew, 1, "\"two\"}"));
  return all_of(std::move(poison));
}

struct Class {
  std::string_view name;
  Poison (*make)(const Brew& brew);
};

constexpr std::array kClasses = {
    Class{"not-json", not_json},
    Class{"truncated", truncated},
    Class{"not-object", not_object},
    Class{"bad-op", bad_op},
    Class{"unknown-op-without-after", unknown_op_without_after},
    Class{"unknown-type", unknown_type},
    Class{"bad-source", bad_source},
    Class{"bad-table", bad_table},
    Class{"no-time", no_time},
    Class{"negative-time", negative_time},
    Class{"float-time", float_time},
    Class{"text-time", text_time},
    Class{"endless-time", endless_time},
    Class{"upsert-without-after", upsert_without_after},
    Class{"after-not-object", after_not_object},
    Class{"delete-without-before", delete_without_before},
    Class{"duplicate-column", duplicate_column},
    Class{"duplicate-field", duplicate_field},
    Class{"too-deep", too_deep},
    Class{"lone-surrogate", lone_surrogate},
    Class{"invalid-utf8", invalid_utf8},
    Class{"empty-image", empty_image},
    Class{"wrong-crc", wrong_crc},
    Class{"chunk-not-object", chunk_not_object},
    Class{"orphan-fragment", orphan_fragment},
    Class{"lone-head", lone_head},
    Class{"index-beyond-total", index_beyond_total},
    Class{"negative-index", negative_index},
    Class{"fragment-without-data", fragment_without_data},
    Class{"zero-total", zero_total},
    Class{"huge-total", huge_total},
    Class{"bad-crc-text", bad_crc_text},
    Class{"conflicting-fragment", conflicting_fragment},
};

constexpr auto kNames = [] {
  std::array<std::string_view, kClasses.size()> names;
  for (size_t at = 0; at < names.size(); ++at) names[at] = kClasses[at].name;
  return names;
}();

}  // namespace

std::span<const std::string_view> poison_classes() { return kNames; }

Poison make_poison(size_t poison_class, const PoisonOrigin& origin, Random& random) {
  const uint64_t number = random.next();
  const Brew brew{origin, random, fmt::format(R"({{"poison":"{:x}"}})", number),
                  transaction_id(number >> 1, number), fmt::format("poison-{:016x}", number)};
  Poison poison = kClasses[poison_class].make(brew);
  poison.name = kClasses[poison_class].name;
  return poison;
}

}  // namespace sluice::emulate
