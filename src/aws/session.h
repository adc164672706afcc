// Session: signs a request, sends it, and says what its failure means. One attempt; retrying is the caller's.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "aws/operation.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/credentials.h"
#include "net/endpoint.h"
#include "net/http.h"

namespace sluice::aws {

// Threads: any number at once. What it is given outlives it.
class Session {
 public:
  Session(net::HttpTransport& transport, net::CredentialsProvider& credentials, const Clock& clock,
          net::EndpointSettings endpoints)
      : transport_(transport), credentials_(credentials), clock_(clock), endpoints_(std::move(endpoints)) {}

  // The reply, which is a 2xx. `path_and_query` begins with "/" and is encoded. Host and signature are added.
  // A wrong clock of this machine is learnt from the server's Date, and expired credentials are asked for
  // again; each is then tried once more, since the first try did nothing. Errors: as in operation.h.
  Result<net::HttpResponse> send(const Operation& operation, std::string_view what, std::string_view method,
                                 std::string_view path_and_query, std::vector<net::Header> headers,
                                 std::string body, int64_t timeout_ms);

  // send() for a service that speaks AWS's JSON 1.0 or 1.1: POST / with X-Amz-Target: `target`.
  Result<std::string> call_json(const Operation& operation, std::string_view what, std::string_view target,
                                std::string body, int64_t timeout_ms, std::string_view version = "1.1");

  const std::string& region() const { return endpoints_.region; }
  Result<std::string> endpoint_of(std::string_view service) const {
    return net::endpoint_url(endpoints_, service);
  }
  // How far the server's clock is ahead of ours, as learnt so far.
  int64_t clock_offset_ns() const { return clock_offset_ns_.load(std::memory_order_relaxed); }

 private:
  Result<net::HttpResponse> attempt(const Operation& operation, net::HttpRequest& request,
                                    int64_t timeout_ms);
  bool learn_clock(const net::HttpResponse& reply);

  net::HttpTransport& transport_;
  net::CredentialsProvider& credentials_;
  const Clock& clock_;
  net::EndpointSettings endpoints_;
  std::atomic<int64_t> clock_offset_ns_{0};
};

}  // namespace sluice::aws
