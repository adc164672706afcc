#include "decode/image.h"

#include <algorithm>
#include <deque>
#include <string>

#include "base/json_text.h"

namespace sluice::decode {

namespace {

constexpr size_t kMaxKeys = 4096;

// The slow way, for images whose keys are not all told apart by the trail.
bool has_duplicate_keys(std::span<const change::ImageField> fields) {
  std::deque<std::string> unescaped;
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const change::ImageField& field : fields) {
    if (field.key_escaped) {
      append_unescaped(unescaped.emplace_back(), field.key);
      names.emplace_back(unescaped.back());
    } else {
      names.push_back(field.key);
    }
  }
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

ImageReader::ImageReader() : trail_([](std::string_view) { return 0; }, kMaxKeys) {}

At ImageReader::take(Scan& scan, At at, int levels, FieldList& list, change::Image& image) {
  const At first = at;
  list.clear();
  bool fresh = true;
  at = take_object(scan, at, trail_, [&](const Key& key, At place) {
    fresh &= trail_.note(key.known);
    Value value;
    place = take_value(scan, place, value, levels + 1);
    change::ImageField& field = list.append();
    field.key = key.inside;
    field.value = value.text;
    field.kind = value.kind;
    field.key_escaped = key.escaped;
    return place;
  });
  if (at == nullptr) return nullptr;
  image.json = {first, static_cast<size_t>(at - first)};
  image.fields = list.fields();
  if (!fresh || (trail_.strangers() != 0 && has_duplicate_keys(image.fields))) [[unlikely]]
    return scan.fail(Fault::DuplicateKey, first);
  return at;
}

}  // namespace sluice::decode
