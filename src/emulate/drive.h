// Driving a small shop: customers, products, orders and order_items, changed in transactions at a steady
// rate.
//
// The schema is legal in Aurora DSQL (keys made by the client, no foreign keys, no sequences, no arrays) and
// shows most of its types. It is made when missing, so a run continues where another one stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace sluice::emulate {

struct DriveOptions {
  std::string dsn;
  double rate = 50;     // transactions per second; 0: as fast as it goes
  double seconds = 10;  // 0: until `stop`
  uint64_t seed = 1;
  bool schema_only = false;
};

struct DriveSummary {
  int64_t transactions = 0;
  int64_t inserts = 0;  // rows, before any net effect
  int64_t updates = 0;
  int64_t deletes = 0;
  double seconds = 0;
};

// Runs for `seconds` or until `stop`; every transaction is finished when it returns. The same seed makes the
// same choices on the same state of the shop. Errors: Refused (cannot connect, a table of another shape has a
// shop table's name), Unavailable (connection lost).
Result<DriveSummary> drive(const DriveOptions& options, const std::atomic<bool>& stop);

// The statements that make the shop, for people and tests.
std::string shop_schema();

}  // namespace sluice::emulate
