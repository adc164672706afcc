// Kinesis Data Streams: typed requests and replies, one attempt each.
//
// Whether to try again is for the caller, who goes by the kind of an error and, where it matters, by its
// reason, which is the service's code: ExpiredIteratorException (Unavailable: ask for a new iterator),
// ProvisionedThroughputExceededException (Throttled), ResourceNotFoundException (Refused). A reply that is
// cut or garbled is Unavailable to a read, OutcomeUnknown to a write. A member that is null is an absent one.
// Limits: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/session.h"
#include "base/arena.h"
#include "base/result.h"

namespace sluice::aws {

// One of both. An ARN is arn:aws:kinesis:REGION:ACCOUNT:stream/NAME; its region must be the session's.
struct StreamName {
  std::string name;
  std::string arn;

  // As people call it: the name, also out of the ARN.
  std::string_view shown() const;
};
// `text` as the user typed it: a name or an ARN. Refused when it can be neither.
Result<StreamName> parse_stream_name(std::string_view text);

// Hash keys are decimal, 0 to 2^128 - 1. Sequence numbers are decimal with up to 129 digits: compare by
// length, then by digits.
struct Shard {
  std::string shard_id;
  std::string parent_id;           // empty: none, or one that is gone
  std::string adjacent_parent_id;  // of a merge
  std::string start_hash;
  std::string end_hash;
  std::string first_sequence;
  std::string last_sequence;  // empty while the shard is open
};

struct StreamSummary {
  std::string name;
  std::string arn;
  std::string status;  // CREATING, DELETING, ACTIVE, UPDATING
  int64_t retention_hours = 24;
  int64_t open_shards = 0;
  int64_t max_record_kib = 1024;
  int64_t created_s = 0;  // since 1970 UTC; 0 when the service does not say
};

// All of it in the arena that was given; `data` has kReadableSlack behind it.
struct KinesisRecord {
  std::string_view sequence;
  std::string_view partition_key;
  std::string_view data;
  int64_t arrival_ms = 0;  // since 1970 UTC; 0 when the service does not say
};

struct RecordsPage {
  std::vector<KinesisRecord> records;
  std::string next_iterator;              // empty: the shard is closed and this was its end
  int64_t millis_behind = -1;             // behind the tip of the shard; -1 when the service does not say
  std::vector<std::string> child_shards;  // said once, at the shard's end
};

enum class StartAt { TrimHorizon, Latest, AtTime, AtSequence, AfterSequence };

struct OutgoingRecord {
  std::string_view partition_key;  // 1 to 256 characters
  std::string_view data;
};

// What became of each record, in the order given.
struct PutOutcome {
  struct Item {
    std::string sequence;  // when it was stored
    std::string shard_id;
    std::string error_code;  // when it was not: ProvisionedThroughputExceededException, InternalFailure
  };
  std::vector<Item> items;
  int64_t failed = 0;
};

// A PutRecords call: at most so many records, and so many bytes of data and partition keys.
inline constexpr size_t kMaxPutRecords = 500;
inline constexpr size_t kMaxPutBytes = 10U << 20;
// A GetRecords call gives at most this many records, and 10 MiB of data.
inline constexpr int kMaxGetRecords = 10'000;

// The page in a reply to GetRecords; Malformed with reason "bad-reply" when it is none. `body` may be
// changed.
Result<RecordsPage> parse_records_page(std::string& body, Arena& arena);

// Threads: any number at once.
class Kinesis {
 public:
  struct Timeouts {
    int64_t read_ms = 30'000;
    int64_t write_ms = 60'000;
  };
  explicit Kinesis(Session& session) : session_(session) {}
  Kinesis(Session& session, Timeouts timeouts) : session_(session), timeouts_(timeouts) {}

  Result<StreamSummary> describe(const StreamName& stream);
  // All shards that the service still knows, open and closed. Reads every page; an expired page token is
  // Unavailable, and the list is to be asked for anew.
  Result<std::vector<Shard>> list_shards(const StreamName& stream);
  // Lives five minutes. `sequence` for AtSequence and AfterSequence, `time_ms` for AtTime.
  Result<std::string> iterator(const StreamName& stream, std::string_view shard_id, StartAt start,
                               std::string_view sequence = {}, int64_t time_ms = 0);
  // `limit` 1 to kMaxGetRecords.
  Result<RecordsPage> get_records(const StreamName& stream, std::string_view iterator, int limit,
                                  Arena& arena);
  // A call that stored only some is a success; see Item::error_code. Never in doubt record by record: a lost
  // reply is OutcomeUnknown for all of them. Refused for more than the limits above.
  Result<PutOutcome> put_records(const StreamName& stream, std::span<const OutgoingRecord> records);

  // For tests, the demo and provisioning. `shards` 0 makes an on-demand stream. A stream that exists is
  // Refused with the reason ResourceInUseException. Each returns before the stream is ACTIVE again.
  Result<void> create_stream(std::string_view name, int shards);
  Result<void> delete_stream(const StreamName& stream);
  Result<void> split_shard(const StreamName& stream, std::string_view shard_id,
                           std::string_view new_start_hash);
  Result<void> merge_shards(const StreamName& stream, std::string_view shard_id,
                            std::string_view adjacent_id);
  // 1024 to 10240.
  Result<void> update_max_record_size(const StreamName& stream, int64_t kib);

  // How far the service's clock is ahead of this machine's, as learnt so far.
  int64_t clock_offset_ns() const { return session_.clock_offset_ns(); }

 private:
  Session& session_;
  Timeouts timeouts_;
};

}  // namespace sluice::aws
