#include "app/kinesis_access.h"

#include <utility>

#include "base/clock.h"
#include "net/environment.h"
#include "net/transport.h"

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

KinesisAccess::KinesisAccess(aws::StreamName stream, std::unique_ptr<net::HttpTransport> transport,
                             std::unique_ptr<net::CredentialsProvider> credentials,
                             net::EndpointSettings endpoints)
    : stream_(std::move(stream)),
      transport_(std::move(transport)),
      credentials_(std::move(credentials)),
      session_(*transport_, *credentials_, system_clock(), std::move(endpoints)),
      kinesis_(session_) {}

Result<std::unique_ptr<KinesisAccess>> KinesisAccess::open(std::string_view stream) {
  aws::StreamName name = TRY(aws::parse_stream_name(stream));
  const net::Environment environment = net::process_environment();
  net::TransportOptions options = TRY(net::transport_options(environment));
  auto transport = TRY(net::make_transport(std::move(options)));
  const net::Surroundings surroundings{environment, transport.get(), &system_clock()};
  auto endpoints = TRY(net::endpoint_settings(surroundings, region_of(name)));
  auto credentials = net::default_credentials(surroundings);
  return std::unique_ptr<KinesisAccess>(
      new KinesisAccess(std::move(name), std::move(transport), std::move(credentials), std::move(endpoints)));
}

}  // namespace sluice::app
