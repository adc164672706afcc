// LineWindow: bytes of a stream that were read and not yet handed out, cut into lines without copying them.
//
// The memory that was read into becomes the block's memory; only the unfinished last line moves on to the
// next. Small blocks, as a slow pipe gives them, are copied into memory of their size instead, so that a
// second of them does not hold a gigabyte. Threads: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "change/block.h"

namespace sluice::source {

// `line` without the CR that may stand at its end.
std::string_view without_cr(std::string_view line);
// Whether it is nothing but spaces, tabs and CRs: no record.
bool is_blank(std::string_view line);

class LineWindow {
 public:
  // Where there are more records than this they are handed out in multiples of it, so that the batches made
  // of them can end exactly at their limit of rows.
  static constexpr size_t kStepRecords = 512;

  LineWindow(size_t block_bytes, size_t max_record_bytes);

  // Forgets every byte; the next one is at `offset` of the stream.
  void restart(uint64_t offset);

  // Where to read into; never empty, grown when a line needs it.
  char* room();
  size_t room_bytes() const { return capacity_ - used_; }
  void added(size_t bytes) { used_ += bytes; }

  // Bytes up to and with the last newline.
  size_t whole_lines();
  // What follows the last newline.
  std::string_view rest();
  std::string_view bytes() const { return {memory_.get(), used_}; }
  // Of the first byte not handed out.
  uint64_t offset() const { return offset_; }

  // The first `bytes` bytes as records of `shard`, or as many of them as make whole steps; the block's
  // source_bytes says how many. `bytes` ends with a newline or with the stream. Stops before a line longer
  // than max_record_bytes; too_long_at() then tells its offset. The block has no checkpoint yet and may have
  // no records.
  change::Block take(size_t bytes, const std::string& shard);
  // Also when the unfinished line is longer already.
  std::optional<uint64_t> too_long_at();

 private:
  std::unique_ptr<char[]> allocate(size_t bytes) const;
  size_t collect(size_t bytes, std::vector<change::RawRecord>& records);
  void place(change::Block& block, size_t bytes, const std::string& shard);

  size_t block_bytes_;
  size_t max_record_bytes_;
  std::unique_ptr<char[]> memory_;
  size_t capacity_ = 0;
  size_t used_ = 0;
  size_t scanned_ = 0;    // no newline between lines_end_ and here
  size_t lines_end_ = 0;  // behind the last newline found
  size_t records_hint_ = 16;
  uint64_t offset_ = 0;
  std::optional<uint64_t> too_long_at_;
};

}  // namespace sluice::source
