#include "lambda/quarantine.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/json_object.h"
#include "base/text.h"

namespace sluice::lambda {
namespace {

// What every queue takes, whatever its settings, before lines share a message.
constexpr size_t kSharedMessageBytes = 200'000;

Quarantine::Kept all_or_nothing(size_t count, const Result<void>& done, std::string_view what) {
  Quarantine::Kept kept;
  kept.durable.assign(count, done.ok());
  if (!done.ok()) kept.trouble = fmt::format("{}: {}", what, done.error().message);
  return kept;
}

}  // namespace

std::string quarantine_line(const change::QuarantinedRecord& record) {
  return aws::JsonObject()
      .text("shard", record.position.shard)
      .text("sequence", record.position.sequence)
      .text("reason", record.reason)
      .text("message", record.message)
      .text("chunk_id", record.chunk_id)
      .text("first_seen", utc_text(record.first_seen_ns))
      .text("data", base64_encode(record.bytes))
      .done();
}

Quarantine::Kept NoQuarantine::keep(std::span<const change::QuarantinedRecord> records) {
  Kept kept;
  kept.durable.assign(records.size(), false);
  if (!records.empty())
    kept.trouble = fmt::format(
        "{} of them can never be rows ({}), and there is no quarantine: set SLUICE_QUARANTINE to "
        "s3://BUCKET/PREFIX or a queue's URL",
        records.size(), records.front().reason);
  return kept;
}

Quarantine::Kept ObjectQuarantine::keep(std::span<const change::QuarantinedRecord> records) {
  if (records.empty()) return {};
  std::string lines;
  std::string places;  // what makes the object the same one when the same records come again
  for (const change::QuarantinedRecord& record : records) {
    lines += quarantine_line(record) + "\n";
    places += fmt::format("{}:{}:{}\n", record.position.shard, record.position.sequence, record.reason);
  }
  std::string shard(records.front().position.shard);
  const std::string key = fmt::format("{}{}/{}-{}.ndjson", kQuarantinePrefix, shard,
                                      records.front().position.sequence, sha256_hex(places).substr(0, 16));
  return all_or_nothing(records.size(), store_.put(key, std::move(lines)), "quarantine");
}

Result<void> QueueQuarantine::send(const std::string& body) {
  const int64_t left_ms = std::max<int64_t>((deadline_ns_ - clock_.steady_ns()) / 1'000'000, 1);
  // Twice in quarantine is better than not at all.
  const net::RetryPolicy policy{.deadline_ms = left_ms, .first_delay_ms = 50, .repeatable = true};
  return net::retry(policy, clock_, sleeper_, [&]() -> Result<void> {
    aws::Sqs sqs(session_, {.write_ms = std::min<int64_t>(left_ms, 20'000)});
    TRY(sqs.send(queue_url_, body));
    return {};
  });
}

Quarantine::Kept QueueQuarantine::keep(std::span<const change::QuarantinedRecord> records) {
  Kept kept;
  kept.durable.assign(records.size(), false);
  std::string body;
  size_t first = 0;
  const auto flush = [&](size_t end) {
    const Result<void> sent = body.empty() ? Result<void>() : send(body);
    if (!sent.ok()) kept.trouble = fmt::format("quarantine: {}", sent.error().message);
    for (size_t i = first; i < end && !body.empty(); ++i) kept.durable[i] = sent.ok();
    body.clear();
    first = end;
  };
  for (size_t i = 0; i < records.size(); ++i) {
    const std::string line = quarantine_line(records[i]);
    if (line.size() > aws::kMaxMessageBytes) {
      flush(i);
      first = i + 1;
      kept.trouble = fmt::format(
          "quarantine: a record of {} does not fit into a message of a queue; name a place in S3 "
          "(SLUICE_QUARANTINE=s3://BUCKET/PREFIX)",
          human_bytes(records[i].bytes.size()));
      continue;
    }
    if (!body.empty() && body.size() + line.size() > kSharedMessageBytes) flush(i);
    body += (body.empty() ? "" : "\n") + line;
  }
  flush(records.size());
  return kept;
}

}  // namespace sluice::lambda
