#include "app/aws_access.h"

#include <utility>

#include "base/clock.h"

namespace sluice::app {

net::Environment environment_with_profile(net::Environment environment, std::string profile) {
  if (profile.empty()) return environment;
  return [environment = std::move(environment),
          profile = std::move(profile)](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_PROFILE") return profile;
    if (name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY" || name == "AWS_SESSION_TOKEN" ||
        name == "AWS_WEB_IDENTITY_TOKEN_FILE")
      return std::nullopt;
    return environment(name);
  };
}

net::Environment aws_environment(const Options& options) {
  return environment_with_profile(net::process_environment(), options.text("profile"));
}

Result<AwsAccess> reach_aws(const Options& options, const net::Environment& environment,
                            net::TransportOptions transport_options, const std::string& region) {
  AwsAccess aws;
  aws.transport = TRY(net::make_transport(std::move(transport_options)));
  const net::Surroundings surroundings{environment, aws.transport.get(), &system_clock()};
  net::EndpointSettings endpoints = TRY(net::endpoint_settings(surroundings, region));
  if (options.has("endpoint_url")) {
    endpoints.url = options.text("endpoint_url");
    endpoints.urls.clear();
    while (endpoints.url.ends_with('/')) endpoints.url.pop_back();
  }
  aws.credentials = net::default_credentials(surroundings);
  aws.session =
      std::make_unique<aws::Session>(*aws.transport, *aws.credentials, system_clock(), std::move(endpoints));
  return aws;
}

Result<AwsAccess> reach_aws(const Options& options, const std::string& region) {
  const net::Environment environment = aws_environment(options);
  net::TransportOptions transport_options = TRY(net::transport_options(environment));
  AwsAccess aws = TRY(reach_aws(options, environment, std::move(transport_options), region));
  const Result<net::Credentials> found = aws.credentials->get();
  if (!found.ok() && found.error().kind == ErrorKind::Refused) return found.error();
  return aws;
}

}  // namespace sluice::app
