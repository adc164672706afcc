// Voyage: the same records through the real pipeline in as many starts as it takes, each start ended by
// something that goes wrong, until one ends well.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "emulate/random.h"
#include "pipeline/faulty_sink_for_test.h"
#include "pipeline/memory_source_for_test.h"
#include "pipeline/pipeline.h"
#include "storm/judge.h"
#include "storm/world.h"

namespace sluice::storm {

// Days after which nothing waits any longer, with the default of incomplete_after_ms.
inline constexpr int64_t kNineDaysNs = int64_t{9} * 86'400 * 1'000'000'000;

// What ends a start before its time.
struct Mishap {
  enum class Kind { None, SinkFails, SourceFails, Stop, Crash };
  Kind kind = Kind::None;
  pipeline::SinkFault fault = pipeline::SinkFault::None;
  int64_t at = 0;  // batch or block
  std::string text() const;
};

class Voyage {
 public:
  // Makes the sink of one start on what is durable.
  using OpenSink = std::function<Result<std::unique_ptr<sink::Sink>>()>;

  // Spreads the records over drawn shards and draws sizes of batches. Both must outlive the voyage.
  Voyage(const World& world, emulate::Random& random, int64_t fewest_batch_rows);
  // Takes these shards instead.
  void set_shards(std::vector<pipeline::MemoryShard> shards) { shards_ = std::move(shards); }
  void set_catalog(const catalog::Catalog& catalog) { options_.catalog = catalog; }

  // One start of the program. Whatever should not have been is added to `findings`.
  void start(const OpenSink& open, const Mishap& mishap, bool redeliver);
  // Several starts with mishaps, then one without.
  void sail(const OpenSink& open, int64_t mishaps);
  // Lets nine days pass, so that what is incomplete is given up.
  void wait_nine_days(const OpenSink& open);
  Mishap draw_mishap();

  pipeline::PipelineOptions& options() { return options_; }
  const std::vector<pipeline::MemoryShard>& shards() const { return shards_; }
  Course& course() { return course_; }
  ManualClock& clock() { return clock_; }
  std::vector<std::string>& findings() { return findings_; }
  std::string story() const;

 private:
  Result<void> before_block(const Mishap& mishap, size_t blocks);
  void check_result(const Mishap& mishap, const Result<pipeline::RunSummary>& result);
  void check_confirmed(sink::Sink& sink, const Mishap& mishap, const pipeline::MemorySource& source,
                       const std::map<std::string, int64_t>& confirmed_before);

  const World& world_;
  emulate::Random& random_;
  std::vector<pipeline::MemoryShard> shards_;
  pipeline::PipelineOptions options_;
  ManualClock clock_{1'800'000'000'000'000'000};
  Course course_;
  std::vector<std::string> findings_;
  size_t block_records_ = 50;
  int64_t starts_ = 0;
  // Of the running start. The sink's thread reads `crashed_`.
  std::atomic<bool> stop_ = false;
  std::atomic<bool> crashed_ = false;
  std::atomic<bool> fault_fired_ = false;
};

}  // namespace sluice::storm
