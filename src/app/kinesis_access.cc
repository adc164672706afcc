#include "app/kinesis_access.h"

#include <fmt/format.h>

#include <utility>

#include "base/clock.h"
#include "net/environment.h"
#include "net/transport.h"
#include "net/url.h"

namespace sluice::app {
namespace {

// arn:aws:kinesis:REGION:... ; empty for a name.
std::string region_of(const aws::StreamName& stream) {
  size_t start = 0;
  for (int colons = 0; colons < 3; ++colons) {
    start = stream.arn.find(':', start);
    if (start == std::string::npos) return {};
    ++start;
  }
  return stream.arn.substr(start, stream.arn.find(':', start) - start);
}

}  // namespace

net::Environment environment_with_profile(net::Environment environment, std::string profile) {
  if (profile.empty()) return environment;
  return [environment = std::move(environment),
          profile = std::move(profile)](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_PROFILE") return profile;
    if (name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY" || name == "AWS_SESSION_TOKEN")
      return std::nullopt;
    return environment(name);
  };
}

KinesisAccess::KinesisAccess(aws::StreamName stream, std::unique_ptr<net::HttpTransport> transport,
                             std::unique_ptr<net::CredentialsProvider> credentials,
                             net::EndpointSettings endpoints)
    : stream_(std::move(stream)),
      transport_(std::move(transport)),
      credentials_(std::move(credentials)),
      session_(*transport_, *credentials_, system_clock(), std::move(endpoints)),
      kinesis_(session_) {}

Result<std::unique_ptr<KinesisAccess>> KinesisAccess::open(std::string_view text, const Options& options) {
  aws::StreamName stream = TRY(aws::parse_stream_name(text));
  const std::string of_stream = region_of(stream);
  const Value& asked = options.value("region");
  if (!of_stream.empty() && !asked.text.empty() && asked.text != of_stream) {
    return refused(fmt::format("{} is '{}', but the stream's ARN says {}. Leave one of them out.",
                               asked.where, asked.text, of_stream));
  }
  const net::Environment environment =
      environment_with_profile(net::process_environment(), options.text("profile"));
  net::TransportOptions transport_options = TRY(net::transport_options(environment));
  auto transport = TRY(net::make_transport(std::move(transport_options)));
  const net::Surroundings surroundings{environment, transport.get(), &system_clock()};
  auto endpoints = TRY(net::endpoint_settings(surroundings, asked.text.empty() ? of_stream : asked.text));
  if (options.has("endpoint_url")) {
    const Value& url = options.value("endpoint_url");
    if (!net::parse_url(url.text).ok()) {
      return refused(
          fmt::format("{} is '{}': write http:// or https://, a host and a port.", url.where, url.text));
    }
    endpoints.url = url.text;
    endpoints.urls.clear();
    while (endpoints.url.ends_with('/')) endpoints.url.pop_back();
  }
  auto credentials = net::default_credentials(surroundings);
  const Result<net::Credentials> found = credentials->get();
  if (!found.ok() && found.error().kind == ErrorKind::Refused) return found.error();
  return std::unique_ptr<KinesisAccess>(new KinesisAccess(std::move(stream), std::move(transport),
                                                          std::move(credentials), std::move(endpoints)));
}

}  // namespace sluice::app
