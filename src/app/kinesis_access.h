// KinesisAccess: everything that a command needs to talk to one Kinesis stream, owned in one place.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/options.h"
#include "aws/kinesis.h"
#include "aws/session.h"
#include "base/result.h"
#include "net/credentials.h"
#include "net/environment.h"
#include "net/http.h"

namespace sluice::app {

// Threads: kinesis() may be used from any number of them.
class KinesisAccess {
 public:
  // `text` is a name or an ARN, whose Region then counts. Credentials, Region and addresses are what the
  // settings region, profile and endpoint_url say, and otherwise found as AWS's own tools find them; no
  // request for the stream is made yet. Errors: Refused, naming every place that was looked at.
  static Result<std::unique_ptr<KinesisAccess>> open(std::string_view text, const Options& options);
  // What of that is wrong in the settings alone, so that a command can say so before it does anything.
  static Result<void> check(std::string_view text, const Options& options);

  // Asks for the stream once. `doing` is "read" or "write to", for messages. Refused when it is not there;
  // otherwise the kind of the failed call.
  Result<aws::StreamSummary> look(std::string_view doing);
  aws::Kinesis& kinesis() { return kinesis_; }
  const aws::StreamName& stream() const { return stream_; }
  const std::string& region() const { return session_.region(); }

 private:
  KinesisAccess(aws::StreamName stream, std::unique_ptr<net::HttpTransport> transport,
                std::unique_ptr<net::CredentialsProvider> credentials, net::EndpointSettings endpoints);

  aws::StreamName stream_;
  std::unique_ptr<net::HttpTransport> transport_;
  std::unique_ptr<net::CredentialsProvider> credentials_;
  aws::Session session_;
  aws::Kinesis kinesis_;
};

// What `environment` says, but the profile is `profile`, which then also counts before keys and a web
// identity in the environment, as it does for AWS's own tools. With an empty `profile` it is `environment`.
net::Environment environment_with_profile(net::Environment environment, std::string profile);

}  // namespace sluice::app
