// Aurora DSQL: the token that is a connection's password. Made here; nobody is asked.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "net/sigv4.h"

namespace sluice::aws {

// The Region in <26 characters>.dsql.<region>.on.aws; empty for another name, as of a private endpoint.
std::string region_of_dsql(const std::string& host);

// Of DbConnectAdmin for the user admin, of DbConnect for any other. It opens connections for 15 minutes from
// `wall_ns` on. A credential: do not show it. Refused when `host` is no name of a host.
Result<std::string> dsql_auth_token(const std::string& host, const std::string& region,
                                    const std::string& user, const net::Credentials& credentials,
                                    int64_t wall_ns);

}  // namespace sluice::aws
