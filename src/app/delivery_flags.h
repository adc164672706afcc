// The flags of generate and emulate that say how badly records are delivered.
#pragma once

#include "app/options.h"
#include "base/result.h"
#include "emulate/delivery.h"

namespace sluice::app {

// From seed, duplicates and reorder (a number, or `all`).
Result<emulate::DeliveryOptions> delivery_of(const Options& options);

}  // namespace sluice::app
