// STS: temporary credentials for a role.
#pragma once

#include <string>

#include "base/result.h"
#include "net/credentials.h"

namespace sluice::net {

struct Role {
  std::string arn;
  std::string session_name = "sluice";
  std::string external_id;  // empty: none
};

// Both fail Refused when STS says no, naming its code and the role, and Unavailable when it does not answer
// or asks for less. The Region is the settings' one, us-east-1 when there is none.
Result<Credentials> assume_role(const Surroundings& surroundings, const Role& role,
                                const Credentials& source);
// `token` is the OpenID Connect token, which proves who asks; the request is not signed.
Result<Credentials> assume_role_with_web_identity(const Surroundings& surroundings, const Role& role,
                                                  const std::string& token);

}  // namespace sluice::net
