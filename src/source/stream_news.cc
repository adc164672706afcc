#include "source/stream_news.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace sluice::source {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kTellAfterNs = 10 * kSecond;
constexpr int64_t kTellFirstAfterNs = kSecond;
constexpr int64_t kTellThrottleAfterNs = 60 * kSecond;

constexpr const char* kWhatToDo = "docs/OPERATIONS.md says what to do.";

std::string duration_of(int64_t ns) { return human_duration(static_cast<double>(ns) / 1e9); }

// To the second.
std::string time_text(int64_t wall_ms) {
  if (wall_ms <= 0) return "its start";
  return utc_text(wall_ms / 1000 * kSecond).substr(0, 19) + "Z";
}

}  // namespace

void StreamNews::trouble(std::string_view where, const Error& error, int64_t asked_ns, int64_t now_ns) {
  const int64_t since_ns = troubles_.try_emplace(std::string(where), asked_ns).first->second;
  const int64_t patience = error.kind == ErrorKind::Throttled ? kTellThrottleAfterNs
                           : ever_fine_                       ? kTellAfterNs
                                                              : kTellFirstAfterNs;
  if (told_ || now_ns - since_ns < patience) return;
  told_ = true;
  told_since_ns_ = since_ns;
  if (!ever_fine_) {
    say(fmt::format(
        "{} has not answered yet: {} Sluice goes on trying. If that stays, check the Region, the network and "
        "the address, if you gave one (--endpoint-url, AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL).",
        typed_, error.message));
    return;
  }
  say(fmt::format(
      "{} has not answered as it should for {}: {} Sluice goes on trying; nothing is lost while the "
      "stream keeps its records ({} h).",
      typed_, duration_of(now_ns - since_ns), error.message, retention_hours_));
}

void StreamNews::fine(std::string_view where, int64_t now_ns) {
  ever_fine_ = true;
  const auto found = troubles_.find(where);
  if (found == troubles_.end()) return;
  troubles_.erase(found);
  if (!told_ || !troubles_.empty()) return;
  told_ = false;
  say(fmt::format("{} answers again, after {}.", typed_, duration_of(now_ns - told_since_ns_)));
}

int64_t StreamNews::trouble_since_ns() const {
  int64_t since_ns = 0;
  for (const auto& [where, began_ns] : troubles_)
    if (since_ns == 0 || began_ns < since_ns) since_ns = began_ns;
  return since_ns;
}

void StreamNews::behind(const std::string& shard_id, int64_t behind_ms) {
  if (behind_ms > retention_ms() / 2 && late_.insert(shard_id).second) {
    say(fmt::format(
        "{}: {} is read {} late, and the stream keeps its records for {} h. What is not read by then "
        "is lost: raise the stream's retention, and look why the destination is slow.",
        typed_, shard_id, human_duration(static_cast<double>(behind_ms) / 1e3), retention_hours_));
  } else if (behind_ms < retention_ms() / 4 && late_.erase(shard_id) != 0) {
    say(fmt::format("{}: {} has caught up.", typed_, shard_id));
  }
}

void StreamNews::may_have_expired(const std::string& shard_id, int64_t read_up_to_ms, int64_t kept_from_ms) {
  ++expired_unread_;
  say(fmt::format(
      "RECORDS MAY BE LOST: {}: {} was read up to {}, and the stream keeps nothing from before {}. What "
      "arrived in between has expired unread. {}",
      typed_, shard_id, time_text(read_up_to_ms), time_text(kept_from_ms), kWhatToDo));
}

void StreamNews::shard_is_gone(const std::string& shard_id, int64_t read_up_to_ms) {
  ++expired_unread_;
  say(fmt::format(
      "RECORDS MAY BE LOST: {}: {} was read up to {} but not to its end, and the stream does not have "
      "it any more. What it held has expired unread. {}",
      typed_, shard_id, time_text(read_up_to_ms), kWhatToDo));
}

void StreamNews::position_is_gone(const std::string& shard_id, int64_t read_up_to_ms) {
  ++expired_unread_;
  say(fmt::format(
      "RECORDS MAY BE LOST: {}: {} was read up to {}, and the stream does not know that place any more. "
      "It is read again from its oldest record; what came between has expired unread. {}",
      typed_, shard_id, time_text(read_up_to_ms), kWhatToDo));
}

std::vector<std::string> StreamNews::take() { return std::exchange(lines_, {}); }

}  // namespace sluice::source
