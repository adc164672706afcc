// FunctionFixture: the whole function in one process, with a clock that is turned by hand: real decoding,
// landing, fragments and redrive, against a Data API, an object store and a stream in memory.
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "lambda/function.h"
#include "lambda/memory_objects_for_test.h"
#include "lambda/records_for_test.h"
#include "sink/redshift/fake_data_api_for_test.h"
#include "sink/redshift/lander.h"
#include "source/sequence_number.h"

namespace sluice::lambda {

inline constexpr const char* kStreamArn = "arn:aws:kinesis:us-east-1:1:stream/shop-cdc";

struct StreamRecord {
  std::string sequence;
  std::string data;
};

// A stream of some shards, as GetRecords reads it.
class MemoryStream final : public StreamReader {
 public:
  std::map<std::string, std::vector<StreamRecord>> shards;
  int throttles = 0;  // answers that ask for less, before any other
  size_t records_a_page = 3;

  Result<std::string> iterator_at(const FailedRange& range) override {
    const auto shard = shards.find(range.shard_id);
    if (shard == shards.end()) return Error{ErrorKind::Refused, "ResourceNotFoundException", "no such shard"};
    size_t at = 0;
    while (at < shard->second.size() &&
           source::compare_sequence_numbers(shard->second[at].sequence, range.first_sequence) < 0)
      ++at;
    return std::to_string(at);
  }
  Result<aws::RecordsPage> records(const FailedRange& range, const std::string& iterator,
                                   Arena& arena) override {
    if (throttles > 0) {
      --throttles;
      return Error{ErrorKind::Throttled, "ProvisionedThroughputExceededException", "less"};
    }
    const std::vector<StreamRecord>& shard = shards.at(range.shard_id);
    aws::RecordsPage page;
    size_t at = static_cast<size_t>(parse_uint64(iterator).value());
    for (; at < shard.size() && page.records.size() < records_a_page; ++at)
      page.records.push_back({arena.copy(shard[at].sequence), {}, arena.copy(shard[at].data), 0});
    page.next_iterator = std::to_string(at);
    page.millis_behind = at == shard.size() ? 0 : 1000;
    return page;
  }
};

class LanderRowStore final : public RowStore {
 public:
  LanderRowStore(aws::RedshiftData& api, const Clock& clock, net::Sleeper& sleeper)
      : lander_(api, settings(), clock, sleeper) {}
  sink::redshift::Landing land(std::span<const change::Row> rows, std::span<const change::TableName> tables,
                               const sink::redshift::Intent& intent, int64_t deadline_ns) override {
    return lander_.land(rows, tables, intent, deadline_ns);
  }

 private:
  static sink::redshift::Settings settings() {
    sink::redshift::Settings settings;
    settings.place.workgroup = "shop";
    settings.place.database = "dev";
    return settings;
  }
  sink::redshift::Lander lander_;
};

// What outlives a process of the function.
struct World {
  sink::redshift::FakeDataApi redshift;
  MemoryObjects pieces;
  MemoryObjects kept;  // the quarantine
  MemoryStream stream;
  std::map<std::string, std::string> documents;  // of buckets, by key
  KeySource keys;

  bool has_row(const std::string& shard_id, const std::string& sequence) const {
    return redshift.table.contains("shop-cdc/" + shard_id + " " + sequence);
  }
  bool is_quarantined(const std::string& shard_id, const std::string& sequence) const {
    for (const auto& [key, lines] : kept.objects)
      if (lines.find(fmt::format(R"("shard":"shop-cdc/{}","sequence":"{}")", shard_id, sequence)) !=
          std::string::npos)
        return true;
    return false;
  }
  int64_t now_ms() const { return redshift.clock.wall_ns() / 1'000'000; }
};

// One process of it, made anew when it is killed.
class FunctionProcess {
 public:
  struct Options {
    bool has_quarantine = true;
    bool has_fragments = true;
  };
  explicit FunctionProcess(World& world) : FunctionProcess(world, Options()) {}
  FunctionProcess(World& world, Options options)
      : metrics_(std::tmpfile()),
        rows_(world.redshift.api(), world.redshift.clock, world.redshift.sleeper),
        objects_(world.kept),
        fragments_(world.pieces, world.redshift.clock),
        consumer_(rows_, options.has_quarantine ? static_cast<Quarantine&>(objects_) : nowhere_,
                  options.has_fragments ? &fragments_ : nullptr, world.keys, world.redshift.clock),
        redrive_(world.stream, consumer_, world.redshift.clock, world.redshift.sleeper),
        sweep_(fragments_, consumer_, world.redshift.clock, SweepOptions(), 7),
        sweeps_(options.has_fragments && options.has_quarantine),
        function_(parts(world), world.redshift.clock) {}
  ~FunctionProcess() { std::fclose(metrics_); }
  FunctionProcess(const FunctionProcess&) = delete;
  FunctionProcess& operator=(const FunctionProcess&) = delete;

  Result<std::string> invoke(std::string event, int64_t deadline_ms) {
    Invocation invocation;
    invocation.request_id = "r";
    invocation.deadline_ms = deadline_ms;
    invocation.event = std::move(event);
    return function_.invoke(std::move(invocation));
  }
  Consumed consume(const change::Block& block, int64_t deadline_ns) {
    return consumer_.consume(block, "shop-cdc", deadline_ns);
  }
  Redrive& redrive() { return redrive_; }
  std::string metrics() {
    std::fflush(metrics_);
    std::rewind(metrics_);
    std::string text;
    for (int letter = std::fgetc(metrics_); letter != EOF; letter = std::fgetc(metrics_))
      text.push_back(static_cast<char>(letter));
    return text;
  }

 private:
  Parts parts(World& world) {
    Parts parts;
    parts.consumer = &consumer_;
    parts.redrive = &redrive_;
    if (sweeps_) parts.sweep = &sweep_;
    parts.read_object = [&world](const NewObject& object) -> Result<std::string> {
      const auto found = world.documents.find(object.key);
      if (found == world.documents.end()) return refused("no such object");
      return found->second;
    };
    parts.remove_object = [&world](const NewObject& object) -> Result<void> {
      world.documents.erase(object.key);
      return {};
    };
    parts.set_deadline = [](int64_t) {};
    parts.metrics = metrics_;
    return parts;
  }

  std::FILE* metrics_;
  LanderRowStore rows_;
  NoQuarantine nowhere_;
  ObjectQuarantine objects_;
  SharedFragments fragments_;
  Consumer consumer_;
  Redrive redrive_;
  Sweep sweep_;
  bool sweeps_;
  SluiceFunction function_;
};

inline std::string kinesis_event(const std::string& shard_id, std::span<const StreamRecord> records) {
  std::string list;
  for (const StreamRecord& record : records) {
    list += fmt::format(
        R"({}{{"eventSource":"aws:kinesis","eventID":"{}:{}","eventSourceARN":"{}","kinesis":{{"partitionKey":"k",)"
        R"("sequenceNumber":"{}","data":"{}","approximateArrivalTimestamp":1764000000.123}}}})",
        list.empty() ? "" : ",", shard_id, record.sequence, kStreamArn, record.sequence,
        base64_encode(record.data));
  }
  return R"({"Records":[)" + list + "]}";
}

inline std::string failure_document(const std::string& shard_id, const std::string& first,
                                    const std::string& last, size_t count) {
  return fmt::format(
      R"({{"requestContext":{{"condition":"RetryAttemptsExhausted"}},"responseContext":null,"version":"1.0",)"
      R"("KinesisBatchInfo":{{"shardId":"{}","startSequenceNumber":"{}","endSequenceNumber":"{}",)"
      R"("approximateArrivalOfFirstRecord":"A","approximateArrivalOfLastRecord":"B","batchSize":{},)"
      R"("streamArn":"{}"}}}})",
      shard_id, first, last, count, kStreamArn);
}

}  // namespace sluice::lambda
