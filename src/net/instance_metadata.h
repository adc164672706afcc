// The metadata service of an EC2 instance, version 2: a token first, then what is asked.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/credentials.h"

namespace sluice::net {

// The text at `path` (/latest/meta-data/placement/region). At AWS_EC2_METADATA_SERVICE_ENDPOINT when that is
// set, otherwise 169.254.169.254. Errors: Refused with the reason "no-instance" when there is no such service
// (switched off by AWS_EC2_METADATA_DISABLED, or nobody answers within a second), "no-such-metadata" for a
// 404; Unavailable when it is there but fails.
Result<std::string> instance_metadata(const Surroundings& surroundings, std::string_view path);

}  // namespace sluice::net
