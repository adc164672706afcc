// Delivery: hands records on as an at-least-once, unordered stream does: repeated, late and out of order.
//
// Nothing is lost: every record comes out at least once. The same seed and calls give the same output.
// Memory: at most about reorder + 256 records (all of them with kShuffleAll). Threads: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "emulate/random.h"

namespace sluice::emulate {

// As `reorder`: hold everything back and give it out in a random order in flush().
inline constexpr size_t kShuffleAll = std::numeric_limits<size_t>::max();

struct DeliveryOptions {
  uint64_t seed = 0;
  double duplicates = 0;  // probability that a set is delivered again (and again), later
  size_t reorder = 0;     // a record comes out at most this many records late; 0 keeps the order
};

struct DeliveryCounts {
  int64_t delivered = 0;     // records given out, repeats included
  int64_t repeats = 0;       // of them, records that were given out again
  int64_t sets_again = 0;    // whole sets repeated
  int64_t pieces_again = 0;  // single pieces of a set repeated
};

class Delivery {
 public:
  // `take` gets every record once it is due; the view dies with the call. Its error stops the call it came
  // from and is returned there.
  using Take = std::function<Result<void>(std::string_view record)>;
  // Gives the same set as it is when the source sends it again, with a new processing time.
  using Again = std::function<std::vector<std::string>()>;

  Delivery(DeliveryOptions options, Take take);

  // Adds the records of one change: one, or a head with its fragments. When it is repeated, `again` is asked
  // for the records to send (as many as `set`); without it the same bytes come again.
  Result<void> add(std::span<const std::string> set, const Again& again = {});
  // Adds a record that stands alone.
  Result<void> add(std::string_view record);
  // Gives out what is still held, in its order (for a live stream that pauses). Records keep coming after it.
  Result<void> flush();
  const DeliveryCounts& counts() const { return counts_; }

 private:
  struct Held {
    uint64_t due = 0;
    uint64_t number = 0;  // ties keep the order of arrival
    std::string text;
  };
  static bool later(const Held& left, const Held& right);

  void hold(std::string text, uint64_t extra_delay);
  void hold_again(std::span<const std::string> set, const Again& again);
  Result<void> release();
  Result<void> give_out_first();

  DeliveryOptions options_;
  Take take_;
  Random random_;
  DeliveryCounts counts_;
  std::vector<Held> held_;  // a heap, the first due on top
  uint64_t clock_ = 0;      // records added so far
  uint64_t number_ = 0;
};

}  // namespace sluice::emulate
