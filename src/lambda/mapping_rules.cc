#include "lambda/mapping_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::lambda {
namespace {

constexpr int64_t kHourS = 3'600;
// Below these the function works, but badly; docs/lambda.md says why.
constexpr int64_t kGoodTimeoutS = 60;
constexpr int64_t kGoodMemoryMib = 256;
constexpr int64_t kGoodBatch = 1'000;
constexpr int64_t kFewRetries = 3;
// A person needs about so long to see that something was given up and to redrive it.
constexpr int64_t kGoodRedriveHours = 24;
// A long weekend.
constexpr int64_t kGoodRetentionHours = 72;

bool is_queue(const aws::EventSourceMapping& mapping) {
  return mapping.source_arn.find(":sqs:") != std::string::npos;
}

class Findings {
 public:
  void add(Danger danger, std::string what, std::string remedy) {
    all_.push_back({danger, std::move(what), std::move(remedy)});
  }
  std::vector<Finding> take() {
    std::stable_sort(all_.begin(), all_.end(),
                     [](const Finding& left, const Finding& right) { return left.danger < right.danger; });
    return std::move(all_);
  }

 private:
  std::vector<Finding> all_;
};

void judge_any(const aws::EventSourceMapping& mapping, Findings& found) {
  if (mapping.filters > 0)
    found.add(Danger::Loss,
              fmt::format("FilterCriteria has {} patterns: what they leave out is dropped without a word, "
                          "and pieces of oversized records match no pattern about a table",
                          mapping.filters),
              "Remove FilterCriteria");
  if (mapping.state == "Disabled" || mapping.state == "Disabling")
    found.add(Danger::Stall, "it is disabled: nothing is read", "Enable it");
  if (mapping.last_result.starts_with("PROBLEM"))
    found.add(Danger::Stall, fmt::format("Lambda says of it: {}", mapping.last_result),
              "Put that right; records wait, and then expire");
}

// What happens to a batch that keeps failing.
void judge_giving_up(const aws::EventSourceMapping& mapping, std::optional<int64_t> retention_hours,
                     Findings& found) {
  const bool gives_up = mapping.most_retries >= 0 || mapping.most_record_age_s >= 0;
  if (mapping.on_failure_arn.empty())
    found.add(Danger::Loss,
              gives_up ? "there is no DestinationConfig.OnFailure: batches that are given up, and records "
                         "too large for a function, vanish"
                       : "there is no DestinationConfig.OnFailure: records too large for a function, and "
                         "batches that expire, vanish",
              "Name a queue, and redrive what comes into it");
  if (!gives_up)
    found.add(Danger::Stall,
              "MaximumRetryAttempts and MaximumRecordAgeInSeconds have no limit: one batch that always "
              "fails stops its shard until its records expire",
              "Set MaximumRetryAttempts to 10 or so");
  if (mapping.most_retries >= 0 && mapping.most_retries < kFewRetries)
    found.add(Danger::Advice,
              fmt::format("MaximumRetryAttempts is {}: a warehouse that is away for a moment sends whole "
                          "batches to the on-failure queue",
                          mapping.most_retries),
              "Set it to 10 or so");
  if (!retention_hours) return;
  if (*retention_hours < kGoodRetentionHours)
    found.add(Danger::Advice,
              fmt::format("the stream keeps records for {} h: after an outage of that length they are gone",
                          *retention_hours),
              "Let it keep them for 72 h or more");
  if (mapping.most_record_age_s < 0) return;
  const int64_t left_s = *retention_hours * kHourS - mapping.most_record_age_s;
  if (left_s <= 0) {
    found.add(Danger::Loss,
              fmt::format("MaximumRecordAgeInSeconds is {}, and the stream keeps records for {} hours: what "
                          "is given up for its age cannot be read any more",
                          mapping.most_record_age_s, *retention_hours),
              "Lower it, or let the stream keep records for longer");
  } else if (left_s < kGoodRedriveHours * kHourS) {
    found.add(Danger::Advice,
              fmt::format("what is given up for its age stays in the stream for {} h more, "
                          "which is the time to redrive it",
                          left_s / kHourS),
              "Let the stream keep records for longer");
  }
}

void judge_stream(const aws::EventSourceMapping& mapping, std::optional<int64_t> retention_hours,
                  Findings& found) {
  if (!mapping.response_types.contains("ReportBatchItemFailures"))
    found.add(Danger::Loss,
              "FunctionResponseTypes lacks ReportBatchItemFailures: the function's answer is ignored, and "
              "records that it could not store count as done",
              "Set FunctionResponseTypes to ReportBatchItemFailures");
  judge_giving_up(mapping, retention_hours, found);
  if (mapping.tumbling_window_s > 0)
    found.add(Danger::Stall, "TumblingWindowInSeconds is set: a window wants a state that no answer has",
              "Remove it");
  if (!mapping.bisects)
    found.add(Danger::Stall,
              "BisectBatchOnFunctionError is off: a batch that cannot be answered is never halved, and good "
              "records are given up with the bad",
              "Switch it on");
  if (mapping.starting_position == "LATEST")
    found.add(Danger::Advice,
              "StartingPosition is LATEST: what was written before the mapping ran, also in the minutes "
              "while it was made, was never delivered",
              "If the stream had records then, read them once with sluice run --from kinesis:STREAM");
  if (mapping.batch_size > 0 && mapping.batch_size < kGoodBatch)
    found.add(Danger::Advice,
              fmt::format("BatchSize is {} with a window of {} s: the price of Redshift is the statement, "
                          "not the row",
                          mapping.batch_size, mapping.batching_window_s),
              "Set BatchSize to 1,000 or more and MaximumBatchingWindowInSeconds to 1 to 5");
}

void judge_queue(const aws::EventSourceMapping& mapping, Findings& found) {
  if (!mapping.response_types.contains("ReportBatchItemFailures"))
    found.add(Danger::Loss,
              "FunctionResponseTypes lacks ReportBatchItemFailures: a message whose records could not be "
              "redriven is deleted, and with it the last trace of them",
              "Set FunctionResponseTypes to ReportBatchItemFailures");
  if (mapping.batch_size > 1)
    found.add(
        Danger::Advice,
        fmt::format("BatchSize is {}: the messages of one invocation share its time", mapping.batch_size),
        "Set BatchSize to 1");
}

}  // namespace

bool is_stream(const aws::EventSourceMapping& mapping) {
  return mapping.source_arn.find(":kinesis:") != std::string::npos;
}

std::vector<Finding> judge_function(const aws::FunctionConfiguration& function) {
  Findings found;
  if (function.variables) {
    if (!function.variables->contains("SLUICE_TO"))
      found.add(Danger::Stall, "SLUICE_TO is not set: the function ends when it starts",
                "Set it to redshift:WORKGROUP/DATABASE");
    if (!function.variables->contains("SLUICE_QUARANTINE"))
      found.add(Danger::Advice,
                "SLUICE_QUARANTINE is not set: a record that can never be a row fails until the mapping "
                "gives it up",
                "Set it to s3://BUCKET/PREFIX");
    if (!function.variables->contains("SLUICE_FRAGMENTS"))
      found.add(Danger::Advice,
                "SLUICE_FRAGMENTS is not set: pieces of oversized records fail until the mapping gives them "
                "up",
                "Set it to s3://BUCKET/PREFIX");
  }
  if (function.timeout_s > 0 && function.timeout_s < kGoodTimeoutS)
    found.add(Danger::Advice,
              fmt::format("its timeout is {} s: a warehouse that has to wake up first takes longer",
                          function.timeout_s),
              "Set it to 60 s or more");
  if (function.memory_mib > 0 && function.memory_mib < kGoodMemoryMib)
    found.add(Danger::Advice, fmt::format("its memory is {} MiB", function.memory_mib),
              "Set it to 256 MiB or more");
  if (function.log_format == "JSON")
    found.add(Danger::Advice, "its log format is JSON: CloudWatch makes no metrics of its lines",
              "Set it to Text");
  return found.take();
}

std::vector<Finding> judge_mapping(const aws::EventSourceMapping& mapping,
                                   std::optional<int64_t> retention_hours) {
  Findings found;
  judge_any(mapping, found);
  if (is_stream(mapping)) {
    judge_stream(mapping, retention_hours, found);
  } else if (is_queue(mapping)) {
    judge_queue(mapping, found);
  } else {
    found.add(Danger::Stall, "it is neither a stream's nor a queue's: the function refuses what comes by it",
              "Remove it");
  }
  return found.take();
}

std::vector<Finding> judge_mappings(const std::vector<aws::EventSourceMapping>& mappings) {
  Findings found;
  if (std::none_of(mappings.begin(), mappings.end(), is_stream))
    found.add(Danger::Stall, "no stream feeds this function",
              "Make a mapping; one that names an alias is found by NAME:ALIAS");
  return found.take();
}

std::string danger_name(Danger danger) {
  switch (danger) {
    case Danger::Loss:
      return "Loss";
    case Danger::Stall:
      return "Stall";
    case Danger::Advice:
      break;
  }
  return "Advice";
}

}  // namespace sluice::lambda
