// ShardCursor: one shard that is being read: what to ask next, and what its position is.
//
// Threads: one owner.
#pragma once

#include <cstdint>
#include <string>

#include "aws/kinesis.h"
#include "source/read_pace.h"
#include "source/shard_position.h"
#include "source/source.h"

namespace sluice::source {

// The time, as a reader needs it: for intervals, and to hold against the times of the service.
struct Now {
  int64_t steady_ns = 0;
  int64_t wall_ms = 0;
};

// One call to Kinesis.
struct ReadCall {
  enum class What : uint8_t {
    Look,      // DescribeStreamSummary, then ListShards
    Iterator,  // GetShardIterator
    Records,   // GetRecords
  };
  What what = What::Look;
  std::string shard_id;
  aws::StartAt start = aws::StartAt::TrimHorizon;  // of Iterator, with the sequence or time that it needs
  std::string sequence;
  int64_t start_ms = 0;
  std::string iterator;  // of Records
  Now asked;
};

class ShardCursor {
 public:
  // `shard`: its name in the ledger. A start at Latest becomes a start at `now` less five minutes (the most
  // by which AWS lets a clock be wrong) as soon as the first iterator was asked for: an iterator that is lost
  // must not skip what came meanwhile.
  ShardCursor(std::string shard_id, std::string shard, ShardPosition from, const PaceLimits& limits, Now now);

  const std::string& shard_id() const { return shard_id_; }
  const std::string& shard() const { return shard_; }
  const ShardPosition& position() const { return position_; }
  bool finished() const { return position_.finished(); }
  bool in_flight() const { return in_flight_; }
  // Everything that stood in the shard when it was asked last was read.
  bool at_tip() const { return at_tip_; }
  // The last page said that the shard is closed and that this was its end. It counts as finished only when
  // the list of shards says so too: a reply that merely lacks its iterator must not end a shard for good.
  bool at_end() const { return at_end_ && !finished(); }

  ReadPace& pace() { return pace_; }
  const ReadPace& pace() const { return pace_; }

  // The next call; nothing else may be asked of this shard before one of the functions below.
  ReadCall call(Now now);
  void took_iterator(std::string iterator, Now now);
  // What came moved the position behind the last record. `asked_for`: the limit of records in the call.
  void took_page(const aws::RecordsPage& page, size_t bytes, size_t asked_for, const ReadCall& call, Now now);
  // The call brought nothing.
  void failed() { in_flight_ = false; }
  void forget_iterator() { iterator_.clear(); }
  void start_over() { position_.kind = ShardPosition::Kind::TrimHorizon; }
  void lose() { position_.kind = ShardPosition::Kind::Lost; }
  void confirm_end() { position_.kind = ShardPosition::Kind::End; }
  void deny_end() { at_end_ = at_tip_ = false; }

  // The stream did not know the shard when it was asked last.
  bool missing = false;
  // It was said that records may have expired since then.
  int64_t told_expired_ms = 0;
  // When its position was last handed out with a block, and what had been read by then.
  int64_t saved_ms = 0;

  ShardProgress progress() const;

 private:
  void measure(size_t records, size_t bytes, Now now);

  std::string shard_id_;
  std::string shard_;
  ShardPosition position_;
  ReadPace pace_;
  std::string iterator_;
  bool first_is_latest_ = false;
  bool in_flight_ = false;
  bool at_tip_ = false;
  bool at_end_ = false;
  int64_t behind_ms_ = -1;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
  int64_t measured_ns_ = 0;
  uint64_t measured_records_ = 0;
  double records_per_second_ = 0;
};

}  // namespace sluice::source
