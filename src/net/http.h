// HTTP as values, and the seam that sends them.
//
// A request is sent once and its reply is given back whatever its status: a 500 or a redirect is a reply, not
// an error, and nothing is ever followed. What a status means is for the caller to know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::net {

struct Header {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;                   // scheme://host[:port]/path?query, already percent-encoded
  std::vector<Header> headers = {};  // Host, Content-Length and Connection are the transport's
  std::string body = {};
  // Sending it twice does no harm, so a pooled connection that turns out dead is replaced without asking.
  bool repeatable = false;
};

struct HttpResponse {
  int status = 0;
  std::vector<Header> headers;
  std::string body = {};

  // The first header of that name, in any case of letters.
  std::optional<std::string_view> header(std::string_view name) const;
};

// Whether two header names are the same: letters of ASCII in any case.
bool same_header_name(std::string_view left, std::string_view right);

// Threads: any number at once.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // The whole reply, within `timeout_ms` from now for everything: connecting, sending, reading.
  // Errors: Refused (the address is wrong, the certificate is not to be trusted, the reply is too large, the
  // proxy says no: again changes nothing), Unavailable (nothing was sent), OutcomeUnknown (sent at least in
  // part, and the reply is missing or cut).
  virtual Result<HttpResponse> send(const HttpRequest& request, int64_t timeout_ms) = 0;
};

}  // namespace sluice::net
