// Settings: which Redshift the rows go to and how. Plain values; the defaults are safe for every workgroup.
//
// What AWS leaves unconfirmed is a setting here; `sluice probe redshift` measures it.
#pragma once

#include <cstdint>
#include <string>

#include "aws/redshift_data.h"

namespace sluice::sink::redshift {

// How rows travel inline.
enum class Shape : uint8_t {
  Packed,  // one JSON array as one parameter, unnested by INSERT ... SELECT
  Values,  // a parameter per value, at most 200 of them
  Copy,    // always files on S3 and COPY
};

struct Settings {
  aws::RedshiftPlace place;
  std::string schema = "public";  // of cdc_events
  Shape shape = Shape::Packed;

  // SQL text and parameters of one statement together. The service takes 100 or 200 KB; whether values count
  // is unconfirmed, so they do here.
  int64_t statement_bytes = 90'000;
  // One string inside SUPER: 65,535, or 16,000,000 where enable_large_strings_opt_in is on.
  int64_t string_bytes = 65'535;
  int64_t value_parameters = 200;  // of one statement in the shape Values

  int in_flight = 4;             // statements submitted and not yet settled
  double calls_per_second = 20;  // of this process; the service gives all of an account's together 30 submits
  int64_t wait_s = 20;           // WaitTimeSeconds, 1 to 30; 0: poll
  int64_t first_poll_ms = 100;   // without long polling; doubles
  int64_t max_poll_ms = 2'000;   // up to this
  int64_t reply_timeout_ms = 10'000;  // of one call, beyond what it was asked to wait
  int64_t reserve_ms = 500;           // before the deadline, when land() begins to answer
  int attempts = 4;                   // of one statement that fails for no fault of its rows

  // COPY: s3://bucket/prefix and the role that Redshift reads it with ("default" or an ARN).
  std::string copy_bucket;
  std::string copy_prefix;
  std::string copy_role = "default";
  int64_t copy_from_bytes = 8 << 20;  // a batch that is larger goes by COPY when a bucket is named
};

}  // namespace sluice::sink::redshift
