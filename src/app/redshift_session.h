// RedshiftSession: everything that a command needs to talk to the Data API, owned in one place.
#pragma once

#include <memory>

#include "app/aws_access.h"
#include "app/options.h"
#include "aws/s3.h"
#include "base/result.h"
#include "net/retry.h"
#include "sink/redshift/sink.h"

namespace sluice::app {

// Threads: api() may be used from any number of them.
class RedshiftSession final : public sink::redshift::DataApi {
 public:
  // Credentials, Region and addresses are what the settings region, profile and endpoint_url say, and
  // otherwise found as AWS's own tools find them; nothing is asked of Redshift yet. Errors: Refused, naming
  // every place that was looked at.
  static Result<std::unique_ptr<RedshiftSession>> open(const Options& options);

  aws::RedshiftData& api() override { return api_; }
  aws::S3& s3() override { return s3_; }
  const Clock& clock() override { return system_clock(); }
  net::Sleeper& sleeper() override { return sleeper_; }

 private:
  explicit RedshiftSession(AwsAccess aws);

  AwsAccess aws_;
  aws::RedshiftData api_;
  aws::S3 s3_;
  net::SystemSleeper sleeper_;
};

}  // namespace sluice::app
