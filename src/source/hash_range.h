// HashRange: the part of the hash keys that a shard takes, and what no shard takes.
//
// Kinesis gives every record to the open shard whose range holds the MD5 of its partition key. Where the open
// shards leave a hole, either a resharding is under way or the list is not complete, and records are missed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::source {

__extension__ using Uint128 = unsigned __int128;

struct HashRange {
  Uint128 first = 0;
  Uint128 last = 0;  // inclusive
};

// From the decimals that Kinesis writes. Errors: Malformed when one is not a number below 2^128 or they are
// the wrong way round.
Result<HashRange> parse_hash_range(std::string_view first, std::string_view last);

// What of 0..2^128-1 none of `ranges` holds, in order. The ranges may overlap and come in any order.
std::vector<HashRange> uncovered(std::vector<HashRange> ranges);

// How much of all keys the ranges hold, as people read it: "12.5 %".
std::string share_text(std::span<const HashRange> ranges);

}  // namespace sluice::source
