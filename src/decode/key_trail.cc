#include "decode/key_trail.h"

#include <algorithm>
#include <bit>
#include <string>

#include "base/json_text.h"

namespace sluice::decode {

namespace {

// Mixes the length with the first and the last eight bytes. Eight bytes from the start of `name` must be
// readable.
uint64_t hash_of(std::string_view name) {
  uint64_t first = 0;
  std::memcpy(&first, name.data(), 8);
  uint64_t last = 0;
  if (name.size() < 8) {
    first &= (uint64_t{1} << (8 * name.size())) - 1;
  } else {
    std::memcpy(&last, name.data() + name.size() - 8, 8);
  }
  return ((first ^ std::rotl(last, 23) ^ name.size()) * 0x9E3779B97F4A7C15U) >> 40;
}

}  // namespace

void UsualValue::notice(const Value& value) {
  const bool whole =
      value.is_string() || value.kind == change::ValueKind::Null || value.kind == change::ValueKind::Bool;
  if (!whole || value.escaped || value.text.size() > text_.size()) {
    repeats_ = 0;
    return;
  }
  if (value.text == std::string_view(text_.data(), size_)) {
    repeats_ = std::min(repeats_ + 1, kUsual);
    return;
  }
  repeats_ = 0;
  std::memcpy(text_.data(), value.text.data(), value.text.size());
  size_ = static_cast<uint32_t>(value.text.size());
  which_ = static_cast<uint32_t>((uint64_t{1} << size_) - 1);
  kind_ = value.kind;
}

KeyTrail::KeyTrail(Meaning meaning, size_t max_keys)
    : meaning_(meaning), max_keys_(max_keys), slots_(2 * max_keys) {
  keys_.reserve(max_keys);
  forget();
}

void KeyTrail::forget() {
  keys_.clear();
  std::fill(slots_.begin(), slots_.end(), nullptr);
  start_.next = start_.other = &nothing_;
  stranger_ = start_;
}

// Too many names on one slot are a coincidence or an attack; both may be strangers.
KnownKey* KeyTrail::find_or_add(std::string_view name) {
  constexpr size_t kMaxSteps = 16;
  if (name.size() + 3 > KnownKey::kMaxBytes) return &stranger_;
  const uint64_t hash = hash_of(name);
  for (size_t step = 0; step < kMaxSteps; ++step) {
    KnownKey*& slot = slots_[(hash + step) & (slots_.size() - 1)];
    if (slot == nullptr) {
      if (keys_.size() == max_keys_) return &stranger_;
      slot = &keys_.emplace_back();
      slot->text[0] = '"';
      std::memcpy(slot->text.data() + 1, name.data(), name.size());
      std::memcpy(slot->text.data() + 1 + name.size(), "\":", 2);
      slot->size = static_cast<uint32_t>(name.size() + 3);
      slot->first_32 = static_cast<uint32_t>((uint64_t{1} << std::min<size_t>(slot->size, 32)) - 1);
      slot->field = meaning_(name);
      slot->next = slot->other = &nothing_;
      return slot;
    }
    if (slot->size == name.size() + 3 && std::memcmp(slot->text.data() + 1, name.data(), name.size()) == 0)
      return slot;
  }
  return &stranger_;
}

At KeyTrail::take_unexpected_key(Scan& scan, At at, char before, KnownKey* last) {
  at = take(scan, at, before);
  if (at == nullptr) return nullptr;
  at = skip_space(at, scan.end);
  for (KnownKey* const known : {last->next, last->other}) {
    if (!known->stands_at(at, scan.end)) continue;
    unexpected_ = {{at + 1, known->size - 3}, false, known};
    return at + known->size;
  }
  at = take(scan, at, '"');
  if (at == nullptr) return nullptr;
  const At first = at;
  const StringEnd string = take_string(scan, at);
  if (string.at == nullptr) return nullptr;
  at = take(scan, string.at, ':');
  if (at == nullptr) return nullptr;
  const std::string_view inside(first, static_cast<size_t>(string.at - 1 - first));
  KnownKey* known = string.escaped ? &stranger_ : find_or_add(inside);
  if (known == &stranger_) {
    ++strangers_;
    std::string name;
    if (string.escaped) append_unescaped(name, inside);
    stranger_.field = meaning_(string.escaped ? name : inside);
  } else if (last->next != known) {
    last->other = last->next;
    last->next = known;
  }
  unexpected_ = {inside, string.escaped, known};
  return at;
}

}  // namespace sluice::decode
