#include "catalog/seen.h"

#include <string>

#include "base/json_text.h"

namespace sluice::catalog {

using change::ImageField;
using change::SeenColumn;

size_t SeenColumns::find_or_add(const ImageField& field, int64_t commit_ts_ns, uint32_t ordinal,
                                bool& changed) {
  std::string name;
  append_unescaped(name, field.key);
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return i;
  }
  columns_.push_back({std::move(name), 0, commit_ts_ns, ordinal});
  changed = true;
  return columns_.size() - 1;
}

bool SeenColumns::note(const change::Image& image, int64_t commit_ts_ns) {
  bool changed = false;
  last_shape_.resize(image.fields.size(), SIZE_MAX);
  for (uint32_t ordinal = 0; ordinal < image.fields.size(); ++ordinal) {
    const ImageField& field = image.fields[ordinal];
    size_t& at = last_shape_[ordinal];
    if (at >= columns_.size() || field.key_escaped || columns_[at].name != field.key) {
      at = find_or_add(field, commit_ts_ns, ordinal, changed);
    }
    SeenColumn& column = columns_[at];
    const auto kinds = static_cast<change::KindSet>(column.kinds | change::kind_bit(field.kind));
    const bool earlier = commit_ts_ns < column.first_commit_ts_ns ||
                         (commit_ts_ns == column.first_commit_ts_ns && ordinal < column.ordinal);
    if (kinds == column.kinds && !earlier) [[likely]]
      continue;
    changed = true;
    column.kinds = kinds;
    if (earlier) {
      column.first_commit_ts_ns = commit_ts_ns;
      column.ordinal = ordinal;
    }
  }
  return changed;
}

}  // namespace sluice::catalog
