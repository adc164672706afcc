// AwsAccess: a session to AWS and what it stands on, as the settings and AWS's own places say.
#pragma once

#include <memory>
#include <string>

#include "app/options.h"
#include "aws/session.h"
#include "base/result.h"
#include "net/credentials.h"
#include "net/environment.h"
#include "net/http.h"
#include "net/transport.h"

namespace sluice::app {

// Threads: the session may be used from any number of them. It must not outlive the two others.
struct AwsAccess {
  std::unique_ptr<net::HttpTransport> transport;
  std::unique_ptr<net::CredentialsProvider> credentials;
  std::unique_ptr<aws::Session> session;
};

// What `environment` says, but the profile is `profile`, which then also counts before keys and a web
// identity in the environment, as it does for AWS's own tools. With an empty `profile` it is `environment`.
net::Environment environment_with_profile(net::Environment environment, std::string profile);
// The process's environment with the setting `profile`.
net::Environment aws_environment(const Options& options);

// The setting endpoint_url and, in Region `region` or where that is empty the one that is found, AWS.
// Nothing is asked of a service and the credentials are not looked at yet. Errors: Refused, naming every
// place that was looked at.
Result<AwsAccess> reach_aws(const Options& options, const net::Environment& environment,
                            net::TransportOptions transport_options, const std::string& region);
// The same for a command, which says at once when there are no credentials: Refused.
Result<AwsAccess> reach_aws(const Options& options, const std::string& region);

}  // namespace sluice::app
