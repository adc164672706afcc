// FunctionQuarantine: the quarantine of the Lambda function, as `sluice quarantine` looks into it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/aws_access.h"
#include "app/options.h"
#include "base/result.h"
#include "lambda/kept_records.h"
#include "sink/store.h"

namespace sluice::app {

// Whether the command is about the function's quarantine: `quarantine` is given, and no `db` that is nearer.
bool is_about_function(const Options& options);

// Threads: one at a time.
class FunctionQuarantine {
 public:
  // Errors: Refused where `quarantine` is a queue, which nobody can look into, or no place at all.
  static Result<std::unique_ptr<FunctionQuarantine>> open(const Options& options);

  // As sink::Store::quarantined(), in the order of shards and sequence numbers. Reads every object, until
  // `limit`.
  Result<std::vector<sink::QuarantineEntry>> quarantined(std::optional<int64_t> id, const std::string& reason,
                                                         int64_t limit, bool with_bytes);
  // The object in which each record was found so far.
  const std::map<int64_t, std::string>& object_of() const { return object_of_; }

 private:
  FunctionQuarantine(AwsAccess aws, aws::S3Place place);
  Result<const std::vector<lambda::KeptRecord>*> read(const std::string& object);

  AwsAccess aws_;
  net::SystemSleeper sleeper_;
  lambda::S3Objects objects_;
  lambda::KeptRecords records_;
  std::map<int64_t, std::string> object_of_;
  std::string read_last_;  // the object whose records are in `last_`
  std::vector<lambda::KeptRecord> last_;
};

}  // namespace sluice::app
