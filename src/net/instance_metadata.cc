#include "net/instance_metadata.h"

namespace sluice::net {
namespace {

constexpr int64_t kTimeoutMs = 1000;

Error no_instance(std::string why) { return {ErrorKind::Refused, "no-instance", std::move(why)}; }

}  // namespace

Result<std::string> instance_metadata(const Surroundings& surroundings, std::string_view path) {
  const auto disabled = surroundings.environment("AWS_EC2_METADATA_DISABLED");
  if (disabled && same_header_name(*disabled, "true"))
    return no_instance("the metadata service is switched off by AWS_EC2_METADATA_DISABLED");
  std::string base =
      surroundings.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254");
  if (base.ends_with('/')) base.pop_back();
  HttpRequest ask_token{.method = "PUT", .url = base + "/latest/api/token", .repeatable = true};
  ask_token.headers.push_back({"X-aws-ec2-metadata-token-ttl-seconds", "21600"});
  const auto token = surroundings.transport->send(ask_token, kTimeoutMs);
  if (!token.ok()) return no_instance("the metadata service does not answer at " + base);
  if (token.value().status != 200) {
    const std::string text = "the metadata service at " + base + " gave no token (status " +
                             std::to_string(token.value().status) + ")";
    return token.value().status >= 500 ? unavailable(text) : no_instance(text);
  }
  HttpRequest ask{.url = base + std::string(path), .repeatable = true};
  ask.headers.push_back({"X-aws-ec2-metadata-token", token.value().body});
  const auto reply = surroundings.transport->send(ask, kTimeoutMs);
  if (!reply.ok()) return unavailable("the metadata service at " + base + " stopped answering");
  if (reply.value().status == 404)
    return Error{ErrorKind::Refused, "no-such-metadata", "the metadata service has no " + std::string(path)};
  if (reply.value().status != 200)
    return unavailable("the metadata service answered " + std::string(path) + " with status " +
                       std::to_string(reply.value().status));
  return reply.value().body;
}

}  // namespace sluice::net
