// Quarantine: where records that can never be rows are kept, with their original bytes, their position and
// the reason.
//
// All records of one delivery go together, one JSON object per line, so that ten thousand bad records cost
// one object and not ten thousand calls. The same delivery writes the same object again.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "aws/sqs.h"
#include "base/result.h"
#include "change/batch.h"
#include "lambda/object_store.h"

namespace sluice::lambda {

// What the keys of its objects begin with.
inline constexpr std::string_view kQuarantinePrefix = "quarantine/";

// One line without its end: {"shard":..,"sequence":..,"reason":..,"message":..,"chunk_id":..,
// "first_seen":..,"data":BASE64}.
std::string quarantine_line(const change::QuarantinedRecord& record);

// Threads: one at a time.
class Quarantine {
 public:
  virtual ~Quarantine() = default;
  // Which of the records are durable there now, one answer per record in their order, and why not all of
  // them where they are not. A record that is not has to be delivered again.
  struct Kept {
    std::vector<bool> durable;
    std::string trouble;  // empty: all are
  };
  virtual Kept keep(std::span<const change::QuarantinedRecord> records) = 0;
};

// There is no quarantine: nothing is kept, and the trouble says which setting would name one.
class NoQuarantine final : public Quarantine {
 public:
  Kept keep(std::span<const change::QuarantinedRecord> records) override;
};

// quarantine/SHARD/FIRST-SEQUENCE-HASH.ndjson in an object store.
class ObjectQuarantine final : public Quarantine {
 public:
  explicit ObjectQuarantine(ObjectStore& store) : store_(store) {}
  Kept keep(std::span<const change::QuarantinedRecord> records) override;

 private:
  ObjectStore& store_;
};

// Messages of a queue, each with as many lines as fit. A record that fits into none is not kept.
class QueueQuarantine final : public Quarantine {
 public:
  QueueQuarantine(aws::Session& session, std::string queue_url, const Clock& clock, net::Sleeper& sleeper)
      : session_(session), queue_url_(std::move(queue_url)), clock_(clock), sleeper_(sleeper) {}

  void set_deadline(int64_t deadline_ns) { deadline_ns_ = deadline_ns; }
  Kept keep(std::span<const change::QuarantinedRecord> records) override;

 private:
  Result<void> send(const std::string& body);

  aws::Session& session_;
  std::string queue_url_;
  const Clock& clock_;
  net::Sleeper& sleeper_;
  int64_t deadline_ns_ = 0;
};

}  // namespace sluice::lambda
