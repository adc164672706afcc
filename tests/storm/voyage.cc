#include "storm/voyage.h"

#include <fmt/format.h>

#include <iterator>
#include <map>

namespace sluice::storm {

using emulate::Random;
using pipeline::FaultySink;
using pipeline::MemoryShard;
using pipeline::MemorySource;
using pipeline::SinkFault;

namespace {

// Position of each shard as the ledger has it.
std::map<std::string, int64_t> confirmed(const sink::SavedState& saved) {
  std::map<std::string, int64_t> positions;
  for (const change::Checkpoint& checkpoint : saved.checkpoints)
    positions[checkpoint.shard] = std::stoll(checkpoint.position);
  return positions;
}

}  // namespace

std::string Mishap::text() const {
  switch (kind) {
    case Kind::None:
      return "no mishap";
    case Kind::SinkFails:
      return fmt::format("sink fault {} at batch {}", static_cast<int>(fault), at);
    case Kind::SourceFails:
      return fmt::format("source error after {} blocks", at);
    case Kind::Stop:
      return fmt::format("stop after {} blocks", at);
    case Kind::Crash:
      return fmt::format("crash after {} blocks", at);
  }
  return "";
}

Voyage::Voyage(const World& world, Random& random, int64_t fewest_batch_rows)
    : world_(world), random_(random) {
  shards_.resize(1 + random_.index(6));
  for (size_t at = 0; at < shards_.size(); ++at) shards_[at].name = fmt::format("shard-{}", at);
  for (const std::string& record : world_.records)
    shards_[random_.index(shards_.size())].records.push_back(record);
  constexpr size_t kBlockRecords[] = {1, 10, 50, 500};
  block_records_ = kBlockRecords[random_.index(std::size(kBlockRecords))];
  const int64_t rows[] = {fewest_batch_rows, 4 * fewest_batch_rows, 245'760};
  options_.batch_rows = rows[random_.index(std::size(rows))];
  options_.batch_bytes = random_.one_in(3) ? fewest_batch_rows * 300 : int64_t{96} << 20;
  constexpr int64_t kMemory[] = {1, 4096, int64_t{64} << 20};
  options_.fragment_memory_bytes = kMemory[random_.index(std::size(kMemory))];
}

std::string Voyage::story() const {
  return fmt::format("{} shards, blocks up to {}, batches of {} rows or {} bytes, {} bytes for fragments{}",
                     shards_.size(), block_records_, options_.batch_rows, options_.batch_bytes,
                     options_.fragment_memory_bytes, options_.catalog ? ", with the catalog" : "");
}

Mishap Voyage::draw_mishap() {
  Mishap mishap;
  constexpr Mishap::Kind kKinds[] = {Mishap::Kind::SinkFails, Mishap::Kind::SinkFails,
                                     Mishap::Kind::SourceFails, Mishap::Kind::Stop, Mishap::Kind::Crash};
  constexpr SinkFault kFaults[] = {SinkFault::Unavailable, SinkFault::Refused, SinkFault::UnknownBefore,
                                   SinkFault::UnknownAfter};
  mishap.kind = kKinds[random_.index(std::size(kKinds))];
  mishap.fault = kFaults[random_.index(std::size(kFaults))];
  const auto blocks = static_cast<uint64_t>(2 * world_.records.size() / (block_records_ + 1) / 4 + 2);
  mishap.at =
      static_cast<int64_t>(mishap.kind == Mishap::Kind::SinkFails ? random_.below(6) : random_.below(blocks));
  return mishap;
}

Result<void> Voyage::before_block(const Mishap& mishap, size_t blocks) {
  clock_.advance_ns(random_.between(0, 400'000'000));
  if (static_cast<int64_t>(blocks) < mishap.at) return {};
  if (mishap.kind == Mishap::Kind::Stop) stop_ = true;
  if (mishap.kind == Mishap::Kind::Crash) crashed_ = true;
  if (mishap.kind == Mishap::Kind::SourceFails) {
    fault_fired_ = true;
    return unavailable("the test's source is away");
  }
  return {};
}

void Voyage::check_result(const Mishap& mishap, const Result<pipeline::RunSummary>& result) {
  const auto add = [&](const std::string& what) {
    findings_.push_back(fmt::format("start {} ({}): {}", starts_, mishap.text(), what));
  };
  if (fault_fired_ && result.ok()) add("the failure was swallowed");
  if (!fault_fired_ && !result.ok()) add("failed by itself: " + result.error().message);
  if (!result.ok()) {
    if (result.error().message.find("the test's") == std::string::npos)
      add("other error: " + result.error().message);
    return;
  }
  for (const std::string& imbalance : result.value().imbalances) add(imbalance);
  if (result.value().interrupted != stop_) add("says wrongly whether it was interrupted");
}

// What the ledger has passed is in it, and what a run that ended in order has taken is confirmed.
void Voyage::check_confirmed(sink::Sink& sink, const Mishap& mishap, const MemorySource& source,
                             const std::map<std::string, int64_t>& confirmed_before) {
  const auto saved = sink.load();
  if (!saved.ok()) {
    findings_.push_back("the sink cannot be read: " + saved.error().message);
    return;
  }
  const std::map<std::string, int64_t> now = confirmed(saved.value());
  const bool all_confirmed = mishap.kind != Mishap::Kind::SinkFails && mishap.kind != Mishap::Kind::Crash;
  for (const MemoryShard& shard : shards_) {
    const auto value = [&shard](const auto& map) {
      const auto found = map.find(shard.name);
      return found == map.end() ? int64_t{0} : found->second;
    };
    const int64_t rewound = value(source.rewound());
    const int64_t given = value(source.given());
    const int64_t taken = value(now) - value(confirmed_before) + rewound;
    if (value(now) != value(confirmed_before) || (all_confirmed && given > 0))
      course_.read[shard.name] += taken;
    if (all_confirmed && taken != given) {
      findings_.push_back(fmt::format("start {} ({}): {} of {} records were taken, {} confirmed", starts_,
                                      mishap.text(), given, shard.name, taken));
    }
    const auto books = saved.value().books.find(shard.name);
    const int64_t read = books == saved.value().books.end() ? 0 : books->second.read;
    if (read != course_.read[shard.name]) {
      findings_.push_back(
          fmt::format("start {} ({}): {} is confirmed up to {}, and the ledger has {} records of it", starts_,
                      mishap.text(), shard.name, course_.read[shard.name], read));
    }
  }
}

void Voyage::start(const OpenSink& open, const Mishap& mishap, bool redeliver) {
  ++starts_;
  stop_ = false;
  crashed_ = false;
  fault_fired_ = false;
  Result<std::unique_ptr<sink::Sink>> opened = open();
  if (!opened.ok()) {
    findings_.push_back("the sink does not open: " + opened.error().message);
    return;
  }
  sink::Sink& inner = *opened.value();
  const auto saved = inner.load();
  if (!saved.ok()) {
    findings_.push_back("the sink cannot be read: " + saved.error().message);
    return;
  }
  pipeline::MemorySourceOptions source_options;
  source_options.seed = random_.next();
  source_options.max_block_records = block_records_;
  source_options.rewind = redeliver ? random_.index(2 * block_records_) : 0;
  source_options.saved = saved.value().checkpoints;
  source_options.before_block = [&](size_t blocks) { return before_block(mishap, blocks); };
  MemorySource source(shards_, source_options);
  int64_t batches = 0;
  FaultySink sink(inner, [&](const change::Batch&) {
    const bool fails = mishap.kind == Mishap::Kind::SinkFails && batches++ == mishap.at;
    if (!fails && !crashed_) return SinkFault::None;
    fault_fired_ = true;
    return crashed_ ? SinkFault::Unavailable : mishap.fault;
  });
  pipeline::Hooks hooks;
  hooks.stop = &stop_;
  check_result(mishap, pipeline::run(source, sink, options_, clock_, hooks));
  check_confirmed(inner, mishap, source, confirmed(saved.value()));
}

void Voyage::sail(const OpenSink& open, int64_t mishaps) {
  for (int64_t mishap = 0; mishap < mishaps; ++mishap) start(open, draw_mishap(), false);
  course_.redelivered = random_.one_in(3);
  start(open, {}, course_.redelivered);
}

void Voyage::wait_nine_days(const OpenSink& open) {
  clock_.advance_ns(kNineDaysNs);
  start(open, {}, false);
  course_.expired = true;
}

}  // namespace sluice::storm
