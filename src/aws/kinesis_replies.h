// What Kinesis answers, taken out of its JSON. For kinesis.cc and the fuzzer.
//
// Every function fails Malformed with the reason "bad-reply" and a message that names the member; none
// repeats what the reply holds.
#pragma once

#include <string>
#include <vector>

#include "aws/kinesis.h"

namespace sluice::aws {

struct ShardsPage {
  std::vector<Shard> shards;
  std::string next_token;  // empty: that was the last page
};

Result<StreamSummary> parse_stream_summary(const std::string& body);
Result<ShardsPage> parse_shards_page(const std::string& body);
Result<std::string> parse_iterator(const std::string& body);
Result<PutOutcome> parse_put_outcome(const std::string& body, size_t records);

}  // namespace sluice::aws
