#include "base/arena.h"

#include <algorithm>
#include <cstring>

namespace sluice {

namespace {
constexpr size_t kChunkBytes = 256 * 1024;
}

char* Arena::allocate(size_t bytes) {
  const size_t needed = bytes + kReadableSlack;
  if (chunks_.empty() || used_ + needed > chunks_.back().bytes) {
    const size_t size = std::max(needed, kChunkBytes);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    reserved_bytes_ += size;
    used_ = 0;
  }
  char* start = chunks_.back().memory.get() + used_;
  used_ += bytes;
  return start;
}

std::string_view Arena::copy(std::string_view text) {
  char* start = allocate(text.size());
  if (!text.empty()) std::memcpy(start, text.data(), text.size());  // an empty view may point nowhere
  return {start, text.size()};
}

void Arena::clear() {
  if (!chunks_.empty()) {
    chunks_.resize(1);
    reserved_bytes_ = chunks_.front().bytes;
  }
  used_ = 0;
}

}  // namespace sluice
