// Where the system keeps the certificates of the authorities that TLS believes.
#pragma once

#include <string>

namespace sluice::net {

// The first file that can be read of those where Amazon Linux, Debian and others keep them; empty when there
// is none.
std::string system_authorities();

}  // namespace sluice::net
