// KeyTrail: the keys that objects of one sort have had, and which key came after which.
//
// Records repeat each other's keys in the same order, so the next key is nearly always the one that followed
// last time: one comparison takes it, and everything known about it comes along. Whatever is not as expected
// is read in full and remembered; nothing is believed without being compared.
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

// A key as it stands in compact JSON: quote, name, quote, colon.
struct KnownKey {
  // PostgreSQL's names have at most 63 bytes.
  static constexpr size_t kMaxBytes = 80;
  alignas(16) std::array<char, kMaxBytes> text{};
  uint32_t size = UINT32_MAX;  // of `text`; the greatest for what never stands anywhere
  int field = -1;              // what the owner's Meaning gave for the name
  uint64_t seen_in = 0;        // the number of the last object that had it
  KnownKey* next = nullptr;    // the key that came after it last time
  KnownKey* other = nullptr;   // and the one before that

  SLUICE_INLINE bool stands_at(At at, At end) const {
    if (end - at < static_cast<std::ptrdiff_t>(size)) return false;
    if (size <= 16) return same_16(at, text.data(), size);
    return same_16(at, text.data(), 16) && std::memcmp(at + 16, text.data() + 16, size - 16) == 0;
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

  // `max_keys` is a power of two; a key takes about 130 bytes.
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
  // Takes the key that follows `last`, its colon included.
  SLUICE_INLINE At take_key(Scan& scan, At at, KnownKey* last, Key& key) {
    at = skip_space(at, scan.end);
    KnownKey* known = last->next;
    if (!known->stands_at(at, scan.end)) {
      known = last->other;
      if (!known->stands_at(at, scan.end)) [[unlikely]] {
        at = take_unexpected_key(scan, at, last);
        key = unexpected_;
        return at;
      }
    }
    key = {{at + 1, known->size - 3}, false, known};
    return at + known->size;
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
  [[gnu::noinline]] At take_unexpected_key(Scan& scan, At at, KnownKey* last);
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

// Takes the members of an object whose opening brace has been taken, and its closing brace.
// `take_member(key, at)` takes the value of each.
template <typename TakeMember>
SLUICE_INLINE At take_members(Scan& scan, At at, KeyTrail& trail, const TakeMember& take_member) {
  at = skip_space(at, scan.end);
  if (at < scan.end && *at == '}') return at + 1;
  KnownKey* last = trail.begin_object();
  while (true) {
    Key key;
    at = trail.take_key(scan, at, last, key);
    if (at == nullptr) [[unlikely]]
      return nullptr;
    last = key.known;
    at = take_member(key, at);
    if (at == nullptr) [[unlikely]]
      return nullptr;
    at = skip_space(at, scan.end);
    if (at >= scan.end || (*at != ',' && *at != '}')) [[unlikely]]
      return scan.unexpected(at);
    if (*at++ == '}') return at;
  }
}

}  // namespace sluice::decode
