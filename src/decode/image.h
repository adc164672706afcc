// ImageReader: the members of a row's image, and whether one of its columns is named twice.
#pragma once

#include <span>
#include <vector>

#include "change/change.h"
#include "decode/key_trail.h"
#include "decode/scanner.h"

namespace sluice::decode {

// The members read last, in memory that is used again and again.
class FieldList {
 public:
  // Memory that only an absurdly wide image needed is given back.
  void clear() {
    count_ = 0;
    if (slots_.size() > kKeptSlots) [[unlikely]]
      slots_ = {};
  }
  SLUICE_INLINE change::ImageField& append() {
    if (count_ == slots_.size()) [[unlikely]]
      grow();
    return slots_[count_++];
  }
  std::span<const change::ImageField> fields() const { return {slots_.data(), count_}; }

 private:
  static constexpr size_t kKeptSlots = 16'384;
  [[gnu::noinline]] void grow() { slots_.resize(slots_.empty() ? 64 : 2 * slots_.size()); }
  std::vector<change::ImageField> slots_;
  size_t count_ = 0;
};

// Threads: one owner.
class ImageReader {
 public:
  // A row has at most 255 columns, and a cluster few tables.
  ImageReader();

  // Takes the object whose opening brace is at `at`, which stands in `levels` others. `image` spans it, its
  // fields live in `list` until that is used again. Two members with one name (after unescaping) are a
  // DuplicateKey.
  At take(Scan& scan, At at, int levels, FieldList& list, change::Image& image);

 private:
  KeyTrail trail_;
};

}  // namespace sluice::decode
