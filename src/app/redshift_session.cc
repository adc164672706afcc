#include "app/redshift_session.h"

#include <utility>

#include "app/kinesis_access.h"
#include "net/environment.h"
#include "net/transport.h"

namespace sluice::app {

RedshiftSession::RedshiftSession(std::unique_ptr<net::HttpTransport> transport,
                                 std::unique_ptr<net::CredentialsProvider> credentials,
                                 net::EndpointSettings endpoints)
    : transport_(std::move(transport)),
      credentials_(std::move(credentials)),
      session_(*transport_, *credentials_, system_clock(), std::move(endpoints)),
      api_(session_),
      s3_(session_) {}

Result<std::unique_ptr<RedshiftSession>> RedshiftSession::open(const Options& options) {
  const net::Environment environment =
      environment_with_profile(net::process_environment(), options.text("profile"));
  net::TransportOptions transport_options = TRY(net::transport_options(environment));
  auto transport = TRY(net::make_transport(std::move(transport_options)));
  const net::Surroundings surroundings{environment, transport.get(), &system_clock()};
  auto endpoints = TRY(net::endpoint_settings(surroundings, options.text("region")));
  if (options.has("endpoint_url")) {
    endpoints.url = options.text("endpoint_url");
    endpoints.urls.clear();
    while (endpoints.url.ends_with('/')) endpoints.url.pop_back();
  }
  auto credentials = net::default_credentials(surroundings);
  const Result<net::Credentials> found = credentials->get();
  if (!found.ok() && found.error().kind == ErrorKind::Refused) return found.error();
  return std::unique_ptr<RedshiftSession>(
      new RedshiftSession(std::move(transport), std::move(credentials), std::move(endpoints)));
}

}  // namespace sluice::app
