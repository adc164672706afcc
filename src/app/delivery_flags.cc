#include "app/delivery_flags.h"

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::app {

Result<emulate::DeliveryOptions> delivery_of(const Options& options) {
  constexpr uint64_t kMostReorder = 10'000'000;
  emulate::DeliveryOptions delivery;
  delivery.seed = static_cast<uint64_t>(options.number("seed"));
  delivery.duplicates = options.ratio("duplicates");
  const std::string& text = options.text("reorder");
  if (text == "all") {
    delivery.reorder = emulate::kShuffleAll;
    return delivery;
  }
  const auto records = parse_uint64(text);
  if (!records || *records > kMostReorder) {
    return refused(
        fmt::format("--reorder is '{}'; it takes a number of records up to {}, or all.", text, kMostReorder));
  }
  delivery.reorder = static_cast<size_t>(*records);
  return delivery;
}

}  // namespace sluice::app
