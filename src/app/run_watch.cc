#include "app/run_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/text.h"

namespace sluice::app {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kTellQuarantineEveryNs = 60 * kSecond;

// How far its shards are behind, together; the sum moves when any of them does.
int64_t behind_ms(const source::Progress& source) {
  int64_t sum = 0;
  for (const source::ShardProgress& shard : source.shards) sum += std::max<int64_t>(shard.behind_ms, 0);
  return sum;
}

std::string duration_text_of(int64_t ns) { return human_duration(static_cast<double>(ns) / 1e9); }

// A metric with its help and type; `kind` is counter or gauge.
void head(std::string& to, const char* name, const char* kind, const char* help) {
  fmt::format_to(std::back_inserter(to), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

template <typename Number>
void metric(std::string& to, const char* name, const char* kind, const char* help, Number value) {
  head(to, name, kind, help);
  fmt::format_to(std::back_inserter(to), "{} {}\n", name, value);
}

// A label's value may hold anything but these three as they are.
std::string label_text(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

void add_shards(std::string& to, const std::vector<source::ShardProgress>& shards) {
  if (shards.empty()) return;
  head(to, "sluice_shard_behind_seconds", "gauge",
       "How much older the newest record read of a shard is than the shard's newest.");
  for (const source::ShardProgress& shard : shards) {
    if (shard.behind_ms < 0) continue;
    fmt::format_to(std::back_inserter(to), "sluice_shard_behind_seconds{{shard=\"{}\"}} {}\n",
                   label_text(shard.shard), static_cast<double>(shard.behind_ms) / 1e3);
  }
  head(to, "sluice_shard_read_records_total", "counter", "Records read of a shard in this run.");
  for (const source::ShardProgress& shard : shards)
    fmt::format_to(std::back_inserter(to), "sluice_shard_read_records_total{{shard=\"{}\"}} {}\n",
                   label_text(shard.shard), shard.records);
}

}  // namespace

RunWatch::RunWatch(const Clock& clock, int64_t unhealthy_after_ms)
    : clock_(clock),
      unhealthy_after_ns_(unhealthy_after_ms * 1'000'000),
      noted_ns_(clock.steady_ns()),
      moved_ns_(noted_ns_),
      durable_at_s_(0) {}

void RunWatch::note(const pipeline::Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  noted_ns_ = clock_.steady_ns();
  if (snapshot.durable > last_.durable) durable_at_s_ = clock_.wall_ns() / kSecond;
  const int64_t behind = behind_ms(snapshot.source);
  const bool nothing_waits = snapshot.durable >= snapshot.books.read && behind == 0;
  if (nothing_waits || snapshot.durable > last_.durable || behind < behind_ms(last_.source))
    moved_ns_ = noted_ns_;
  last_ = snapshot;
}

Health RunWatch::health_locked() const {
  const int64_t now_ns = clock_.steady_ns();
  const int64_t unread_since_ns = last_.source.unread_since_ns;
  if (unread_since_ns > 0 && now_ns - unread_since_ns > unhealthy_after_ns_)
    return {false, fmt::format("the source has not been readable for {}",
                               duration_text_of(now_ns - unread_since_ns))};
  const int64_t still_ns = now_ns - moved_ns_;
  const int64_t in_flight = last_.books.read - last_.durable;
  if (still_ns > unhealthy_after_ns_ && in_flight > 0)
    return {false, fmt::format("{} records are read and not durable, and nothing has become durable for {}",
                               with_thousands(in_flight), duration_text_of(still_ns))};
  if (still_ns > unhealthy_after_ns_ && behind_ms(last_.source) > 0)
    return {false, fmt::format("records wait in the source, and nothing has become durable for {}",
                               duration_text_of(still_ns))};
  if (now_ns - noted_ns_ > unhealthy_after_ns_)
    return {false, fmt::format("the pipeline has not moved for {}", duration_text_of(now_ns - noted_ns_))};
  return {true, fmt::format("{} records read, {} of them durable", with_thousands(last_.books.read),
                            with_thousands(last_.durable))};
}

Health RunWatch::health() const {
  const std::lock_guard lock(mutex_);
  return health_locked();
}

std::vector<RunWatch::Line> RunWatch::take_lines() {
  const std::lock_guard lock(mutex_);
  std::vector<Line> lines;
  const Health now = health_locked();
  if (now.good != told_good_) {
    told_good_ = now.good;
    lines.push_back(now.good ? Line{LogLevel::Info, "healthy again: " + now.text + "."}
                             : Line{LogLevel::Error, "unhealthy: " + now.text + "."});
  }
  const int64_t quarantined = last_.books.quarantined;
  const int64_t now_ns = clock_.steady_ns();
  const bool may_tell = told_quarantined_ == 0 || now_ns - told_quarantined_ns_ >= kTellQuarantineEveryNs;
  if (quarantined > told_quarantined_ && may_tell) {
    lines.push_back(
        {LogLevel::Warn,
         fmt::format("{} records went to quarantine ({} in this run); `sluice quarantine "
                     "list` says why.",
                     with_thousands(quarantined - told_quarantined_), with_thousands(quarantined))});
    told_quarantined_ = quarantined;
    told_quarantined_ns_ = now_ns;
  }
  return lines;
}

std::string RunWatch::metrics() const {
  const std::lock_guard lock(mutex_);
  const change::Books& books = last_.books;
  std::string text;
  metric(text, "sluice_healthy", "gauge", "1 while /healthz says 200.", health_locked().good ? 1 : 0);
  metric(text, "sluice_read_records_total", "counter", "Records read in this run.", books.read);
  metric(text, "sluice_durable_records_total", "counter", "Records read in this run that are durable.",
         last_.durable);
  metric(text, "sluice_landed_records_total", "counter", "Records that are in the log, as rows or in them.",
         books.landed);
  metric(text, "sluice_repeated_records_total", "counter", "Records skipped because they were there.",
         books.repeats);
  metric(text, "sluice_quarantined_records_total", "counter", "Records kept aside with their reason.",
         books.quarantined);
  metric(text, "sluice_waiting_pieces", "gauge", "Pieces of oversized records that wait for the rest.",
         books.waiting);
  const int64_t waited_ns = last_.oldest_waiting_ns > 0 ? clock_.wall_ns() - last_.oldest_waiting_ns : 0;
  metric(text, "sluice_oldest_waiting_piece_seconds", "gauge", "Age of the oldest of them.",
         static_cast<double>(std::max<int64_t>(waited_ns, 0)) / 1e9);
  metric(text, "sluice_read_bytes_total", "counter", "Bytes taken from the source in this run.",
         last_.source.bytes_read);
  metric(text, "sluice_expired_unread_total", "counter",
         "Places where the stream's records may have expired before they were read.",
         last_.source.expired_unread);
  metric(text, "sluice_newest_commit_timestamp_seconds", "gauge",
         "Commit time at the source of the newest change that landed; 0 before the first.",
         static_cast<double>(last_.newest_commit_ts_ns) / 1e9);
  metric(text, "sluice_last_durable_timestamp_seconds", "gauge",
         "When a transaction was last done; 0 before the first.", durable_at_s_);
  add_shards(text, last_.source.shards);
  return text;
}

}  // namespace sluice::app
