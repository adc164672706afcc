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
    if (name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY" || name == "AWS_SESSION_TOKEN" ||
        name == "AWS_WEB_IDENTITY_TOKEN_FILE")
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

Result<void> KinesisAccess::check(std::string_view text, const Options& options) {
  const std::string of_stream = region_of(TRY(aws::parse_stream_name(text)));
  const Value& region = options.value("region");
  if (!of_stream.empty() && !region.text.empty() && region.text != of_stream) {
    return refused(fmt::format("{} is '{}', but the stream's ARN says {}. Leave one of them out.",
                               region.where, region.text, of_stream));
  }
  const Value& url = options.value("endpoint_url");
  if (!url.text.empty() && !net::parse_url(url.text).ok()) {
    return refused(
        fmt::format("{} is '{}': write http:// or https://, a host and a port.", url.where, url.text));
  }
  return {};
}

Result<std::unique_ptr<KinesisAccess>> KinesisAccess::open(std::string_view text, const Options& options) {
  TRY(check(text, options));
  aws::StreamName stream = TRY(aws::parse_stream_name(text));
  const std::string& asked = options.text("region");
  const net::Environment environment =
      environment_with_profile(net::process_environment(), options.text("profile"));
  net::TransportOptions transport_options = TRY(net::transport_options(environment));
  auto transport = TRY(net::make_transport(std::move(transport_options)));
  const net::Surroundings surroundings{environment, transport.get(), &system_clock()};
  auto endpoints = TRY(net::endpoint_settings(surroundings, asked.empty() ? region_of(stream) : asked));
  if (options.has("endpoint_url")) {
    endpoints.url = options.text("endpoint_url");
    endpoints.urls.clear();
    while (endpoints.url.ends_with('/')) endpoints.url.pop_back();
  }
  auto credentials = net::default_credentials(surroundings);
  const Result<net::Credentials> found = credentials->get();
  if (!found.ok() && found.error().kind == ErrorKind::Refused) return found.error();
  return std::unique_ptr<KinesisAccess>(new KinesisAccess(std::move(stream), std::move(transport),
                                                          std::move(credentials), std::move(endpoints)));
}

Result<aws::StreamSummary> KinesisAccess::look(std::string_view doing) {
  Result<aws::StreamSummary> summary = kinesis_.describe(stream_);
  if (!summary.ok() && summary.error().reason == "ResourceNotFoundException") {
    return refused(
        fmt::format("cannot {} kinesis:{}: there is no stream {} in {}. Check its name, the Region and the "
                    "account.",
                    doing, stream_.shown(), stream_.shown(), region()));
  }
  return summary;
}

}  // namespace sluice::app
