// Scanner: one forward pass over JSON text that checks the whole grammar and copies nothing.
//
// It exists beside simdjson (which stays its judge in the tests) because one pass must do three things at
// once: validate every byte of the image that will be stored as it stands, give the span and kind of each
// member, and find the envelope's few fields. simdjson's on-demand parser does not look inside what it skips.
//
// Input must be followed by kReadableSlack readable bytes, and must be known to be UTF-8. Threads: a plain
// value.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "change/change.h"

namespace sluice::decode {

// Why a scan stopped. Every one but None is a data error.
enum class Fault : uint8_t { None, NotJson, EndsEarly, TooDeep, LoneSurrogate, DuplicateKey };

// A JSON string: what stands between its quotes.
struct StringSpan {
  std::string_view inside;
  bool escaped = false;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text)
      : start_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  // After a function returned false: why, and at which byte of the text.
  Fault fault() const { return fault_; }
  size_t offset() const { return static_cast<size_t>(at_ - start_); }

  // The next byte that is not white space, without taking it; 0 at the end.
  char peek() {
    skip_space();
    return at_ < end_ ? *at_ : '\0';
  }
  bool at_end() {
    skip_space();
    return at_ >= end_;
  }
  // Takes `c`, after white space.
  bool take(char c) {
    skip_space();
    if (at_ < end_ && *at_ == c) [[likely]] {
      ++at_;
      return true;
    }
    fault_ = at_ < end_ ? Fault::NotJson : Fault::EndsEarly;
    return false;
  }
  // Takes the key and the colon of an object's member.
  bool take_key(StringSpan& key);
  // After a member: true with `more` when a comma follows, false `more` when `close` follows; both are taken.
  bool take_separator(char close, bool& more) {
    skip_space();
    if (at_ < end_ && (*at_ == ',' || *at_ == close)) [[likely]] {
      more = *at_++ == ',';
      return true;
    }
    fault_ = at_ < end_ ? Fault::NotJson : Fault::EndsEarly;
    return false;
  }
  // Takes any value. `value` spans it, quotes and brackets included.
  bool take_value(std::string_view& value, change::ValueKind& kind);
  // Takes an object and appends its members to `fields`; `json` spans the whole object. Two members with one
  // name (after unescaping) are a DuplicateKey.
  bool take_image(std::string_view& json, std::vector<change::ImageField>& fields);

 private:
  // Almost every token follows the last one at once, so one comparison settles it.
  void skip_space() {
    if (static_cast<unsigned char>(*at_) > ' ') [[likely]]
      return;
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  const char* start_;
  const char* at_;
  const char* end_;
  Fault fault_ = Fault::None;
};

}  // namespace sluice::decode
