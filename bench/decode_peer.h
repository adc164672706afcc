// The peer of the decoding benchmark: simdjson's on-demand parser, reading the fields that the decoder reads.
//
// It does less: what it steps over (the image's members, other fields) it does not check, it tells no column,
// no kind and no duplicate. It is compiled for AVX2 on x86-64, since simdjson's on-demand code does not
// choose its instructions while running.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::bench {

// What both sides must agree on for the comparison to mean anything.
struct Tally {
  uint64_t changes = 0;
  uint64_t commit_ts_ns = 0;  // the sum
  uint64_t image_bytes = 0;   // of `after`, for deletes of `before`
  uint64_t name_bytes = 0;    // op, schema, table, txId
  friend bool operator==(const Tally&, const Tally&) = default;
};

// Each record must be followed by 64 readable bytes. Stops the program on a record that simdjson refuses.
Tally walk_on_demand(std::span<const std::string_view> records);
// simdjson's name of the code that the peer was compiled for.
std::string_view on_demand_code();

}  // namespace sluice::bench
