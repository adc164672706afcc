// Metrics: the function's numbers as CloudWatch's embedded metric format, one line of standard output.
//
// The only dimension is the stream: every further combination of values is a metric that is paid for, and
// one per shard or transaction would be thousands.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lambda/consumer.h"

namespace sluice::lambda {

// The line without its end. Of the times from commit to landed at most 100 are kept, spread evenly from the
// least to the greatest, which are among them: so many values a metric takes.
std::string metrics_line(const Account& account, std::string_view stream, int64_t wall_ns);

}  // namespace sluice::lambda
