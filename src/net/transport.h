// The HttpTransport that talks to real servers: HTTP/1.1, TLS 1.2 or later, a pool of open connections.
//
// A server is trusted when its certificate leads to the system's authorities and names the host that was
// asked for; there is no switch to turn that off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "net/environment.h"
#include "net/http.h"
#include "net/proxy.h"

namespace sluice::net {

struct TransportOptions {
  ProxySettings proxies;
  // A file of certificates (PEM) that replaces the system's authorities; empty: OpenSSL's own, which
  // SSL_CERT_FILE and SSL_CERT_DIR may move.
  std::string authorities_file;
  // A reply beyond this is Refused. GetRecords gives 10 MiB of data, 13.4 MiB as base64, and then some.
  size_t max_reply_bytes = 64U << 20;
  // Open connections kept for the next request, per host. More may be in use at once.
  size_t max_idle_per_host = 8;
  // One that was idle for longer is not trusted to be open; AWS closes them after a minute or so.
  int64_t max_idle_ms = 20'000;
  // Reads the authorities when the first https address is asked for, not before: that takes as long as a
  // small program's whole start. What is wrong with them is then that request's error.
  bool late_authorities = false;
  // To connect, shake hands and pass the proxy; never more than the request's own time.
  int64_t connect_timeout_ms = 10'000;
};

// Proxies and authorities as AWS's tools find them: HTTPS_PROXY and friends, AWS_CA_BUNDLE, SSL_CERT_FILE.
Result<TransportOptions> transport_options(const Environment& environment);

// Fails Refused when the authorities cannot be read. A slow name server can hold a request up past its time,
// by at most what the system's resolver allows itself (10 s as it comes).
Result<std::unique_ptr<HttpTransport>> make_transport(TransportOptions options);

}  // namespace sluice::net
