// MappingModel: an event source mapping as AWS describes it, for one stream; everything by seed.
//
// It batches per shard, with a checkpoint for each; halves a batch whose invocation failed; splits one at the
// number that a partial answer names; counts retries and looks at ages; sends what it gives up to an
// on-failure queue as a document and goes on behind it; and sometimes delivers again what was answered as
// done. A record that is too large for an invocation goes straight to the queue.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lambda/function_fixture_for_test.h"

namespace sluice::lambda {

struct MappingSettings {
  size_t batch_size = 40;
  size_t parallel = 2;       // batches of one shard at a time, by partition key
  int most_retries = 6;      // of one batch; splitting does not count
  int most_rounds_old = 60;  // a batch that is older is given up
  size_t most_payload = 6'000;
  double redelivered = 0.05;
};

// The answer to a batch: nothing when the invocation failed or the process was killed.
using Invoke = std::function<std::optional<std::string>(const std::string& shard_id,
                                                        std::span<const StreamRecord> records)>;

struct GivenUp {
  std::string shard_id;
  std::string first;
  std::string last;
  size_t count = 0;
};

class MappingModel {
 public:
  MappingModel(const std::map<std::string, std::vector<StreamRecord>>& shards, MappingSettings settings,
               uint64_t seed)
      : settings_(settings), random_(seed) {
    for (const auto& [shard_id, records] : shards) {
      // By partition key, which is random: each of the parallel parts has an order of its own.
      std::vector<std::vector<StreamRecord>> parts(settings.parallel);
      for (const StreamRecord& record : records) parts[random_() % settings.parallel].push_back(record);
      for (std::vector<StreamRecord>& part : parts) lanes_.push_back({shard_id, std::move(part), 0, {}});
    }
  }

  // Until every lane is at its end.
  void run(const Invoke& invoke) {
    for (;;) {
      std::vector<Lane*> open;
      for (Lane& lane : lanes_)
        if (!lane.pending.empty() || lane.read < lane.records.size()) open.push_back(&lane);
      if (open.empty()) return;
      step(*open[random_() % open.size()], invoke);
      ++round_;
    }
  }

  std::vector<GivenUp> on_failure;
  int invocations = 0;
  int splits = 0;

 private:
  struct Batch {
    std::vector<StreamRecord> records;
    int failures = 0;
    int since = 0;
  };
  struct Lane {
    std::string shard_id;
    std::vector<StreamRecord> records;
    size_t read = 0;
    std::deque<Batch> pending;  // in order; the first one is delivered
  };

  bool chance(double share) { return static_cast<double>(random_() % 10'000) < share * 10'000; }

  void give_up(const Lane& lane, const Batch& batch) {
    // A document names a range of the shard, in which records of other lanes may stand too.
    on_failure.push_back(
        {lane.shard_id, batch.records.front().sequence, batch.records.back().sequence, batch.records.size()});
  }

  void read_batch(Lane& lane) {
    Batch batch;
    batch.since = round_;
    size_t bytes = 0;
    while (lane.read < lane.records.size() && batch.records.size() < settings_.batch_size) {
      const StreamRecord& record = lane.records[lane.read];
      bytes += record.data.size() * 4 / 3;
      if (bytes > settings_.most_payload && !batch.records.empty()) break;
      batch.records.push_back(record);
      ++lane.read;
      if (bytes <= settings_.most_payload) continue;
      give_up(lane, batch);
      return;
    }
    if (!batch.records.empty()) lane.pending.push_back(std::move(batch));
  }

  void halve(Lane& lane) {
    ++splits;
    Batch& first = lane.pending.front();
    Batch second;
    second.since = first.since;
    second.failures = first.failures;
    const auto middle = first.records.begin() + static_cast<ptrdiff_t>(first.records.size() / 2);
    second.records.assign(middle, first.records.end());
    first.records.erase(middle, first.records.end());
    lane.pending.insert(lane.pending.begin() + 1, std::move(second));
  }

  void failed(Lane& lane) {
    Batch& batch = lane.pending.front();
    if (batch.records.size() > 1 && chance(0.7)) return halve(lane);
    if (++batch.failures <= settings_.most_retries && round_ - batch.since <= settings_.most_rounds_old)
      return;
    give_up(lane, batch);
    lane.pending.pop_front();
  }

  void step(Lane& lane, const Invoke& invoke) {
    if (lane.pending.empty()) read_batch(lane);
    if (lane.pending.empty()) return;
    ++invocations;
    Batch& batch = lane.pending.front();
    const std::optional<std::string> answer = invoke(lane.shard_id, batch.records);
    if (!answer) return failed(lane);
    simdjson::dom::parser parser;
    simdjson::dom::array failures;
    if (parser.parse(*answer)["batchItemFailures"].get(failures) != simdjson::SUCCESS ||
        failures.size() == 0) {
      if (!chance(settings_.redelivered)) lane.pending.pop_front();
      return;
    }
    std::string lowest;
    for (const auto failure : failures) {
      const std::string number{std::string_view(failure["itemIdentifier"])};
      if (lowest.empty() || source::compare_sequence_numbers(number, lowest) < 0) lowest = number;
    }
    const auto from = std::find_if(batch.records.begin(), batch.records.end(),
                                   [&](const StreamRecord& record) { return record.sequence == lowest; });
    // A number that it does not know is a failure of the whole batch.
    if (from == batch.records.end() || from == batch.records.begin()) return failed(lane);
    ++splits;
    batch.records.erase(batch.records.begin(), from);
    batch.failures = 0;
  }

  MappingSettings settings_;
  std::mt19937_64 random_;
  std::vector<Lane> lanes_;
  int round_ = 0;
};

}  // namespace sluice::lambda
