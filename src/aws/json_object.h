// JsonObject: the text of a request's JSON object, member by member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/json_text.h"

namespace sluice::aws {

class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) {
    begin(name);
    append_json_string(text_, value);
    return *this;
  }
  JsonObject& number(std::string_view name, int64_t value) { return raw(name, std::to_string(value)); }
  // `value` is JSON already.
  JsonObject& raw(std::string_view name, std::string_view value) {
    begin(name);
    text_ += value;
    return *this;
  }
  // `append` writes JSON to the end of the text it is given, which has room for `bytes` more.
  template <typename Append>
  JsonObject& composed(std::string_view name, size_t bytes, const Append& append) {
    text_.reserve(text_.size() + name.size() + bytes + 8);
    begin(name);
    append(text_);
    return *this;
  }
  std::string done() {
    text_ += text_.empty() ? "{}" : "}";
    return std::move(text_);
  }

 private:
  void begin(std::string_view name) {
    text_ += text_.empty() ? '{' : ',';
    append_json_string(text_, name);
    text_ += ':';
  }
  std::string text_;
};

}  // namespace sluice::aws
