// Arena: bytes that live as long as one batch.
//
// Addresses stay valid until clear() or destruction; nothing is freed one by one. Threads: one owner at a
// time.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice {

// Bytes that may be read past the end of every text handed to the scanner, so that it can load whole vectors.
inline constexpr size_t kReadableSlack = 64;

class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  // Room for `bytes` bytes, unaligned, followed by kReadableSlack readable ones.
  char* allocate(size_t bytes);
  // A copy of `text` that lives as long as the arena.
  std::string_view copy(std::string_view text);
  // Forgets everything; every view handed out so far is dead. Keeps one chunk for the next use.
  void clear();
  // Bytes held from the system.
  size_t reserved_bytes() const { return reserved_bytes_; }

 private:
  struct Chunk {
    std::unique_ptr<char[]> memory;
    size_t bytes = 0;
  };
  std::vector<Chunk> chunks_;
  size_t used_ = 0;  // of the last chunk
  size_t reserved_bytes_ = 0;
};

}  // namespace sluice
