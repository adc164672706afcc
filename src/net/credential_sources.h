// The places where credentials may come from, one function each.
//
// Each gives nothing when it is not configured, and an error when it is but fails: then nobody else is asked,
// since a program that quietly uses other rights than it was given is worse than one that stops.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "net/credentials.h"
#include "net/shared_config.h"

namespace sluice::net {

using FoundCredentials = std::optional<Credentials>;

Result<FoundCredentials> credentials_of_environment(const Surroundings& surroundings);
// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME.
Result<FoundCredentials> credentials_of_web_identity(const Surroundings& surroundings);
// The profile's own keys, its role, or its credential_process. A profile that logs in by SSO or wants a code
// from a device is Refused as not supported.
Result<FoundCredentials> credentials_of_profile(const Surroundings& surroundings, const SharedConfig& shared,
                                                const std::string& profile);
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS) or _FULL_URI (EKS Pod Identity): by https anywhere, by http
// only on this host or at the addresses that ECS and EKS use.
Result<FoundCredentials> credentials_of_container(const Surroundings& surroundings);
// The role of the EC2 instance; nothing when there is no metadata service or no role. `why` then says which.
Result<FoundCredentials> credentials_of_instance(const Surroundings& surroundings, std::string& why);

}  // namespace sluice::net
