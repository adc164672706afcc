// MappingRules: what about a function's settings and its event source mappings can lose changes without a
// word, or stop a shard.
//
// A mapping does what it was told: without ReportBatchItemFailures it takes a failed answer for success, a
// filter drops records that nobody ever sees. The function cannot notice either, so they are looked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/lambda.h"

namespace sluice::lambda {

enum class Danger : uint8_t {
  Loss,    // changes can go without a trace
  Stall,   // nothing is lost, but a shard or the whole function stands still
  Advice,  // works, but at a price
};

// `what` says what is set and what comes of it, `remedy` what to set: one sentence each.
struct Finding {
  Danger danger = Danger::Advice;
  std::string what;
  std::string remedy;
};

bool is_stream(const aws::EventSourceMapping& mapping);

// Worst first.
std::vector<Finding> judge_function(const aws::FunctionConfiguration& function);
// `retention_hours` of the stream that the mapping reads; nothing when it is not known, or it is a queue.
std::vector<Finding> judge_mapping(const aws::EventSourceMapping& mapping,
                                   std::optional<int64_t> retention_hours);
// Whether the whole of them reads a stream at all.
std::vector<Finding> judge_mappings(const std::vector<aws::EventSourceMapping>& mappings);

// "Loss", "Stall", "Advice".
std::string danger_name(Danger danger);

}  // namespace sluice::lambda
