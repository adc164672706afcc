// Which Region, and at which address a service is asked there.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/credentials.h"

namespace sluice::net {

struct EndpointSettings {
  std::string region;
  bool fips = false;
  bool dual_stack = false;
  std::string url;                          // for every service that has none of its own; empty: AWS
  std::map<std::string, std::string> urls;  // by service as endpoint_url() names it
};

// The address of `service` ("kinesis", "redshift-data", "dsql", "sts", "s3", ...) in the Region, without a
// slash at its end: what the settings say, otherwise AWS's for the partition (aws, aws-cn, aws-us-gov).
// Refused when the Region is none, or in a partition whose addresses are not public.
Result<std::string> endpoint_url(const EndpointSettings& settings, std::string_view service);

// AWS_REGION, AWS_DEFAULT_REGION, the profile, and last the instance's metadata service, which is asked only
// then. AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the same in the profile; AWS_USE_FIPS_ENDPOINT,
// AWS_USE_DUALSTACK_ENDPOINT. `region` is what the user asked for, if so. Refused, naming every place, when
// no Region is found or a setting is no address.
Result<EndpointSettings> endpoint_settings(const Surroundings& surroundings, const std::string& region = {});

}  // namespace sluice::net
