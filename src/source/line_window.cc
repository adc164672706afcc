#include "source/line_window.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/check.h"

namespace sluice::source {
namespace {

size_t digits_of(uint64_t number) {
  size_t digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

}  // namespace

std::string_view without_cr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool is_blank(std::string_view line) {
  if (line.empty()) return true;
  if (line.front() > ' ') return false;
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

LineWindow::LineWindow(size_t block_bytes, size_t max_record_bytes)
    : block_bytes_(std::max<size_t>(block_bytes, 1)), max_record_bytes_(max_record_bytes) {
  restart(0);
}

std::unique_ptr<char[]> LineWindow::allocate(size_t bytes) const {
  auto memory = std::make_unique_for_overwrite<char[]>(bytes + kReadableSlack);
  std::memset(memory.get() + bytes, 0, kReadableSlack);
  return memory;
}

void LineWindow::restart(uint64_t offset) {
  if (memory_ == nullptr) {
    capacity_ = block_bytes_;
    memory_ = allocate(capacity_);
  }
  used_ = scanned_ = lines_end_ = 0;
  offset_ = offset;
  too_long_at_.reset();
}

char* LineWindow::room() {
  if (used_ == capacity_) {
    const size_t larger = capacity_ * 2;
    auto memory = allocate(larger);
    std::memcpy(memory.get(), memory_.get(), used_);
    memory_ = std::move(memory);
    capacity_ = larger;
  }
  return memory_.get() + used_;
}

size_t LineWindow::whole_lines() {
  if (scanned_ < used_) {
    const void* newline = ::memrchr(memory_.get() + scanned_, '\n', used_ - scanned_);
    if (newline != nullptr) {
      lines_end_ = static_cast<size_t>(static_cast<const char*>(newline) - memory_.get()) + 1;
    }
    scanned_ = used_;
  }
  return lines_end_;
}

std::string_view LineWindow::rest() { return bytes().substr(whole_lines()); }

std::optional<uint64_t> LineWindow::too_long_at() {
  if (!too_long_at_) {
    const std::string_view open = rest();
    // One byte more than allowed may still be the CR before the newline.
    if (open.size() > max_record_bytes_ + 1 || without_cr(open).size() > max_record_bytes_) {
      too_long_at_ = offset_ + lines_end_;
    }
  }
  return too_long_at_;
}

// Finds the records of the first `bytes` bytes; gives the bytes that hold them, which is fewer when a line is
// too long or when the records are cut to whole steps.
size_t LineWindow::collect(size_t bytes, std::vector<change::RawRecord>& records) {
  const char* const start = memory_.get();
  const char* const end = start + bytes;
  const char* at = start;
  size_t step_end = bytes;  // where the last whole step of records ends
  while (at < end) {
    const auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    const char* const line_end = newline != nullptr ? newline : end;
    const std::string_view line = without_cr({at, static_cast<size_t>(line_end - at)});
    if (line.size() > max_record_bytes_) {
      if (records.size() > kStepRecords) break;
      too_long_at_ = offset_ + static_cast<uint64_t>(at - start);
      return static_cast<size_t>(at - start);
    }
    if (!is_blank(line)) records.push_back({{}, line});
    at = newline != nullptr ? newline + 1 : end;
    if (records.size() % kStepRecords == 0) step_end = static_cast<size_t>(at - start);
  }
  if (records.size() <= kStepRecords) return bytes;
  records.resize(records.size() - records.size() % kStepRecords);
  return step_end;
}

change::Block LineWindow::take(size_t bytes, const std::string& shard) {
  CHECK(bytes <= used_);
  change::Block block;
  block.shard = shard;
  block.records.reserve(records_hint_);
  bytes = collect(bytes, block.records);
  records_hint_ = std::max<size_t>(block.records.size() + 16, 16);
  block.source_bytes = bytes;
  place(block, bytes, shard);
  return block;
}

// Moves the first `bytes` bytes into the block, and gives every record its position.
void LineWindow::place(change::Block& block, size_t bytes, const std::string& shard) {
  const size_t digits = digits_of(offset_ + bytes);
  const size_t text_bytes = shard.size() + block.records.size() * digits;
  const char* const old_start = memory_.get();
  const size_t left = used_ - bytes;
  char* texts = nullptr;
  if (bytes <= block_bytes_ / 4) {
    // Lines, slack, then the texts, in one allocation.
    block.memory = allocate(bytes + kReadableSlack + text_bytes);
    std::memcpy(block.memory.get(), old_start, bytes);
    std::memset(block.memory.get() + bytes, 0, kReadableSlack);
    texts = block.memory.get() + bytes + kReadableSlack;
  } else {
    texts = block.arena.allocate(text_bytes);
  }
  const char* const new_start = block.memory ? block.memory.get() : old_start;
  const std::string_view shard_text(texts, shard.size());
  texts = std::ranges::copy(shard, texts).out;
  for (change::RawRecord& record : block.records) {
    const auto at = static_cast<size_t>(record.bytes.data() - old_start);
    const auto [end, error] = std::to_chars(texts, texts + digits, offset_ + at);
    record.position = {shard_text, {texts, static_cast<size_t>(end - texts)}};
    record.bytes = {new_start + at, record.bytes.size()};
    texts = end;
  }
  block.memory_bytes = bytes;
  if (block.memory) {
    std::memmove(memory_.get(), old_start + bytes, left);
  } else {
    const size_t capacity = std::max(block_bytes_, left + left / 2);
    auto memory = allocate(capacity);
    std::memcpy(memory.get(), old_start + bytes, left);
    block.memory = std::move(memory_);
    memory_ = std::move(memory);
    capacity_ = capacity;
  }
  used_ = left;
  scanned_ = scanned_ > bytes ? scanned_ - bytes : 0;
  lines_end_ = lines_end_ > bytes ? lines_end_ - bytes : 0;
  offset_ += bytes;
}

}  // namespace sluice::source
