#include "app/dsql_access.h"

#include "app/aws_access.h"
#include "app/interrupt.h"
#include "aws/dsql.h"
#include "base/clock.h"
#include "catalog/dsql.h"
#include "net/authorities.h"
#include "net/credentials.h"
#include "net/endpoint.h"
#include "net/retry.h"
#include "net/transport.h"

namespace sluice::app {
namespace {

// Where OpenSSL is told to look, then the system's.
Result<std::string> ca_file(const Options& options, const net::Environment& environment) {
  if (options.has("dsql_ca")) return options.text("dsql_ca");
  if (const auto told = environment("SSL_CERT_FILE"); told && !told->empty()) return *told;
  if (std::string file = net::system_authorities(); !file.empty()) return file;
  return refused(
      "this machine has no file of certificates that TLS could believe. Install ca-certificates, or name one "
      "with --dsql-ca.");
}

}  // namespace

Result<catalog::Catalog> read_dsql_catalog(const Options& options) {
  const net::Environment environment = aws_environment(options);
  net::TransportOptions transport_options = TRY(net::transport_options(environment));
  const auto transport = TRY(net::make_transport(std::move(transport_options)));
  const net::Surroundings surroundings{environment, transport.get(), &system_clock()};
  catalog::DsqlLogin login;
  login.host = options.text("dsql");
  login.port = static_cast<int>(options.number("dsql_port"));
  login.user = options.text("dsql_user");
  login.ca_file = TRY(ca_file(options, environment));
  std::string region = options.has("region") ? options.text("region") : aws::region_of_dsql(login.host);
  if (region.empty()) region = TRY(net::endpoint_settings(surroundings)).region;
  const auto credentials = net::default_credentials(surroundings);
  net::SystemSleeper sleeper(&watch_for_interrupts());
  return net::retry({.deadline_ms = 120'000, .first_delay_ms = 200, .repeatable = true}, system_clock(),
                    sleeper, [&]() -> Result<catalog::Catalog> {
                      const net::Credentials signer = TRY(credentials->get());
                      login.token = TRY(aws::dsql_auth_token(login.host, region, login.user, signer,
                                                             system_clock().wall_ns()));
                      return catalog::read_dsql(login);
                    });
}

}  // namespace sluice::app
