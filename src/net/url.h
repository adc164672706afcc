// Url: an http or https address taken apart, and percent-encoding as AWS signs it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::net {

struct Url {
  bool tls = false;
  std::string user_info;  // only a proxy's address may have it; never shown
  std::string host;       // lower case; an IPv6 address without its brackets
  uint16_t port = 0;
  bool default_port = true;  // 80 or 443, as the scheme says
  std::string path = "/";    // as it stands in the address, at least "/"
  std::string query;         // without "?"

  // "host" or "host:port", as the Host header and a signature have it.
  std::string authority() const;
  // Path and query as a request line has them.
  std::string target() const { return query.empty() ? path : path + "?" + query; }
};

// Fails Refused without repeating the address beyond its host, since an address may hold a password.
Result<Url> parse_url(std::string_view text);

// Every byte but A-Z a-z 0-9 - . _ ~ as %XX with capital digits (RFC 3986); '/' stays when asked.
std::string percent_encode(std::string_view text, bool keep_slashes = false);
// %XX as bytes; what is no such sequence stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace sluice::net
