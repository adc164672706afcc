// Where generate and emulate put their records: --out FILE or --to kinesis:STREAM.
#pragma once

#include <memory>
#include <string>

#include "app/kinesis_access.h"
#include "app/options.h"
#include "base/result.h"
#include "emulate/kinesis_out.h"
#include "net/retry.h"

namespace sluice::app {

// The stream of --to; empty when --out is given instead. SLUICE_TO and the configuration file name where
// `run` writes and are not meant here. Refused when both flags or neither are given, or --to is no
// kinesis:STREAM.
Result<std::string> target_stream(const Options& options);

// A stream that takes records, with what it needs.
class StreamTarget {
 public:
  // Looks at the stream once: Refused when it is not there, and a notice on standard error when it takes no
  // records of 10 MiB.
  static Result<std::unique_ptr<StreamTarget>> open(const std::string& stream, const Options& options,
                                                    uint64_t seed);
  emulate::KinesisOut& out() { return out_; }
  // One line on standard error about what was sent more than once, if anything was.
  void report() const;

 private:
  StreamTarget(std::unique_ptr<KinesisAccess> access, emulate::KinesisOutOptions options);

  std::unique_ptr<KinesisAccess> access_;
  net::SystemSleeper sleeper_;
  emulate::KinesisOut out_;
};

}  // namespace sluice::app
