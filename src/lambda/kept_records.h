// KeptRecords: the quarantine that ObjectQuarantine wrote, read back for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lambda/object_store.h"

namespace sluice::lambda {

// One line of an object. The same record may stand in several objects, as it was delivered in several
// batches.
struct KeptRecord {
  int64_t id = 0;  // of this record in this object; the same whenever it is asked for
  std::string shard;
  std::string sequence;
  std::string reason;
  std::string message;
  std::string chunk_id;
  std::string bytes;
  int64_t first_seen_ns = 0;
  std::string line;  // as it stands there
};

// The opposite of quarantine_line(); Malformed for what is none. `object` is the key that it stands under.
Result<KeptRecord> parse_kept_line(const std::string& object, std::string_view line);

// Threads: one at a time.
class KeptRecords {
 public:
  explicit KeptRecords(ObjectStore& store) : store_(store) {}

  // The keys of all objects, in order.
  Result<std::vector<std::string>> objects();
  // The records of one, in order; none when it is gone. Errors: the store's; Refused, naming the object, when
  // it is not as this version writes it.
  Result<std::vector<KeptRecord>> read(const std::string& object);

 private:
  ObjectStore& store_;
};

}  // namespace sluice::lambda
