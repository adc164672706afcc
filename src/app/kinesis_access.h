// KinesisAccess: everything that a command needs to talk to one Kinesis stream, owned in one place.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/kinesis.h"
#include "aws/session.h"
#include "base/result.h"
#include "net/credentials.h"
#include "net/http.h"

namespace sluice::app {

// Threads: kinesis() may be used from any number of them.
class KinesisAccess {
 public:
  // `stream` is a name or an ARN, whose Region then counts. Credentials, Region and addresses are found as
  // AWS's own tools find them; no request for the stream is made yet. Errors: Refused.
  static Result<std::unique_ptr<KinesisAccess>> open(std::string_view stream);

  aws::Kinesis& kinesis() { return kinesis_; }
  const aws::StreamName& stream() const { return stream_; }

 private:
  KinesisAccess(aws::StreamName stream, std::unique_ptr<net::HttpTransport> transport,
                std::unique_ptr<net::CredentialsProvider> credentials, net::EndpointSettings endpoints);

  aws::StreamName stream_;
  std::unique_ptr<net::HttpTransport> transport_;
  std::unique_ptr<net::CredentialsProvider> credentials_;
  aws::Session session_;
  aws::Kinesis kinesis_;
};

}  // namespace sluice::app
