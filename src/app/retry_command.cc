// sluice quarantine retry: quarantined records once more through the pipeline.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "app/address.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/function_parts.h"
#include "app/function_quarantine.h"
#include "app/interrupt.h"
#include "app/options.h"
#include "app/quarantine_source.h"
#include "app/report.h"
#include "app/retry_plan.h"
#include "app/retry_text.h"
#include "app/store.h"
#include "app/text_width.h"
#include "base/clock.h"
#include "base/text.h"
#include "lambda/quarantine_retry.h"

namespace sluice::app {
namespace {

using sink::QuarantineEntry;
using sink::Store;

Result<RetryChoice> choice_of(const Options& options) {
  RetryChoice choice{.ids = {}, .reason = options.text("reason"), .all = options.on("all")};
  for (const std::string& word : options.positionals()) {
    const auto id = parse_int64(word);
    if (!id)
      return refused(fmt::format("'{}' is not an ID; `sluice quarantine list` shows the numbers.", word));
    choice.ids.insert(*id);
  }
  const int ways = (choice.ids.empty() ? 0 : 1) + (choice.reason.empty() ? 0 : 1) + (choice.all ? 1 : 0);
  if (ways != 1) {
    return refused(
        "say which records to try, in one way: their IDs, --reason REASON or --all. `sluice quarantine list` "
        "shows them.");
  }
  return choice;
}

// Tries records in portions. A portion is one transaction: everything in it lands, waits or is refused again.
class Retrier {
 public:
  Retrier(Store& store, pipeline::PipelineOptions options, const std::string& path)
      : store_(store), options_(std::move(options)) {
    options_.is_retry = true;
    report_.where = "--db " + path;
  }

  // Takes records that belong together into the portion, with their bytes.
  Result<void> add(const std::vector<QuarantineEntry>& group) {
    for (const QuarantineEntry& entry : group) {
      for (QuarantineEntry& whole : TRY(store_.quarantined(entry.id, "", 1, true))) {
        portion_bytes_ += whole.bytes.size();
        portion_.push_back(std::move(whole));
      }
    }
    if (portion_.size() < kPortionRecords && portion_bytes_ < kPortionBytes) return {};
    return flush();
  }

  Result<void> flush() {
    if (portion_.empty()) return {};
    std::set<std::string> chunks;
    for (const QuarantineEntry& entry : portion_) {
      if (!entry.chunk_id.empty()) chunks.insert(entry.chunk_id);
    }
    options_.chunks_to_retry.assign(chunks.begin(), chunks.end());
    QuarantineSource source(portion_);
    report_.tried += static_cast<int64_t>(portion_.size());
    store_.release_with_next_apply(std::exchange(portion_, {}));
    portion_bytes_ = 0;
    const auto notice = [](const std::string& text) { fmt::print(stderr, "sluice: {}\n", printable(text)); };
    const pipeline::RunSummary summary = TRY(pipeline::run(
        source, store_, options_, system_clock(), {.progress = {}, .notice = notice, .stop = nullptr}));
    for (const auto& [shard, books] : summary.shards) report_.books.add(books);
    for (const auto& [reason, count] : summary.quarantined_by_reason)
      report_.refused_by_reason[reason] += count;
    report_.imbalances = summary.imbalances;
    return {};
  }

  const RetryReport& report() const { return report_; }

 private:
  // What is in memory at once.
  static constexpr size_t kPortionRecords = 500;
  static constexpr size_t kPortionBytes = size_t{64} << 20;

  Store& store_;
  pipeline::PipelineOptions options_;
  std::vector<QuarantineEntry> portion_;
  size_t portion_bytes_ = 0;
  RetryReport report_;
};

Result<RetryReport> retry(const Options& options, const Destination& place, const RetryChoice& choice) {
  auto catalog = TRY(catalog_of(options));
  const auto store = TRY(open_store(options, place, false, catalog));
  const auto index = TRY(store->quarantined({}, "", std::numeric_limits<int32_t>::max(), false));
  const auto groups = TRY(plan_retry(index, choice));
  Retrier retrier(*store, pipeline_options_of(options, std::move(catalog)), place.flag);
  const std::atomic<bool>& stop = watch_for_interrupts();
  for (const std::vector<QuarantineEntry>& group : groups) {
    if (stop) break;
    TRY(retrier.add(group));
  }
  TRY(retrier.flush());
  return retrier.report();
}

// What the function keeps, through the function's own way, object by object.
Result<RetryReport> retry_function(const Options& options, const RetryChoice& choice) {
  constexpr int64_t kPatienceNs = int64_t{600} * 1'000'000'000;
  const auto parts = TRY(FunctionParts::open(options));
  const auto quarantine = TRY(FunctionQuarantine::open(options));
  const auto index = TRY(quarantine->quarantined({}, "", std::numeric_limits<int32_t>::max(), false));
  std::map<std::string, std::set<int64_t>> ids_of;  // by object
  for (const std::vector<QuarantineEntry>& group : TRY(plan_retry(index, choice)))
    for (const QuarantineEntry& entry : group) ids_of[quarantine->object_of().at(entry.id)].insert(entry.id);
  lambda::Retried outcome;
  const std::atomic<bool>& stop = watch_for_interrupts();
  for (const auto& [object, ids] : ids_of) {
    if (stop) break;
    TRY(parts->retry_quarantined(object, ids, system_clock().steady_ns() + kPatienceNs, outcome));
  }
  RetryReport report;
  report.where = "--quarantine " + options.text("quarantine");
  report.tried = outcome.tried;
  report.books.landed = outcome.landed;
  report.books.repeats = outcome.repeats;
  report.books.waiting = outcome.waiting;
  report.books.quarantined = outcome.refused;
  report.refused_by_reason = outcome.refused_by_reason;
  return report;
}

}  // namespace

int quarantine_retry_command(const Options& options) {
  const bool is_function = is_about_function(options);
  const auto place = is_function ? Result<Destination>(Destination()) : database_of(options);
  if (!place.ok()) return misused(place.error());
  const auto choice = choice_of(options);
  if (!choice.ok()) return misused(choice.error());
  const auto report =
      is_function ? retry_function(options, choice.value()) : retry(options, place.value(), choice.value());
  if (!report.ok()) return cannot(report.error());
  fmt::print("{}", options.on("json") ? retry_json(report.value()) : retry_text(report.value()));
  return exit_code_of(report.value());
}

}  // namespace sluice::app
