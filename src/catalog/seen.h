// What the images themselves say of a table: which columns, which kinds of value.
//
// The result is a union over everything seen, never "the latest", because records arrive in any order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "change/batch.h"

namespace sluice::catalog {

// Notes the columns of one table. Not thread-safe.
class SeenColumns {
 public:
  // Continues from what is stored; `columns` is updated in place by note() and must outlive this.
  explicit SeenColumns(std::vector<change::SeenColumn>& columns) : columns_(columns) {}

  // Takes in one image of a commit. True when something is new: a column, a kind of value, an earlier commit
  // that already had the column.
  bool note(const change::Image& image, int64_t commit_ts_ns);

 private:
  size_t find_or_add(const change::ImageField& field, int64_t commit_ts_ns, uint32_t ordinal, bool& changed);

  std::vector<change::SeenColumn>& columns_;
  // The columns of the last image in its order: nearly every image of a table looks like the one before.
  std::vector<size_t> last_shape_;
};

}  // namespace sluice::catalog
