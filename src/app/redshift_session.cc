#include "app/redshift_session.h"

#include <utility>

namespace sluice::app {

RedshiftSession::RedshiftSession(AwsAccess aws)
    : aws_(std::move(aws)), api_(*aws_.session), s3_(*aws_.session) {}

Result<std::unique_ptr<RedshiftSession>> RedshiftSession::open(const Options& options) {
  AwsAccess aws = TRY(reach_aws(options, options.text("region")));
  return std::unique_ptr<RedshiftSession>(new RedshiftSession(std::move(aws)));
}

}  // namespace sluice::app
