// KinesisOut: records into a Kinesis stream as Aurora DSQL puts them, each under a random partition key.
//
// Puts up to 500 records or 10 MiB at a time. What a call did not store is sent again, slower, and nothing
// else of it; a call whose outcome nobody knows is sent again whole, so that a record may be there twice but
// none is missing. That is what DSQL promises too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/kinesis.h"
#include "base/clock.h"
#include "base/result.h"
#include "emulate/random.h"
#include "emulate/record_out.h"
#include "net/retry.h"

namespace sluice::emulate {

struct KinesisOutOptions {
  aws::StreamName stream;
  uint64_t seed = 1;  // of the partition keys: the same seed spreads the same records alike
  // For one call with all its repeats. A reader of PostgreSQL must not be away for longer than a minute.
  net::RetryPolicy retry{
      .deadline_ms = 45'000, .first_delay_ms = 100, .max_delay_ms = 5'000, .repeatable = true};
  // One line for a person about records that may be there twice. May be empty.
  std::function<void(const std::string&)> notice;
};

struct KinesisOutCounts {
  int64_t stored = 0;      // records that the stream has confirmed
  int64_t calls = 0;       // PutRecords calls, repeats included
  int64_t sent_again = 0;  // records that a call did not store
  int64_t in_doubt = 0;    // records whose call's outcome was not known
};

// Memory: one call's records, at most 10 MiB, and as much again in base64 while it is sent. `kinesis`,
// `clock` and `sleeper` outlive it. Errors of both: Refused, or the kind of the last attempt when the
// policy's deadline has passed; what was not stored stays in the buffer, and the next flush() goes on with
// it.
class KinesisOut final : public RecordOut {
 public:
  KinesisOut(aws::Kinesis& kinesis, KinesisOutOptions options, const Clock& clock, net::Sleeper& sleeper);

  // Refused for a record that no stream takes: 10 MiB with its partition key.
  Result<void> write(std::string_view record) override;
  Result<void> flush() override;
  const KinesisOutCounts& counts() const { return counts_; }

 private:
  struct Waiting {
    std::string partition_key;
    std::string data;
  };
  Result<void> put_all();
  Result<void> put_once();
  std::string random_key();

  aws::Kinesis& kinesis_;
  KinesisOutOptions options_;
  const Clock& clock_;
  net::Sleeper& sleeper_;
  Random random_;
  std::vector<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  KinesisOutCounts counts_;
};

}  // namespace sluice::emulate
