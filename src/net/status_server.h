// StatusServer: a few pages over HTTP/1.1 for machines that watch a daemon: GET and HEAD, no TLS.
//
// It is meant for loopback and private networks: whoever reaches the port may read the pages.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::net {

struct StatusPage {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// The page at a path (without its query); 404 for what is not there. Called on the server's thread.
using StatusPages = std::function<StatusPage(std::string_view path)>;

// Has one thread of its own, which ends with it. At most 32 connections are open at once; one that says
// nothing for 10 s, or more than 16 KiB, is closed.
class StatusServer {
 public:
  virtual ~StatusServer() = default;
  // Where it listens; differs from what was asked when the port was 0.
  virtual uint16_t port() const = 0;
};

// `address` is ADDRESS:PORT, for example 127.0.0.1:9464 or [::1]:9464; names are not looked up.
// Errors: Refused (not an address, taken, not allowed).
Result<std::unique_ptr<StatusServer>> serve_status(const std::string& address, StatusPages pages);

}  // namespace sluice::net
