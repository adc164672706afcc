// Credentials: who signs, found where AWS's own tools find it, renewed before it expires.
//
// No credential ever stands in an error or a log line of this room.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/environment.h"
#include "net/http.h"
#include "net/sigv4.h"

namespace sluice::net {

// Threads: any.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  // Errors: Refused (none are found, or what is configured is wrong: names every place that was looked at),
  // Unavailable (a service that gives them does not answer just now).
  virtual Result<Credentials> get() = 0;
  // The server said that what get() gave has expired or is unknown: the next get() asks the origin again.
  virtual void forget() = 0;
};

// Always the same ones: for tests and emulators.
std::unique_ptr<CredentialsProvider> fixed_credentials(Credentials credentials);

// What the chain needs of the world. All of it outlives the provider.
struct Surroundings {
  Environment environment;
  HttpTransport* transport = nullptr;
  const Clock* clock = nullptr;
};

// The usual chain; the first place that is configured decides, also when it fails:
//   AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN (EKS); the
//   profile AWS_PROFILE of the shared files (keys, role_arn with source_profile or credential_source, web
//   identity, credential_process); the container's endpoint (ECS, EKS Pod Identity); the instance's metadata
//   service, version 2.
// Renewed five minutes before they expire; what cannot be renewed then is used until it has expired.
std::unique_ptr<CredentialsProvider> default_credentials(Surroundings surroundings);

}  // namespace sluice::net
