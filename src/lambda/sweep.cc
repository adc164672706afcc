#include "lambda/sweep.h"

#include <fmt/format.h>

#include <utility>

namespace sluice::lambda {
namespace {

// For one chunk: its pieces are read, written to quarantine and removed.
constexpr int64_t kChunkReserveNs = 3'000'000'000;

}  // namespace

Sweep::Sweep(SharedFragments& fragments, Consumer& consumer, const Clock& clock, SweepOptions options,
             uint64_t seed)
    : fragments_(fragments),
      consumer_(consumer),
      clock_(clock),
      options_(options),
      from_(SharedFragments::place_in_list(seed)) {}

Consumer::Settled Sweep::go_on(std::string_view stream, int64_t deadline_ns) {
  Consumer::Settled all;
  if (pause_until_ns_ && clock_.steady_ns() < *pause_until_ns_) return all;
  if (clock_.steady_ns() + kChunkReserveNs > deadline_ns) return all;
  const int64_t before_ms = clock_.wall_ns() / 1'000'000 - options_.incomplete_after_ms;
  const Result<OldChunks> old = fragments_.find_old(from_, before_ms);
  if (!old.ok()) {
    all.trouble = old.error().message;
    pause_until_ns_ = clock_.steady_ns() + options_.pause_ms * 1'000'000;
    return all;
  }
  for (const std::string& place : old.value().places) {
    if (clock_.steady_ns() + kChunkReserveNs > deadline_ns) {
      // The same list comes again.
      return all;
    }
    Arena arena;
    Result<PieceOutcome> outcome = fragments_.expire(place, before_ms, arena);
    Consumer::Settled settled;
    if (!outcome.ok()) {
      settled.trouble = outcome.error().message;
    } else if (outcome.value().fate != assemble::Fate::Waits) {
      settled = consumer_.settle(std::move(outcome).value(), stream, deadline_ns);
    }
    all.account.add(settled.account);
    if (all.trouble.empty()) all.trouble = std::move(settled.trouble);
  }
  from_ = old.value().next;
  if (!from_.empty()) return all;
  // The part before the beginning comes next, and then there is nothing to do for a while.
  if (is_second_half_) pause_until_ns_ = clock_.steady_ns() + options_.pause_ms * 1'000'000;
  is_second_half_ = !is_second_half_;
  return all;
}

}  // namespace sluice::lambda
