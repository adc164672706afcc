// RunSource: the source that --from names, first looked at and then read.
#pragma once

#include <memory>
#include <vector>

#include "app/address.h"
#include "app/kinesis_access.h"
#include "app/options.h"
#include "base/result.h"
#include "change/block.h"
#include "source/source.h"
#include "source/stream_reader.h"

namespace sluice::app {

// --start: trim-horizon, latest, or at: and a time with its zone. Refused otherwise.
Result<source::StartPosition> start_of(const Options& options);

class RunSource {
 public:
  // Whether it can be read at all, said before a store is made for it. Reads nothing yet. Errors: Refused.
  static Result<std::unique_ptr<RunSource>> look(const Options& options);

  // Begins to read behind `saved`. Once. The result is used only while this lives.
  Result<std::unique_ptr<source::Source>> open(std::vector<change::Checkpoint> saved);

 private:
  explicit RunSource(const Options& options) : options_(options) {}
  Result<void> look_at_file() const;
  Result<void> look_at_stream();

  const Options& options_;
  SourceAddress address_;
  source::StartPosition start_;
  std::unique_ptr<KinesisAccess> kinesis_;  // of a stream
};

}  // namespace sluice::app
