// ScriptedTransport: an HttpTransport that answers by rule without any network, for tests.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "net/http.h"

namespace sluice::net {

class ScriptedTransport final : public HttpTransport {
 public:
  using Rule = std::function<Result<HttpResponse>(const HttpRequest&)>;
  explicit ScriptedTransport(Rule rule) : rule_(std::move(rule)) {}

  Result<HttpResponse> send(const HttpRequest& request, int64_t) override {
    const std::lock_guard lock(mutex_);
    seen.push_back(request);
    return rule_(request);
  }

  std::vector<HttpRequest> seen;

 private:
  Rule rule_;
  std::mutex mutex_;
};

inline HttpResponse replies(int status, std::string body, std::vector<Header> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::move(body);
  return response;
}

inline std::string header_of(const HttpRequest& request, std::string_view name) {
  for (const Header& header : request.headers)
    if (same_header_name(header.name, name)) return header.value;
  return {};
}

}  // namespace sluice::net
