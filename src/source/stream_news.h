// StreamNews: what a person is told about a Kinesis stream, once per change and not once per try.
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::source {

class StreamNews {
 public:
  // `typed`: the stream as the user typed it, kinesis:shop-cdc.
  explicit StreamNews(std::string typed) : typed_(std::move(typed)) {}

  void say(std::string text) { lines_.push_back(std::move(text)); }

  // A call for `where` (a shard's id, or nothing for the stream as a whole), made at `asked_ns`, failed with
  // `error`, which may pass. A call that nobody answers for long is trouble since it was made. Told
  // when it has lasted 10 s, 1 s when nothing has answered yet, or a minute when the service only asks for
  // less; and that it is over, when it was told.
  void trouble(std::string_view where, const Error& error, int64_t asked_ns, int64_t now_ns);
  void fine(std::string_view where, int64_t now_ns);
  // Since when the oldest trouble lasts; 0 when there is none.
  int64_t trouble_since_ns() const;

  // How far a shard's reading is behind. Told when it passes half of what the stream keeps (F18), and when it
  // is below a quarter again.
  void behind(const std::string& shard_id, int64_t behind_ms);

  // Records may have gone, or are gone, before they were read. Each is counted.
  // The shard was read up to `read_up_to_ms`; the stream keeps nothing from before `kept_from_ms`.
  void may_have_expired(const std::string& shard_id, int64_t read_up_to_ms, int64_t kept_from_ms);
  // The stream does not know the shard any more, which was not read to its end.
  void shard_is_gone(const std::string& shard_id, int64_t read_up_to_ms);
  // The position is refused; the shard is read again from its oldest record.
  void position_is_gone(const std::string& shard_id, int64_t read_up_to_ms);
  int64_t expired_unread() const { return expired_unread_; }

  void set_retention_hours(int64_t hours) { retention_hours_ = hours; }
  int64_t retention_ms() const { return retention_hours_ * 3'600'000; }

  std::vector<std::string> take();

 private:
  std::string typed_;
  int64_t retention_hours_ = 24;
  std::map<std::string, int64_t, std::less<>> troubles_;  // since when, in steady nanoseconds
  int64_t told_since_ns_ = 0;
  bool told_ = false;
  bool ever_fine_ = false;
  std::set<std::string> late_;
  int64_t expired_unread_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace sluice::source
