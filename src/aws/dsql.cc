#include "aws/dsql.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace sluice::aws {
namespace {

constexpr int64_t kTokenSeconds = 900;
constexpr std::string_view kScheme = "https://";

bool is_host(const std::string& text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.';
  });
}

}  // namespace

std::string region_of_dsql(const std::string& host) {
  constexpr std::string_view kMiddle = ".dsql.";
  constexpr std::string_view kEnd = ".on.aws";
  const size_t middle = host.find(kMiddle);
  if (middle == std::string::npos || !host.ends_with(kEnd)) return {};
  const size_t begin = middle + kMiddle.size();
  if (begin + kEnd.size() >= host.size()) return {};
  return host.substr(begin, host.size() - kEnd.size() - begin);
}

Result<std::string> dsql_auth_token(const std::string& host, const std::string& region,
                                    const std::string& user, const net::Credentials& credentials,
                                    int64_t wall_ns) {
  if (!is_host(host))
    return refused("'" + host +
                   "' is not the endpoint of a cluster, which is a name such as "
                   "abc0def1ghi2jkl3mno4pqr5st.dsql.us-east-1.on.aws.");
  const std::string action = user == "admin" ? "DbConnectAdmin" : "DbConnect";
  const std::string url =
      TRY(net::presign_url("GET", std::string(kScheme) + host + "/?Action=" + action, credentials,
                           {.region = region, .service = "dsql", .wall_ns = wall_ns}, kTokenSeconds));
  return url.substr(kScheme.size());
}

}  // namespace sluice::aws
