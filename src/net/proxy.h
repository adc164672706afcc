// Which proxy, if any, a request goes through.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/environment.h"
#include "net/url.h"

namespace sluice::net {

struct ProxySettings {
  std::optional<Url> for_https;  // HTTPS_PROXY; reached by CONNECT, so it sees only a host's name
  std::optional<Url> for_http;   // HTTP_PROXY
  std::vector<std::string> no_proxy;
};

// From HTTPS_PROXY, HTTP_PROXY and NO_PROXY, or the same in small letters (which win, as for curl). Fails
// Refused when one of them is no http:// address; what it holds is not repeated, it may be a password.
Result<ProxySettings> proxy_settings(const Environment& environment);

// The proxy for `url`; null when it is reached directly. Loopback and link-local addresses (where instances
// and containers keep their credentials) are never sent through a proxy, whatever the settings say. An entry
// of NO_PROXY is `*`, a host, a domain (`.example.com` or `example.com`, both with what is below it), or an
// address; `:port` narrows it. Address ranges (10.0.0.0/8) are not understood.
const Url* proxy_for(const ProxySettings& settings, const Url& url);

}  // namespace sluice::net
