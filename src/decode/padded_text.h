// PaddedText: for tests and fuzzers, a text in a heap block of exactly its size and kReadableSlack more.
//
// What lies behind the text is hostile: whatever reads on there as if it belonged to the text gives a wrong
// answer, and whatever reads past it is caught by the address sanitizer. Threads: plain value.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>

#include "base/arena.h"

namespace sluice::decode {

class PaddedText {
 public:
  explicit PaddedText(std::string_view text, std::string_view slack = "0")
      : bytes_(std::make_unique<char[]>(text.size() + kReadableSlack)), size_(text.size()) {
    if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
    for (size_t i = 0; i < kReadableSlack; ++i) bytes_[size_ + i] = slack[i % slack.size()];
  }
  std::string_view view() const { return {bytes_.get(), size_}; }
  operator std::string_view() const { return view(); }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

}  // namespace sluice::decode
