#include "app/function_quarantine.h"

#include <fmt/format.h>

#include <utility>

#include "aws/s3.h"
#include "base/clock.h"

namespace sluice::app {
namespace {

constexpr int64_t kPatienceNs = int64_t{120} * 1'000'000'000;

sink::QuarantineEntry entry_of(const lambda::KeptRecord& record, bool with_bytes) {
  sink::QuarantineEntry entry;
  entry.id = record.id;
  entry.shard = record.shard;
  entry.sequence = record.sequence;
  entry.reason = record.reason;
  entry.message = record.message;
  entry.chunk_id = record.chunk_id;
  if (with_bytes) entry.bytes = record.bytes;
  entry.first_seen_ns = record.first_seen_ns;
  return entry;
}

}  // namespace

bool is_about_function(const Options& options) {
  return options.has("quarantine") &&
         (!options.has("db") || options.value("quarantine").origin > options.value("db").origin);
}

FunctionQuarantine::FunctionQuarantine(AwsAccess aws, aws::S3Place place)
    : aws_(std::move(aws)),
      objects_(*aws_.session, std::move(place), system_clock(), sleeper_),
      records_(objects_) {}

Result<std::unique_ptr<FunctionQuarantine>> FunctionQuarantine::open(const Options& options) {
  const Value& value = options.value("quarantine");
  if (!value.text.starts_with("s3://"))
    return refused(fmt::format(
        "{} is '{}': only a place in S3 can be looked into, s3://BUCKET/PREFIX. A queue's messages have "
        "one JSON object per line; receive them with AWS's own tools.",
        value.where, value.text));
  aws::S3Place place = TRY(aws::parse_s3_place(value.text));
  AwsAccess aws = TRY(reach_aws(options, options.text("region")));
  return std::unique_ptr<FunctionQuarantine>(new FunctionQuarantine(std::move(aws), std::move(place)));
}

Result<const std::vector<lambda::KeptRecord>*> FunctionQuarantine::read(const std::string& object) {
  if (object == read_last_) return &last_;
  read_last_.clear();
  last_ = TRY(records_.read(object));
  read_last_ = object;
  for (const lambda::KeptRecord& record : last_) object_of_[record.id] = object;
  return &last_;
}

Result<std::vector<sink::QuarantineEntry>> FunctionQuarantine::quarantined(std::optional<int64_t> id,
                                                                           const std::string& reason,
                                                                           int64_t limit, bool with_bytes) {
  objects_.set_deadline(system_clock().steady_ns() + kPatienceNs);
  std::vector<std::string> objects;
  if (const auto known = id ? object_of_.find(*id) : object_of_.end(); known != object_of_.end()) {
    objects.push_back(known->second);
  } else {
    objects = TRY(records_.objects());
  }
  std::vector<sink::QuarantineEntry> entries;
  for (const std::string& object : objects) {
    objects_.set_deadline(system_clock().steady_ns() + kPatienceNs);
    for (const lambda::KeptRecord& record : *TRY(read(object))) {
      if ((id && record.id != *id) || (!reason.empty() && record.reason != reason)) continue;
      if (static_cast<int64_t>(entries.size()) == limit) return entries;
      entries.push_back(entry_of(record, with_bytes));
    }
  }
  return entries;
}

}  // namespace sluice::app
