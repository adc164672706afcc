#include "sink/redshift/row_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <forward_list>
#include <vector>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::sink::redshift {
namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

int hex_value(char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; }

// Walks a well-formed JSON text once. Objects that are open have their keys in `keys_`, one after another.
class ImageCheck {
 public:
  ImageCheck(std::string_view json, size_t max_string_bytes)
      : json_(json), max_string_bytes_(max_string_bytes) {
    keys_.reserve(32);
    levels_.reserve(8);
  }

  std::optional<RowFault> run() {
    while (at_ < json_.size() && !fault_) step();
    return fault_;
  }

 private:
  void step() {
    const char letter = json_[at_];
    if (letter == '"') return read_string();
    if (letter == '{' || letter == '[') return open(letter == '{');
    if (letter == '}' || letter == ']') return close();
    if (letter == '-' || (letter >= '0' && letter <= '9')) return read_number();
    if (letter == ',' && !levels_.empty() && levels_.back().is_object) levels_.back().key_is_next = true;
    ++at_;
  }

  void open(bool is_object) {
    if (levels_.size() >= static_cast<size_t>(kMaxSuperNesting))
      return fail("too-deep", fmt::format("its image is nested more than {} levels deep, which SUPER cannot "
                                          "hold",
                                          kMaxSuperNesting));
    levels_.push_back({is_object, is_object, keys_.size()});
    ++at_;
  }

  void close() {
    if (!levels_.empty()) {
      check_keys(levels_.back().first_key);
      keys_.resize(levels_.back().first_key);
      levels_.pop_back();
    }
    ++at_;
  }

  // Two keys of one object must differ in what they mean, however they are escaped.
  void check_keys(size_t first) {
    const auto begin = keys_.begin() + static_cast<ptrdiff_t>(first);
    bool twice = false;
    if (keys_.size() - first <= 12) {
      for (size_t i = first; i < keys_.size() && !twice; ++i)
        twice = std::find(begin, keys_.begin() + static_cast<ptrdiff_t>(i), keys_[i]) !=
                keys_.begin() + static_cast<ptrdiff_t>(i);
    } else {
      std::sort(begin, keys_.end());
      twice = std::adjacent_find(begin, keys_.end()) != keys_.end();
    }
    if (twice) fail("duplicate-key", "an object in its image has the same key twice, which SUPER refuses");
  }

  void read_string() {
    const size_t start = ++at_;
    size_t saved = 0;  // bytes that escapes take beyond what they mean
    bool escaped = false;
    while (at_ < json_.size() && json_[at_] != '"') {
      if (json_[at_] != '\\') {
        ++at_;
        continue;
      }
      escaped = true;
      saved += read_escape();
      if (fault_) return;
    }
    const std::string_view inside = json_.substr(start, at_ - start);
    ++at_;
    if (inside.size() - saved > max_string_bytes_)
      return fail("string-too-long",
                  fmt::format("a string in its image is longer than the {} bytes that the workgroup takes; "
                              "see redshift_string_bytes",
                              max_string_bytes_));
    if (levels_.empty() || !levels_.back().key_is_next) return;
    levels_.back().key_is_next = false;
    if (!escaped) {
      keys_.push_back(inside);
      return;
    }
    append_unescaped(unescaped_.emplace_front(), inside);
    keys_.push_back(unescaped_.front());
  }

  int unit_at(size_t at) const {
    if (at + 6 > json_.size() || json_[at] != '\\' || json_[at + 1] != 'u') return -1;
    int unit = 0;
    for (size_t i = at + 2; i < at + 6; ++i) {
      if (!is_hex(json_[i])) return -1;
      unit = unit * 16 + hex_value(json_[i]);
    }
    return unit;
  }

  // Gives how many bytes the escape is longer than what it means.
  size_t read_escape() {
    const int unit = unit_at(at_);
    if (unit < 0) {
      at_ += 2;
      return 1;
    }
    if (unit == 0) {
      fail("nul-character", "its image holds the character U+0000, which Redshift does not keep");
      return 0;
    }
    const int next = unit >= 0xD800 && unit < 0xDC00 ? unit_at(at_ + 6) : 0;
    if (next >= 0xDC00 && next < 0xE000) {
      at_ += 12;
      return 8;
    }
    if (unit >= 0xD800 && unit < 0xE000) {
      fail("lone-surrogate", "its image holds half of a surrogate pair, which is no character");
      return 0;
    }
    at_ += 6;
    return unit < 0x80 ? 5 : unit < 0x800 ? 4 : 3;
  }

  void read_number() {
    size_t digits = 0;
    for (; at_ < json_.size(); ++at_) {
      const char c = json_[at_];
      if (c >= '0' && c <= '9') {
        ++digits;
      } else if (c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E') {
        break;
      }
    }
    if (digits > kMaxNumberDigits)
      fail("number-too-long", fmt::format("a number in its image has more than {} digits, which Redshift "
                                          "would round",
                                          kMaxNumberDigits));
  }

  void fail(std::string reason, std::string message) {
    if (!fault_) fault_ = RowFault{std::move(reason), std::move(message)};
    at_ = json_.size();
  }

  struct Level {
    bool is_object = false;
    bool key_is_next = false;
    size_t first_key = 0;
  };
  std::string_view json_;
  size_t max_string_bytes_;
  size_t at_ = 0;
  std::vector<Level> levels_;
  std::vector<std::string_view> keys_;
  std::forward_list<std::string> unescaped_;  // what keys_ may point to; takes no memory while empty
  std::optional<RowFault> fault_;
};

std::optional<RowFault> text_fault(std::string_view text, size_t most, std::string_view what) {
  if (text.size() > most)
    return RowFault{"too-long", fmt::format("its {} is longer than {} bytes", what, most)};
  if (text.find('\0') != std::string_view::npos)
    return RowFault{"nul-character",
                    fmt::format("its {} holds the character U+0000, which Redshift does not keep", what)};
  if (!is_utf8(text)) return RowFault{"not-utf8", fmt::format("its {} is not UTF-8", what)};
  return std::nullopt;
}

}  // namespace

std::optional<RowFault> image_fault_of(std::string_view json, int64_t max_string_bytes) {
  if (json.size() > kMaxSuperBytes)
    return RowFault{"value-too-large",
                    fmt::format("its image is larger than the {} bytes that SUPER holds", kMaxSuperBytes)};
  if (!is_utf8(json)) return RowFault{"not-utf8", "its image is not UTF-8"};
  return ImageCheck(json, static_cast<size_t>(max_string_bytes)).run();
}

std::optional<RowFault> fault_of(const change::Row& row, const change::TableName& table,
                                 const Settings& settings) {
  if (auto fault = text_fault(table.schema, 128, "schema's name")) return fault;
  if (auto fault = text_fault(table.table, 128, "table's name")) return fault;
  if (auto fault = text_fault(row.operation, 10, "operation")) return fault;
  if (auto fault = text_fault(row.record_id, 2048, "record id")) return fault;
  if (auto fault = text_fault(row.tx_id, 64, "transaction's id")) return fault;
  if (auto fault = text_fault(row.position.shard, 128, "shard's name")) return fault;
  if (auto fault = text_fault(row.position.sequence, 128, "sequence number")) return fault;
  return image_fault_of(row.image, settings.string_bytes);
}

}  // namespace sluice::sink::redshift
