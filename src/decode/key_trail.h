// KeyTrail: the keys that objects of one sort have had, which key came after which, and their usual values.
//
// Records repeat each other's keys in the same order, so the next key is nearly always the one that followed
// last time: one comparison takes it, and everything known about it comes along. So it is with values that
// are always the same. Whatever is not as expected is read in full and remembered; nothing is believed
// without being compared, so what was learned changes the speed and never the result.
//
// Memory is bounded: past `max_keys` keys the rest of the object is strangers, then all is forgotten and
// learned anew. Threads: one owner.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "decode/scanner.h"

namespace sluice::decode {

// The value that a key has again and again, such as "type":"full" or "before":null. Only of values that are
// whole wherever their text stands: strings and words, but not numbers.
class UsualValue {
 public:
  // Whether it is so usual that it is worth looking for, and stands there.
  SLUICE_INLINE bool stands_at(At at, At end) const {
    return repeats_ >= kUsual && end - at >= static_cast<std::ptrdiff_t>(size_) &&
           same_16(at, text_.data(), which_) &&
           (size_ <= 16 || same_16(at + 16, text_.data() + 16, which_ >> 16));
  }
  SLUICE_INLINE Value value(At at) const { return {{at, size_}, kind_, false}; }
  // Takes notice of the value that the key has now.
  void notice(const Value& value);

 private:
  static constexpr uint32_t kUsual = 4;
  alignas(16) std::array<char, 32> text_{};
  uint32_t which_ = 0;  // a bit for each byte that `text_` has
  uint32_t size_ = 0;
  uint32_t repeats_ = 0;
  change::ValueKind kind_ = change::ValueKind::Null;
};

// A key as it stands in compact JSON: quote, name, quote, colon.
struct KnownKey {
  // PostgreSQL's names have at most 63 bytes.
  static constexpr size_t kMaxBytes = 80;
  alignas(16) std::array<char, kMaxBytes> text{};
  uint32_t size = UINT32_MAX;  // of `text`; the greatest for what never stands anywhere
  uint32_t first_32 = 0;       // a bit for each of the first 32 bytes that `text` has
  int field = -1;              // what the owner's Meaning gave for the name
  uint64_t seen_in = 0;        // the number of the last object that had it
  KnownKey* next = nullptr;    // the key that came after it last time
  KnownKey* other = nullptr;   // and the one before that
  UsualValue usual;

  SLUICE_INLINE bool stands_at(At at, At end) const {
    if (end - at < static_cast<std::ptrdiff_t>(size)) return false;
    if (!same_16(at, text.data(), first_32)) return false;
    if (size <= 16) [[likely]]
      return true;
    return same_16(at + 16, text.data() + 16, first_32 >> 16) &&
           (size <= 32 || std::memcmp(at + 32, text.data() + 32, size - 32) == 0);
  }
};

// A key of the text. `known` is never null; for a stranger it is the trail's one KnownKey for strangers.
struct Key {
  std::string_view inside;
  bool escaped = false;
  KnownKey* known = nullptr;
};

class KeyTrail {
 public:
  // What a name, unescaped, stands for to the owner of the trail.
  using Meaning = int (*)(std::string_view name);

  // `max_keys` is a power of two; a key takes about 200 bytes.
  KeyTrail(Meaning meaning, size_t max_keys);
  KeyTrail(const KeyTrail&) = delete;
  KeyTrail& operator=(const KeyTrail&) = delete;

  // Begins an object; gives what its first key follows.
  KnownKey* begin_object() {
    if (keys_.size() == max_keys_) [[unlikely]]
      forget();
    ++object_;
    strangers_ = 0;
    return &start_;
  }
  // Takes `before`, the brace or comma before a key, and the key that follows `last`, its colon included.
  SLUICE_INLINE At take_key(Scan& scan, At at, char before, KnownKey* last, Key& key) {
    KnownKey* const known = last->next;
    if (*at == before && known->stands_at(at + 1, scan.end)) [[likely]] {
      key = {{at + 2, known->size - 3}, false, known};
      return at + 1 + known->size;
    }
    at = take_unexpected_key(scan, at, before, last);
    key = unexpected_;
    return at;
  }
  // Takes the value of `known`: what take_value() does, but the usual value costs one comparison.
  SLUICE_INLINE At take_known_value(Scan& scan, At at, KnownKey* known, Value& value, int levels) {
    if (known->usual.stands_at(at, scan.end)) {
      value = known->usual.value(at);
      return at + value.text.size();
    }
    at = take_value(scan, at, value, levels);
    // Now and then is enough to learn what is usual, and costs next to nothing.
    if (object_ % kNoticeEvery == 0 && at != nullptr && known != &stranger_) [[unlikely]]
      known->usual.notice(value);
    return at;
  }
  // Notes that the object has this key. False if it had it before; strangers are not told apart, see
  // `strangers()`.
  SLUICE_INLINE bool note(KnownKey* known) {
    const bool fresh = known->seen_in != object_;
    known->seen_in = object_;
    return fresh || known == &stranger_;
  }
  // How many of the object's keys are too long, written with escapes, or past the bound.
  size_t strangers() const { return strangers_; }

 private:
  static constexpr uint64_t kNoticeEvery = 16;
  [[gnu::noinline]] At take_unexpected_key(Scan& scan, At at, char before, KnownKey* last);
  KnownKey* find_or_add(std::string_view name);
  void forget();

  Meaning meaning_;
  size_t max_keys_;
  std::vector<KnownKey> keys_;    // never grows past what was reserved, so that addresses stay
  std::vector<KnownKey*> slots_;  // a hash table with linear search, at most half full
  KnownKey nothing_;
  KnownKey start_;
  KnownKey stranger_;
  Key unexpected_;
  uint64_t object_ = 0;
  size_t strangers_ = 0;
};

// Takes an object whose opening brace is at `at`. `take_member(key, at)` takes the value of each member.
template <typename TakeMember>
SLUICE_INLINE At take_object(Scan& scan, At at, KeyTrail& trail, const TakeMember& take_member) {
  const At inside = skip_space(at + 1, scan.end);
  if (*inside == '}' && inside < scan.end) return inside + 1;
  Key key;
  at = trail.take_key(scan, at, '{', trail.begin_object(), key);
  while (at != nullptr) [[likely]] {
      at = take_member(key, at);
      if (at == nullptr) [[unlikely]]
        return nullptr;
      at = skip_space(at, scan.end);
      if (*at == '}' && at < scan.end) return at + 1;
      at = trail.take_key(scan, at, ',', key.known, key);
    }
  return nullptr;
}

}  // namespace sluice::decode
