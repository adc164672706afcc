// The Redshift sink of `sluice run`: rows in a workgroup or cluster, everything else in a local state file.
//
// Rows are durable in Redshift first, then the ledger, the waiting pieces, the quarantine and what is known
// of the tables in one transaction of the state. A crash between the two lands the batch's rows once more,
// which no view shows. The state is another Store, which holds no rows.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "aws/redshift_data.h"
#include "aws/s3.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "net/retry.h"
#include "sink/redshift/settings.h"
#include "sink/store.h"
#include "sql/view.h"

namespace sluice::sink::redshift {

struct SinkOptions {
  Settings settings;
  std::string state_name;  // tells the tokens of one state file from those of another
  std::optional<catalog::Catalog> catalog;
  sql::ViewOptions views = {};
  bool create = true;  // make cdc_events when it is missing
  // How long a Redshift that cannot be reached is waited for; past it the error is Unavailable, nothing is
  // lost, and the next run continues.
  int64_t patience_ms = 300'000;
};

// What a sink talks through, and its time.
class DataApi {
 public:
  virtual ~DataApi() = default;
  virtual aws::RedshiftData& api() = 0;
  virtual aws::S3& s3() = 0;  // for COPY, where the settings name a bucket
  virtual const Clock& clock() = 0;
  virtual net::Sleeper& sleeper() = 0;
};

// Asks Redshift once. Errors: Refused with what to do when the workgroup, the table or a right is missing;
// otherwise the calls' own.
Result<std::unique_ptr<Store>> open_sink(SinkOptions options, std::unique_ptr<Store> state,
                                         std::unique_ptr<DataApi> api);

}  // namespace sluice::sink::redshift
