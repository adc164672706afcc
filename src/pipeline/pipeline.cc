#include "pipeline/pipeline.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "pipeline/batch_builder.h"

namespace sluice::pipeline {

using change::Books;

namespace {

using BooksByShard = std::map<std::string, Books, std::less<>>;

// The sink's own thread. It holds one batch at a time.
class SinkThread {
 public:
  explicit SinkThread(sink::Sink& sink) : sink_(sink), thread_([this] { work(); }) {}
  ~SinkThread() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // Waits until the batch before is durable, then leaves this one. After an error nothing more is taken.
  Result<void> hand_over(BatchBuilder::Sealed sealed) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !due_; });
    if (error_) return *error_;
    due_ = std::move(sealed);
    changed_.notify_all();
    return {};
  }

  // Waits until everything handed over is durable.
  Result<void> drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !due_; });
    return error_ ? Result<void>(*error_) : Result<void>();
  }

  // What is durable so far: the newest batch's number and what the batches added, per shard.
  uint64_t durable_batch() const {
    const std::lock_guard lock(mutex_);
    return durable_batch_;
  }
  BooksByShard durable_books() const {
    const std::lock_guard lock(mutex_);
    return books_;
  }
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return !due_.has_value();
  }
  bool failed() const {
    const std::lock_guard lock(mutex_);
    return error_.has_value();
  }

 private:
  void work() {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return due_.has_value() || ending_; });
        if (!due_) return;
      }
      // Nobody else touches due_ while it is set.
      const Result<sink::Applied> applied = sink_.apply(due_->batch);
      {
        const std::lock_guard lock(mutex_);
        if (applied.ok()) {
          add_books(due_->batch, applied.value());
          durable_batch_ = due_->number;
        } else {
          error_ = applied.error();
        }
        due_.reset();
      }
      changed_.notify_all();
    }
  }

  void add_books(const change::Batch& batch, const sink::Applied& applied) {
    for (const auto& [shard, books] : batch.books) books_[shard].add(books);
    for (const auto& [shard, skipped] : applied.repeats_skipped) {
      books_[shard].landed -= skipped;
      books_[shard].rows -= skipped;
      books_[shard].repeats += skipped;
    }
  }

  sink::Sink& sink_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<BatchBuilder::Sealed> due_;
  std::optional<Error> error_;
  uint64_t durable_batch_ = 0;
  BooksByShard books_;
  bool ending_ = false;
  std::thread thread_;
};

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
    snapshot.books.read = read;
    const assemble::Waiting waiting = builder.waiting(0);
    snapshot.books.waiting = static_cast<int64_t>(waiting.pieces);
    snapshot.oldest_waiting_ns = waiting.oldest_ns;
    snapshot.source = source.progress();
    snapshot.newest_commit_ts_ns = builder.newest_commit_ts_ns();
    snapshot.final = final;
    hooks_.progress(snapshot);
  }

 private:
  const Hooks& hooks_;
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

Result<RunSummary> summarize(sink::Sink& sink, BatchBuilder& builder, const SinkThread& sink_thread) {
  RunSummary summary;
  summary.shards = sink_thread.durable_books();
  summary.shards_ever = TRY(sink.load()).books;
  summary.imbalances = find_imbalances(summary.shards_ever, TRY(sink.count()));
  summary.quarantined_by_reason = builder.quarantined_by_reason();
  summary.curiosities = builder.curiosities();
  summary.oldest_commit_ts_ns = builder.oldest_commit_ts_ns();
  summary.newest_commit_ts_ns = builder.newest_commit_ts_ns();
  const std::map<change::TableName, int64_t> keyless = TRY(sink.keyless_rows());
  for (const change::TableState& table : builder.tables()) {
    const auto found = keyless.find(table.name);
    const int64_t rows = found == keyless.end() ? 0 : found->second;
    if (rows > 0 || table.key_mismatches > 0)
      summary.tables_to_mention.push_back({table.name, table.key, rows, table.key_mismatches});
  }
  const assemble::Waiting waiting = builder.waiting(10);
  summary.waiting = static_cast<int64_t>(waiting.pieces);
  summary.oldest_waiting_ns = waiting.oldest_ns;
  for (const assemble::WaitingChunk& chunk : waiting.chunks) summary.waiting_chunks.push_back(chunk.chunk_id);
  return summary;
}

}  // namespace

Result<RunSummary> run(source::Source& source, sink::Sink& sink, const PipelineOptions& options,
                       const Clock& clock, const Hooks& hooks) {
  const std::unique_ptr<BatchBuilder> builder = TRY(BatchBuilder::open(options, sink, clock, hooks));
  SinkThread sink_thread(sink);
  ProgressTicker ticker(hooks, clock);
  int64_t read = 0;
  bool ended = false;
  std::optional<Error> source_error;

  while (!ended && !source_error && !sink_thread.failed()) {
    const bool stopping = hooks.stop != nullptr && hooks.stop->load();
    ended = stopping;
    if (!stopping) {
      Result<source::Pull> pulled = source.next();
      for (const std::string& notice : source.take_notices()) {
        if (hooks.notice) hooks.notice(notice);
      }
      if (!pulled.ok()) {
        source_error = pulled.error();
      } else if (std::optional<change::Block>& block = pulled.value().block) {
        read += static_cast<int64_t>(block->records.size());
        TRY(builder->add(std::move(*block)));
      } else {
        ended = pulled.value().quiet == source::Quiet::End;
      }
    }
    builder->committed(sink_thread.durable_batch());
    TRY(builder->expire());
    // While the sink is busy a batch that is due goes on growing: larger ones land faster.
    const bool ready = builder->full() || (builder->due() && sink_thread.idle());
    if (ready || ((ended || source_error) && !builder->empty())) TRY(sink_thread.hand_over(builder->seal()));
    ticker.tick(source, *builder, sink_thread, read, false);
  }
  // What was read before the source failed is whole and is kept.
  TRY(sink_thread.drain());
  ticker.tick(source, *builder, sink_thread, read, true);
  if (source_error) return *source_error;
  RunSummary summary = TRY(summarize(sink, *builder, sink_thread));
  summary.interrupted = hooks.stop != nullptr && hooks.stop->load();
  return summary;
}

}  // namespace sluice::pipeline
