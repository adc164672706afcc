#include "net/authorities.h"

#include <unistd.h>

namespace sluice::net {

std::string system_authorities() {
  for (const char* path : {"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt",
                           "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem"})
    if (::access(path, R_OK) == 0) return path;
  return {};
}

}  // namespace sluice::net
