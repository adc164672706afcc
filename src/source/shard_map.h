// ShardMap: which shards of a stream are to be read, and from where.
//
// Parents and children are read at the same time, each to its end: their order means nothing to DSQL, whose
// changes carry their own. What a newcomer would get wrong is where a shard begins that was not known before:
// the start that the user chose holds only for shards of the first list of the first run. Every shard that is
// found later is a child of one that was already read, and begins at its oldest record. Threads: one owner.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "aws/kinesis.h"
#include "source/hash_range.h"
#include "source/shard_position.h"

namespace sluice::source {

// Where the first run of a store begins. Of the kinds only TrimHorizon, Latest and At.
struct StartPosition {
  ShardPosition::Kind kind = ShardPosition::Kind::TrimHorizon;
  int64_t time_ms = 0;  // of At
};

struct ShardStart {
  std::string shard_id;
  ShardPosition from;
  bool stored = false;  // `from` is what the ledger holds
};

class ShardMap {
 public:
  // `saved`: what the ledger holds of this very stream, by shard id. `first_run`: the ledger has never held
  // anything of a stream of this name; only then `start` counts.
  ShardMap(std::map<std::string, ShardPosition> saved, StartPosition start, bool first_run);

  // Takes a whole list of the stream's shards. Returns every shard that was not known before: those to be
  // read, and those that are finished (known from the ledger, or Skipped by `latest`). With the first list
  // come also the shards of the ledger that are not in it although they were not read to their end: whether
  // they are really gone only an attempt to read them shows.
  std::vector<ShardStart> take_list(std::span<const aws::Shard> list);
  // Takes the children that the last page of a shard named. Returns those that were not known.
  std::vector<ShardStart> take_children(std::span<const std::string> shard_ids);

  // Of the newest list.
  bool listed(const std::string& shard_id) const { return listed_.contains(shard_id); }
  bool is_open(const std::string& shard_id) const { return open_.contains(shard_id); }
  size_t open_shards() const { return open_.size(); }
  // Hash keys that no open shard takes. A shard whose range cannot be read covers nothing.
  std::vector<HashRange> holes() const { return uncovered(open_ranges_); }

 private:
  ShardStart start_of(const aws::Shard& shard) const;

  std::map<std::string, ShardPosition> saved_;
  StartPosition start_;
  bool start_counts_;
  bool has_list_ = false;
  std::set<std::string> known_;
  std::set<std::string> listed_;
  std::set<std::string> open_;
  std::vector<HashRange> open_ranges_;
};

}  // namespace sluice::source
