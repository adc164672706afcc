#include "emulate/delivery.h"

#include <algorithm>
#include <utility>

namespace sluice::emulate {
namespace {

// A repeat comes at most this many records after its original when nothing is reordered.
constexpr uint64_t kRepeatSpan = 256;
// How often one set is delivered again at most.
constexpr int kMostRepeats = 3;
// Tells this generator apart from others of the same seed.
constexpr uint64_t kDeliveryStream = 0xDE11;

}  // namespace

Delivery::Delivery(DeliveryOptions options, Take take)
    : options_(options), take_(std::move(take)), random_(options.seed, kDeliveryStream) {}

bool Delivery::later(const Held& left, const Held& right) {
  return std::pair(left.due, left.number) > std::pair(right.due, right.number);
}

void Delivery::hold(std::string text, uint64_t extra_delay) {
  Held held;
  held.number = number_++;
  held.text = std::move(text);
  if (options_.reorder == kShuffleAll) {
    held.due = random_.next();
  } else {
    held.due = clock_ + extra_delay + (options_.reorder == 0 ? 0 : random_.below(options_.reorder + 1));
  }
  held_.push_back(std::move(held));
  std::push_heap(held_.begin(), held_.end(), later);
}

void Delivery::hold_again(std::span<const std::string> set, const Again& again) {
  std::vector<std::string> repeated;
  if (again) {
    repeated = again();
    CHECK(repeated.size() == set.size());
  } else {
    repeated.assign(set.begin(), set.end());
  }
  const uint64_t delay = 1 + random_.below(kRepeatSpan);
  if (set.size() > 1 && random_.one_in(2)) {
    ++counts_.pieces_again;
    ++counts_.repeats;
    hold(std::move(repeated[random_.index(repeated.size())]), delay);
    return;
  }
  ++counts_.sets_again;
  counts_.repeats += static_cast<int64_t>(set.size());
  for (std::string& text : repeated) hold(std::move(text), delay);
}

Result<void> Delivery::add(std::span<const std::string> set, const Again& again) {
  if (options_.reorder == 0 && options_.duplicates <= 0) {
    for (const std::string& record : set) {
      ++counts_.delivered;
      TRY(take_(record));
    }
    return {};
  }
  for (const std::string& record : set) {
    ++clock_;
    hold(record, 0);
  }
  for (int times = 0; times < kMostRepeats && random_.chance(options_.duplicates); ++times) {
    hold_again(set, again);
  }
  return release();
}

Result<void> Delivery::add(std::string_view record) {
  const std::string text(record);
  return add(std::span(&text, 1));
}

Result<void> Delivery::give_out_first() {
  std::pop_heap(held_.begin(), held_.end(), later);
  const std::string text = std::move(held_.back().text);
  held_.pop_back();
  ++counts_.delivered;
  return take_(text);
}

Result<void> Delivery::release() {
  if (options_.reorder == kShuffleAll) return {};
  while (!held_.empty() && held_.front().due <= clock_) TRY(give_out_first());
  return {};
}

Result<void> Delivery::flush() {
  while (!held_.empty()) TRY(give_out_first());
  return {};
}

}  // namespace sluice::emulate
