#include "pipeline/pipeline.h"

#include <fmt/format.h>

#include "pipeline/batch_builder.h"
#include "pipeline/sink_thread.h"
#include "pipeline/undurable_blocks.h"

namespace sluice::pipeline {

using change::Books;

namespace {

// Calls the progress hook about five times a second.
class ProgressTicker {
 public:
  ProgressTicker(const Hooks& hooks, const Clock& clock) : hooks_(hooks), clock_(clock) {}

  void tick(const source::Source& source, const BatchBuilder& builder, const SinkThread& sink_thread,
            int64_t read, bool final) {
    constexpr int64_t kEveryNs = 200'000'000;
    if (!hooks_.progress || (!final && clock_.steady_ns() - last_ns_ < kEveryNs)) return;
    last_ns_ = clock_.steady_ns();
    Snapshot snapshot;
    for (const auto& [shard, books] : sink_thread.durable_books()) snapshot.books.add(books);
    snapshot.durable = snapshot.books.read;
    snapshot.books.read = read;
    const assemble::Waiting waiting = builder.waiting(0);
    snapshot.books.waiting = static_cast<int64_t>(waiting.pieces);
    snapshot.oldest_waiting_ns = waiting.oldest_ns;
    snapshot.source = source.progress();
    snapshot.newest_commit_ts_ns = sink_thread.durable_tally().newest_commit_ts_ns;
    snapshot.final = final;
    hooks_.progress(snapshot);
  }

 private:
  const Hooks& hooks_;
  const Clock& clock_;
  int64_t last_ns_ = 0;
};

// Lets the sink catch up about once a second while there is nothing to apply.
class QuietTime {
 public:
  QuietTime(sink::Sink& sink, const Clock& clock) : sink_(sink), clock_(clock) {}

  void pass(const BatchBuilder& builder, const SinkThread& sink_thread) {
    constexpr int64_t kEveryNs = 1'000'000'000;
    if (clock_.steady_ns() - last_ns_ < kEveryNs || !builder.empty() || !sink_thread.idle()) return;
    sink_.catch_up();
    last_ns_ = clock_.steady_ns();
  }

 private:
  sink::Sink& sink_;
  const Clock& clock_;
  int64_t last_ns_ = 0;
};

// Where the ledger's numbers and what stands at the destination differ.
std::vector<std::string> find_imbalances(const BooksByShard& ledger, const BooksByShard& counted) {
  std::vector<std::string> found;
  const auto compare = [&found](const std::string& shard, const char* what, int64_t booked, int64_t there) {
    if (booked != there)
      found.push_back(
          fmt::format("{}: the ledger says {} {}, the store holds {}", shard, booked, what, there));
  };
  for (const auto& [shard, books] : ledger) {
    if (!books.balanced()) {
      found.push_back(fmt::format("{}: read {} is not landed {} + repeats {} + quarantined {} + waiting {}",
                                  shard, books.read, books.landed, books.repeats, books.quarantined,
                                  books.waiting));
    }
    const auto there = counted.find(shard);
    const Books actual = there == counted.end() ? Books() : there->second;
    compare(shard, "rows", books.rows, actual.rows);
    compare(shard, "waiting pieces", books.waiting, actual.waiting);
    compare(shard, "quarantined records", books.quarantined, actual.quarantined);
  }
  for (const auto& [shard, books] : counted) {
    if (!ledger.contains(shard))
      found.push_back(fmt::format("{}: the store holds records of it, the ledger does not know it", shard));
  }
  return found;
}

Result<RunSummary> summarize(sink::Sink& sink, BatchBuilder& builder, const SinkThread& sink_thread,
                             const PipelineOptions& options) {
  RunSummary summary;
  summary.shards = sink_thread.durable_books();
  const Tally tally = sink_thread.durable_tally();
  summary.quarantined_by_reason = tally.quarantined_by_reason;
  summary.curiosities = tally.curiosities;
  summary.oldest_commit_ts_ns = tally.oldest_commit_ts_ns;
  summary.newest_commit_ts_ns = tally.newest_commit_ts_ns;
  if (!options.look_over_store) return summary;
  sink::Audit audit = TRY(sink.audit());
  summary.imbalances = find_imbalances(audit.ledger, audit.counted);
  for (const auto& [shard, counted] : audit.counted) summary.waiting += counted.waiting;
  summary.shards_ever = std::move(audit.ledger);
  const std::map<change::TableName, int64_t> keyless = TRY(sink.keyless_rows());
  for (const change::TableState& table : builder.tables()) {
    const auto found = keyless.find(table.name);
    const int64_t rows = found == keyless.end() ? 0 : found->second;
    if (rows > 0 || table.key_mismatches > 0)
      summary.tables_to_mention.push_back({table.name, table.key, rows, table.key_mismatches});
  }
  const assemble::Waiting waiting = builder.waiting(10);
  summary.oldest_waiting_ns = waiting.oldest_ns;
  for (const assemble::WaitingChunk& chunk : waiting.chunks) summary.waiting_chunks.push_back(chunk.chunk_id);
  return summary;
}

// Whether other writers made what the batch is made from out of date.
bool is_outdated(const sink::Sink& sink, const Result<void>& made) {
  return sink.is_shared() && !made.ok() && made.error().reason == assemble::kPieceGone;
}

// A builder that knows what is stored now. Whoever writes at the same time may change it while it is read.
Result<std::unique_ptr<BatchBuilder>> open_builder(sink::Sink& sink, const PipelineOptions& options,
                                                   const Clock& clock, const Hooks& hooks) {
  constexpr int kTries = 20;
  for (int tried = 1;; ++tried) {
    Result<std::unique_ptr<BatchBuilder>> builder = BatchBuilder::open(options, sink, clock, hooks);
    if (builder.ok() || tried == kTries || !sink.is_shared() ||
        builder.error().reason != assemble::kPieceGone)
      return builder;
  }
}

// What the source has given in this run, and whether it will give more.
struct Intake {
  int64_t records = 0;
  bool ended = false;
  bool waits = false;  // for its records to be confirmed
  std::optional<Error> error = {};

  std::optional<change::Block> next(source::Source& source, const Hooks& hooks) {
    Result<source::Pull> pulled = source.next();
    for (const std::string& notice : source.take_notices()) {
      if (hooks.notice) hooks.notice(notice);
    }
    if (!pulled.ok()) {
      error = pulled.error();
      ended = true;
      return std::nullopt;
    }
    std::optional<change::Block> block = std::move(pulled.value().block);
    if (block) records += static_cast<int64_t>(block->records.size());
    waits = !block && pulled.value().quiet == source::Quiet::Unconfirmed;
    ended = !block && pulled.value().quiet == source::Quiet::End;
    return block;
  }
};

Result<void> hand_over(BatchBuilder& builder, UndurableBlocks& blocks, SinkThread& sink_thread) {
  BatchBuilder::Sealed sealed = builder.seal();
  blocks.seal(sealed.number);
  return sink_thread.hand_over(std::move(sealed));
}

}  // namespace

Result<RunSummary> run(source::Source& source, sink::Sink& sink, const PipelineOptions& options,
                       const Clock& clock, const Hooks& hooks) {
  // More batches in a row than this are never made in vain: somebody always lands theirs.
  constexpr int kMostMadeAnew = 100;
  std::unique_ptr<BatchBuilder> builder = TRY(open_builder(sink, options, clock, hooks));
  SinkThread sink_thread(sink);
  UndurableBlocks blocks(sink.is_shared());
  ProgressTicker ticker(hooks, clock);
  QuietTime quiet_time(sink, clock);
  Intake intake;
  int made_anew = 0;

  for (bool over = false; !over && !sink_thread.failed();) {
    intake.ended = intake.ended || (hooks.stop != nullptr && hooks.stop->load());
    std::optional<change::Block> block = blocks.again();
    if (!block && !intake.ended) block = intake.next(source, hooks);
    if (block && !builder->has_room_for(*block)) TRY(hand_over(*builder, blocks, sink_thread));
    Result<void> made = block ? builder->add(*block) : Result<void>();
    if (block) blocks.keep(std::move(*block));
    if (const uint64_t durable = sink_thread.durable_batch(); durable > 0) {
      builder->committed(durable);
      blocks.durable(durable);
      made_anew = 0;
    }
    if (const auto durable = sink_thread.take_confirmed(); !durable.empty()) source.confirmed(durable);
    if (std::optional<sink::Applied> news = sink_thread.take_news(); news && made.ok())
      made = builder->take_news(*news);
    if (made.ok()) made = builder->expire();
    if (sink_thread.stale() || is_outdated(sink, made)) {
      if (++made_anew > kMostMadeAnew) return unavailable("other writers changed the store again and again");
      TRY(sink_thread.drain());
      blocks.durable(sink_thread.durable_batch());
      blocks.rewind();
      sink_thread.fresh();
      builder = TRY(open_builder(sink, options, clock, hooks));
      continue;
    }
    TRY(std::move(made));
    if (!block && !intake.ended) quiet_time.pass(*builder, sink_thread);
    // While the sink is busy a batch goes on growing: larger ones land faster.
    const bool last = (intake.ended || intake.waits) && blocks.none_again();
    const bool worth_it = builder->due() || builder->rows() >= sink.rows_worth_applying();
    if (builder->full() || (worth_it && sink_thread.idle()) || (last && !builder->empty())) {
      TRY(hand_over(*builder, blocks, sink_thread));
    } else if (last) {
      TRY(sink_thread.drain());
      over = intake.ended && !sink_thread.has_news();
    }
    ticker.tick(source, *builder, sink_thread, intake.records, false);
  }
  // What was read before the source failed is whole and is kept.
  TRY(sink_thread.drain());
  source.confirmed(sink_thread.take_confirmed());
  ticker.tick(source, *builder, sink_thread, intake.records, true);
  if (intake.error) return *intake.error;
  RunSummary summary = TRY(summarize(sink, *builder, sink_thread, options));
  summary.interrupted = hooks.stop != nullptr && hooks.stop->load();
  return summary;
}

}  // namespace sluice::pipeline
