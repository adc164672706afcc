// SinkThread: the sink's own thread. It holds one batch at a time.
//
// Threads: everything here is called by the pipeline's thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/batch_builder.h"
#include "sink/sink.h"

namespace sluice::pipeline {

using BooksByShard = std::map<std::string, change::Books, std::less<>>;

class SinkThread {
 public:
  explicit SinkThread(sink::Sink& sink) : sink_(sink), thread_([this] { work(); }) {}
  ~SinkThread();

  // Waits until the batch before is durable, then leaves this one. After an error nothing more is taken, and
  // while the sink is stale() it is thrown away: it was made from the same outdated state.
  Result<void> hand_over(BatchBuilder::Sealed sealed);
  // Waits until everything handed over is durable.
  Result<void> drain();

  // What is durable so far: the newest batch's number since fresh(), and what all batches added.
  uint64_t durable_batch() const;
  BooksByShard durable_books() const;
  // Positions that have become durable since this was asked last, in that order.
  std::vector<change::Checkpoint> take_confirmed();
  Tally durable_tally() const;
  bool idle() const;
  bool failed() const;

  // What the sink told of other writers since this was asked last; nothing when there is nothing.
  std::optional<sink::Applied> take_news();
  bool has_news() const;
  // Whether a batch was stale: from now on nothing is applied until fresh(), which says that batches are made
  // anew and numbered from the start.
  bool stale() const;
  void fresh();

 private:
  void work();
  void take_applied(sink::Applied applied);

  sink::Sink& sink_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<BatchBuilder::Sealed> due_;
  std::optional<Error> error_;
  std::optional<sink::Applied> news_;
  std::vector<change::Checkpoint> confirmed_;
  uint64_t durable_batch_ = 0;
  BooksByShard books_;
  Tally tally_;
  bool stale_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sluice::pipeline
