// SluiceFunction: what one invocation comes to, for each shape of event.
//
// A Kinesis batch is answered with the lowest sequence number that is not durable, a queue's batch with the
// messages that are not done with, a bucket's notice with an error when an object is not. Metrics are written
// before the answer.
#pragma once

#include <cstdio>
#include <functional>
#include <string>

#include "base/clock.h"
#include "lambda/consumer.h"
#include "lambda/event.h"
#include "lambda/redrive.h"
#include "lambda/runtime.h"
#include "lambda/sweep.h"

namespace sluice::lambda {

// What the function is made of. Everything outlives it.
struct Parts {
  Consumer* consumer = nullptr;
  Redrive* redrive = nullptr;
  Sweep* sweep = nullptr;  // null: there is no place for pieces
  // The document in a bucket, and its removal once what it points at is durable.
  std::function<Result<std::string>(const NewObject&)> read_object;
  std::function<Result<void>(const NewObject&)> remove_object;
  // Told at the start of each invocation until when calls may go on, on the clock's steady time.
  std::function<void(int64_t deadline_ns)> set_deadline;
  std::FILE* metrics = stdout;  // null: nobody wants them
};

// Threads: one at a time.
class SluiceFunction final : public Function {
 public:
  SluiceFunction(Parts parts, const Clock& clock) : parts_(std::move(parts)), clock_(clock) {}

  Result<std::string> invoke(Invocation invocation) override;

  // Lands what an on-failure document points at, which may come wrapped as queues and buckets do. Success:
  // all of it is durable. Errors: Malformed (no such document), Refused (part of it has expired, or a person
  // must act), Unavailable (again).
  Result<void> redrive(const std::string& document, int64_t deadline_ns);
  // Of everything since this was made.
  const Account& total() const { return total_; }

 private:
  Result<std::string> answer(const KinesisBatch& batch, int64_t deadline_ns);
  Result<std::string> answer(const QueueBatch& batch, int64_t deadline_ns);
  Result<std::string> answer(const BucketNotice& notice, int64_t deadline_ns);
  Result<void> redrive_object(const NewObject& object, int64_t deadline_ns);
  Result<void> redrive_range(const FailedRange& range, int64_t deadline_ns);
  void sweep(std::string_view stream, int64_t deadline_ns, Account& account);
  void tell(const Account& account, std::string_view stream);

  Parts parts_;
  const Clock& clock_;
  Account total_;
};

}  // namespace sluice::lambda
