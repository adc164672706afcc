// A StreamReader against a KinesisModel, with a clock that moves only as the test says, and a ledger.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "aws/session.h"
#include "net/credentials.h"
#include "source/kinesis.h"
#include "source/kinesis_model_for_test.h"
#include "source/stream_reader.h"

namespace sluice::source {

class ReaderFixture : public testing::Test {
 protected:
  static constexpr int64_t kMs = 1'000'000;
  static constexpr int64_t kStartNs = 1'764'000'000'000 * kMs;
  static constexpr int64_t kHourMs = 3'600'000;

  ReaderFixture() {
    options_.stream.name = "shop-cdc";
    options_.typed = "kinesis:shop-cdc";
    options_.until_end = true;
  }

  // Puts so many records, each into a random open shard; together with what was put before they are what must
  // land.
  void put(int count, size_t bytes = 8) {
    for (int i = 0; i < count; ++i) {
      std::string data = fmt::format("record {}", put_.size());
      data.resize(std::max(bytes, data.size()), '.');
      put_[data] = model_.put(random_(), data);
    }
  }
  void pass(int64_t ms) { clock_.advance_ns(ms * kMs); }

  // A new run of the program: it knows only what the ledger holds.
  void start() {
    under_way_.clear();
    reader_.reset();
    ReaderOptions options = options_;
    for (const auto& [shard, position] : ledger_) options.saved.push_back({shard, position});
    reader_ = std::make_unique<StreamReader>(std::move(options));
  }

  // Reads for so long, with up to four calls under way whose replies come in any order. Stops at a failure.
  void read_for(int64_t ms) {
    const int64_t end_ns = clock_.steady_ns() + ms * kMs;
    while (clock_.steady_ns() < end_ns && !reader_->failure() && !reader_->finished()) step(end_ns);
  }
  // Reads until it is finished. More than a day of the clock is a hang.
  void read_to_end() {
    if (!reader_) start();
    read_for(24 * kHourMs);
    take_blocks();
    EXPECT_FALSE(reader_->failure()) << reader_->failure()->message;
    EXPECT_TRUE(reader_->finished());
  }

  void expect_everything_landed() {
    for (const auto& [data, sequence] : put_) {
      const auto found = landed_.find(data);
      if (found == landed_.end()) {
        ADD_FAILURE() << data.substr(0, 20) << " is lost";
        return;
      }
    }
    EXPECT_EQ(landed_.size(), put_.size());
  }
  int64_t repeats() const {
    int64_t count = 0;
    for (const auto& [data, times] : landed_) count += times - 1;
    return count;
  }
  std::string notices() {
    for (std::string& notice : reader_->take_notices()) notices_ += notice + "\n";
    return notices_;
  }
  // The ledger's text for a shard, without the stream's name.
  std::string saved(const std::string& shard_id) const {
    for (const auto& [shard, position] : ledger_)
      if (shard.ends_with("/" + shard_id)) return position;
    return {};
  }
  Result<net::HttpResponse> fails(int status, std::string_view code) {
    return KinesisModel::failure(status, code);
  }

  ManualClock clock_{kStartNs};
  KinesisModel model_{clock_, 4};
  std::unique_ptr<net::CredentialsProvider> credentials_ = net::fixed_credentials({"id", "secret", {}, 0});
  aws::Session session_{model_, *credentials_, clock_,
                        net::EndpointSettings{"eu-west-1", false, false, "http://127.0.0.1:1", {}}};
  aws::Kinesis client_{session_};
  ReaderOptions options_;
  std::unique_ptr<StreamReader> reader_;
  std::map<std::string, std::string> ledger_;
  std::map<std::string, std::string> put_;        // data → sequence number
  std::map<std::string, int> landed_;             // data → times
  std::map<std::string, std::string> landed_as_;  // data → the sequence number it came with
  bool sink_is_down_ = false;
  size_t most_held_ = 0;
  std::mt19937_64 random_{7};

 private:
  Now now() const { return {clock_.steady_ns(), clock_.wall_ns() / kMs}; }

  void step(int64_t end_ns) {
    while (under_way_.size() < 4) {
      std::optional<ReadCall> call = reader_->next_call(now());
      if (!call) break;
      under_way_.push_back(std::move(*call));
    }
    if (under_way_.empty()) {
      const int64_t wait_ns = std::max<int64_t>(kMs, reader_->due_ns() - clock_.steady_ns());
      clock_.advance_ns(std::min(wait_ns, std::max<int64_t>(kMs, end_ns - clock_.steady_ns())));
    } else {
      clock_.advance_ns(20 * kMs);
      const size_t at = random_() % under_way_.size();
      const ReadCall call = std::move(under_way_[at]);
      under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(at));
      Reply reply = make_call(client_, options_.stream, call);  // a fault may take its time
      reader_->take(call, std::move(reply), now());
    }
    if (!sink_is_down_) take_blocks();
  }

  // Each block is durable as soon as it is taken.
  void take_blocks() {
    while (std::optional<change::Block> block = reader_->take_block()) {
      for (const change::RawRecord& record : block->records) {
        EXPECT_EQ(record.position.shard, block->shard);
        ++landed_[std::string(record.bytes)];
        landed_as_[std::string(record.bytes)] = record.position.sequence;
      }
      EXPECT_FALSE(block->checkpoint.empty());
      ledger_[block->shard] = block->checkpoint;
    }
  }

  std::vector<ReadCall> under_way_;
  std::string notices_;
};

}  // namespace sluice::source
