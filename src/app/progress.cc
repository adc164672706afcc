#include "app/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "app/screen.h"
#include "app/text_width.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::app {
namespace {

constexpr double kSmoothing = 0.3;  // weight of the newest measurement
constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMeasureEvery = kSecond / 5;
constexpr int64_t kPlainEvery = 5 * kSecond;
constexpr int64_t kJsonEvery = kSecond;
constexpr size_t kBarColumns = 20;
constexpr size_t kMinWidth = 20;

struct Part {
  std::string text;
  int importance = 0;  // the least important goes first when there is no room
  const char* colour = "";
};

std::optional<double> share_done(const source::Progress& source) {
  if (!source.bytes_total || *source.bytes_total == 0) return std::nullopt;
  return std::min(1.0, static_cast<double>(source.bytes_read) / static_cast<double>(*source.bytes_total));
}

// Of the shards that say so; nothing when none does.
std::optional<int64_t> furthest_behind(const source::Progress& source) {
  std::optional<int64_t> most;
  for (const source::ShardProgress& shard : source.shards)
    if (shard.behind_ms >= 0) most = std::max(most.value_or(0), shard.behind_ms);
  return most;
}

std::string shards_json(const std::vector<source::ShardProgress>& shards) {
  std::string list;
  for (const source::ShardProgress& shard : shards) {
    list += list.empty() ? "[" : ",";
    list += R"({"shard":)";
    append_json_string(list, shard.shard);
    list += R"(,"position":)";
    append_json_string(list, shard.position);
    list += fmt::format(R"(,"behind_ms":{},"read":{},"bytes":{},"records_per_second":{:.0f},"finished":{}}})",
                        shard.behind_ms < 0 ? "null" : std::to_string(shard.behind_ms), shard.records,
                        shard.bytes, shard.records_per_second, shard.finished);
  }
  return list.empty() ? list : list + "]";
}

std::string bar(double share, size_t columns) {
  const auto full = static_cast<size_t>(share * static_cast<double>(columns));
  std::string text;
  for (size_t i = 0; i < columns; ++i) text += i < full ? "█" : "░";
  return text;
}

std::string rate_text(double per_second) {
  return with_thousands(static_cast<int64_t>(std::llround(per_second))) + "/s";
}

std::vector<Part> parts_of(const pipeline::Snapshot& snapshot, const Pace& pace, const LineStyle& style) {
  std::vector<Part> parts;
  const auto share = style.follow || style.counts_only ? std::nullopt : share_done(snapshot.source);
  if (share) {
    if (style.width > 0) parts.push_back({bar(*share, kBarColumns), 3, "36"});
    parts.push_back({fmt::format("{:3}%", static_cast<int>(*share * 100)), 9});
  }
  if (const size_t shards = snapshot.source.shards.size(); shards > 0 && !style.counts_only)
    parts.push_back(
        {fmt::format("{} {}", with_thousands(static_cast<int64_t>(shards)), shards == 1 ? "shard" : "shards"),
         3});
  const change::Books& books = snapshot.books;
  parts.push_back({"read " + with_thousands(books.read), 10});
  parts.push_back({"landed " + with_thousands(books.landed), 8});
  parts.push_back({"repeats " + with_thousands(books.repeats), books.repeats > 0 ? 4 : 1});
  parts.push_back({"quarantined " + with_thousands(books.quarantined), books.quarantined > 0 ? 9 : 2,
                   books.quarantined > 0 ? "33" : ""});
  parts.push_back({"waiting " + with_thousands(books.waiting), books.waiting > 0 ? 5 : 1});
  if (style.counts_only) return parts;
  parts.push_back({rate_text(pace.records_per_second), 7});
  parts.push_back({human_bytes(static_cast<uint64_t>(pace.bytes_per_second)) + "/s", 2});
  if (const auto behind_ms = furthest_behind(snapshot.source))
    parts.push_back({"behind " + human_duration(static_cast<double>(*behind_ms) / 1e3), 6});
  if (style.follow) {
    if (snapshot.newest_commit_ts_ns > 0) {
      const double age = static_cast<double>(style.now_ns - snapshot.newest_commit_ts_ns) / 1e9;
      parts.push_back({"newest change " + human_duration(std::max(0.0, age)) + " ago", 6});
    }
  } else if (share && *share < 1 && pace.bytes_per_second >= 1) {
    const auto left = static_cast<double>(*snapshot.source.bytes_total - snapshot.source.bytes_read);
    parts.push_back({"ETA " + human_duration(left / pace.bytes_per_second), 6});
  }
  return parts;
}

size_t width_of(const std::vector<Part>& parts) {
  size_t width = 0;
  for (const Part& part : parts) width += display_width(part.text) + 2;
  return width;
}

}  // namespace

std::string progress_line(const pipeline::Snapshot& snapshot, const Pace& pace, const LineStyle& style) {
  std::vector<Part> parts = parts_of(snapshot, pace, style);
  const size_t limit = style.width == 0 ? SIZE_MAX : std::max(style.width, kMinWidth);
  while (parts.size() > 1 && width_of(parts) > limit) {
    parts.erase(std::min_element(parts.begin(), parts.end(),
                                 [](const Part& a, const Part& b) { return a.importance < b.importance; }));
  }
  std::string line;
  for (const Part& part : parts) {
    line += line.empty() ? "" : "  ";
    const bool coloured = style.colour && *part.colour != '\0';
    line += coloured ? fmt::format("\x1b[{}m{}\x1b[0m", part.colour, part.text) : part.text;
  }
  return line;
}

std::string progress_json(const pipeline::Snapshot& snapshot, const Pace& pace) {
  const change::Books& books = snapshot.books;
  const auto total = snapshot.source.bytes_total;
  // Only of a stream.
  const std::string shards = shards_json(snapshot.source.shards);
  const std::string stream = shards.empty() ? shards
                                            : fmt::format(R"(,"shards":{},"expired_unread":{})", shards,
                                                          snapshot.source.expired_unread);
  return fmt::format(
      R"({{"event":"progress","seconds":{:.1f},"read":{},"landed":{},"rows":{},"repeats":{},"quarantined":{},)"
      R"("waiting":{},"source_bytes":{},"source_bytes_total":{},"records_per_second":{:.0f},"newest_commit_ts_ns":{},)"
      R"("final":{}{}}})",
      pace.seconds, books.read, books.landed, books.rows, books.repeats, books.quarantined, books.waiting,
      snapshot.source.bytes_read, total ? std::to_string(*total) : "null", pace.records_per_second,
      snapshot.newest_commit_ts_ns, snapshot.final, stream);
}

ProgressMode progress_mode(const std::string& choice, bool terminal) {
  if (choice == "plain") return ProgressMode::Plain;
  if (choice == "json") return ProgressMode::Json;
  if (choice == "none") return ProgressMode::None;
  return terminal ? ProgressMode::Line : ProgressMode::Plain;
}

ProgressMeter::ProgressMeter(ProgressMode mode, bool colour, bool follow, std::FILE* stream,
                             const Clock& clock)
    : mode_(mode),
      colour_(colour),
      follow_(follow),
      stream_(stream),
      clock_(&clock),
      start_ns_(clock.steady_ns()),
      measured_ns_(start_ns_) {}

double ProgressMeter::seconds() const { return static_cast<double>(clock_->steady_ns() - start_ns_) / 1e9; }

void ProgressMeter::measure(const pipeline::Snapshot& snapshot) {
  const int64_t now_ns = clock_->steady_ns();
  pace_.seconds = seconds();
  const int64_t passed_ns = now_ns - measured_ns_;
  if (passed_ns < kMeasureEvery) return;
  const double passed = static_cast<double>(passed_ns) / 1e9;
  const double records = static_cast<double>(snapshot.books.read - measured_records_) / passed;
  const double bytes = static_cast<double>(snapshot.source.bytes_read - measured_bytes_) / passed;
  const double weight = measured_ns_ == start_ns_ ? 1 : kSmoothing;
  pace_.records_per_second += weight * (records - pace_.records_per_second);
  pace_.bytes_per_second += weight * (bytes - pace_.bytes_per_second);
  measured_ns_ = now_ns;
  measured_records_ = snapshot.books.read;
  measured_bytes_ = snapshot.source.bytes_read;
}

void ProgressMeter::show(const pipeline::Snapshot& snapshot) {
  measure(snapshot);
  const int64_t now_ns = clock_->steady_ns();
  LineStyle style{.width = 0, .colour = colour_, .follow = follow_, .now_ns = clock_->wall_ns()};
  if (mode_ == ProgressMode::Line) {
    style.width = terminal_width(stream_);
    fmt::print(stream_, "\r{}\x1b[K", progress_line(snapshot, pace_, style));
    std::fflush(stream_);
    line_is_shown_ = true;
    return;
  }
  const int64_t every = mode_ == ProgressMode::Json ? kJsonEvery : kPlainEvery;
  const bool due = now_ns - shown_ns_.value_or(start_ns_) >= every;
  if (mode_ == ProgressMode::None || !(due || (snapshot.final && mode_ == ProgressMode::Json))) return;
  shown_ns_ = now_ns;
  fmt::print(
      stream_, "{}\n",
      mode_ == ProgressMode::Json ? progress_json(snapshot, pace_) : progress_line(snapshot, pace_, style));
  std::fflush(stream_);
}

void ProgressMeter::notice(const std::string& text) {
  clear();
  if (mode_ == ProgressMode::Json) {
    std::string quoted;
    append_json_string(quoted, text);
    fmt::print(stream_, "{{\"event\":\"notice\",\"message\":{}}}\n", quoted);
  } else {
    fmt::print(stream_, "sluice: {}\n", printable(text));
  }
  std::fflush(stream_);
}

void ProgressMeter::clear() {
  if (!line_is_shown_) return;
  fmt::print(stream_, "\r\x1b[K");
  std::fflush(stream_);
  line_is_shown_ = false;
}

}  // namespace sluice::app
