#include "lambda/function.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/json_object.h"
#include "base/log.h"
#include "lambda/metrics.h"
#include "lambda/on_failure.h"

namespace sluice::lambda {
namespace {

// Kept of an invocation's time for writing the metrics and the answer.
constexpr int64_t kAnswerNs = 250'000'000;
// Of an invocation that does not say when it ends.
constexpr int64_t kUnknownNs = int64_t{30} * 1'000'000'000;

std::string failures_text(const std::vector<std::string>& identifiers) {
  std::string items;
  for (const std::string& identifier : identifiers)
    items += (items.empty() ? "" : ",") + aws::JsonObject().text("itemIdentifier", identifier).done();
  return "{\"batchItemFailures\":[" + items + "]}";
}

}  // namespace

void SluiceFunction::tell(const Account& account, std::string_view stream) {
  total_.add(account);
  total_.commit_to_landed_ms.clear();  // of one delivery; a process lives for days
  if (parts_.metrics == nullptr) return;
  fmt::print(parts_.metrics, "{}\n", metrics_line(account, stream, clock_.wall_ns()));
  std::fflush(parts_.metrics);
}

// Beside a batch that is durable; what cannot be done now is not the batch's trouble.
void SluiceFunction::sweep(std::string_view stream, int64_t deadline_ns, Account& account) {
  if (parts_.sweep == nullptr) return;
  const Consumer::Settled swept = parts_.sweep->go_on(stream, deadline_ns);
  account.add(swept.account);
  if (swept.account.expired > 0)
    log_warn(
        fmt::format("{} pieces of oversized records have waited too long for the rest and went to quarantine",
                    swept.account.expired));
  if (!swept.trouble.empty())
    log_warn(fmt::format("pieces of oversized records that have waited too long stay where they are: {}",
                         swept.trouble));
}

Result<std::string> SluiceFunction::answer(const KinesisBatch& batch, int64_t deadline_ns) {
  const std::string stream = TRY(stream_name_of(batch.stream_arn));
  Consumed consumed = parts_.consumer->consume(batch.block, stream, deadline_ns);
  if (!consumed.first_failed) sweep(stream, deadline_ns, consumed.account);
  tell(consumed.account, stream);
  if (!consumed.first_failed) return failures_text({});
  const std::string sequence(batch.block.records[*consumed.first_failed].position.sequence);
  log(LogLevel::Error,
      fmt::format("{} of {} records of {} are not durable and have to come again from {} on: {}",
                  consumed.account.failed, consumed.account.received, batch.block.shard, sequence,
                  consumed.trouble));
  return failures_text({sequence});
}

Result<void> SluiceFunction::redrive_range(const FailedRange& range, int64_t deadline_ns) {
  const Redriven redriven = parts_.redrive->land(range, deadline_ns);
  tell(redriven.account, TRY(stream_name_of(range.stream_arn)));
  if (redriven.is_done) return {};
  if (redriven.has_expired) return refused(redriven.trouble);
  return unavailable(fmt::format("not redriven: {}: {}", describe(range), redriven.trouble));
}

Result<void> SluiceFunction::redrive_object(const NewObject& object, int64_t deadline_ns) {
  const std::string text = TRY(parts_.read_object(object));
  FailureNote note = TRY(parse_failure_note(text));
  const auto* range = std::get_if<FailedRange>(&note);
  if (range == nullptr)
    return malformed("unknown-document",
                     fmt::format("s3://{}/{} is no on-failure document", object.bucket, object.key));
  TRY(redrive_range(*range, deadline_ns));
  return parts_.remove_object(object);
}

Result<void> SluiceFunction::redrive(const std::string& document, int64_t deadline_ns) {
  parts_.set_deadline(deadline_ns);
  FailureNote note = TRY(parse_failure_note(document));
  if (const auto* range = std::get_if<FailedRange>(&note)) return redrive_range(*range, deadline_ns);
  for (const NewObject& object : std::get<BucketNotice>(note).objects)
    TRY(redrive_object(object, deadline_ns));
  return {};
}

Result<std::string> SluiceFunction::answer(const QueueBatch& batch, int64_t deadline_ns) {
  std::vector<std::string> kept;
  for (const QueueMessage& message : batch.messages) {
    const Result<void> done = redrive(message.body, deadline_ns);
    if (done.ok()) continue;
    kept.push_back(message.message_id);
    log(LogLevel::Error,
        fmt::format("the message {} stays in its queue: {}", message.message_id, done.error().message));
  }
  return failures_text(kept);
}

Result<std::string> SluiceFunction::answer(const BucketNotice& notice, int64_t deadline_ns) {
  for (const NewObject& object : notice.objects) TRY(redrive_object(object, deadline_ns));
  return std::string("{}");
}

Result<std::string> SluiceFunction::invoke(Invocation invocation) {
  const int64_t left_ns =
      invocation.deadline_ms == 0 ? kUnknownNs : invocation.deadline_ms * 1'000'000 - clock_.wall_ns();
  const int64_t deadline_ns = clock_.steady_ns() + left_ns - kAnswerNs;
  parts_.set_deadline(deadline_ns);
  const Event event = TRY(parse_event(invocation.event));
  std::string().swap(invocation.event);  // decoded; six megabytes that nobody needs any more
  return std::visit([&](const auto& one) { return answer(one, deadline_ns); }, event);
}

}  // namespace sluice::lambda
