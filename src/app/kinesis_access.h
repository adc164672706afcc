// KinesisAccess: everything that a command needs to talk to one Kinesis stream, owned in one place.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/aws_access.h"
#include "app/options.h"
#include "aws/kinesis.h"
#include "base/result.h"

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
  const std::string& region() const { return aws_.session->region(); }

 private:
  KinesisAccess(aws::StreamName stream, AwsAccess aws);

  aws::StreamName stream_;
  AwsAccess aws_;
  aws::Kinesis kinesis_;
};

}  // namespace sluice::app
