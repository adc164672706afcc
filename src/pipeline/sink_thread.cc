#include "pipeline/sink_thread.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::pipeline {

SinkThread::~SinkThread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<void> SinkThread::hand_over(BatchBuilder::Sealed sealed) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !due_; });
  if (error_) return *error_;
  if (stale_) return {};
  due_ = std::move(sealed);
  changed_.notify_all();
  return {};
}

Result<void> SinkThread::drain() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !due_; });
  return error_ ? Result<void>(*error_) : Result<void>();
}

uint64_t SinkThread::durable_batch() const {
  const std::lock_guard lock(mutex_);
  return durable_batch_;
}

BooksByShard SinkThread::durable_books() const {
  const std::lock_guard lock(mutex_);
  return books_;
}

std::vector<change::Checkpoint> SinkThread::take_confirmed() {
  const std::lock_guard lock(mutex_);
  return std::exchange(confirmed_, {});
}

Tally SinkThread::durable_tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

bool SinkThread::idle() const {
  const std::lock_guard lock(mutex_);
  return !due_.has_value();
}

bool SinkThread::failed() const {
  const std::lock_guard lock(mutex_);
  return error_.has_value();
}

std::optional<sink::Applied> SinkThread::take_news() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, std::nullopt);
}

bool SinkThread::has_news() const {
  const std::lock_guard lock(mutex_);
  return news_.has_value() || stale_;
}

bool SinkThread::stale() const {
  const std::lock_guard lock(mutex_);
  return stale_;
}

void SinkThread::fresh() {
  const std::lock_guard lock(mutex_);
  stale_ = false;
  news_.reset();
  durable_batch_ = 0;
}

void SinkThread::work() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return due_.has_value() || ending_; });
      if (!due_) return;
    }
    // Nobody else touches due_ while it is set.
    Result<sink::Applied> applied = sink_.apply(due_->batch);
    {
      const std::lock_guard lock(mutex_);
      if (applied.ok()) {
        take_applied(std::move(applied).value());
      } else {
        error_ = applied.error();
      }
      due_.reset();
    }
    changed_.notify_all();
  }
}

void SinkThread::take_applied(sink::Applied applied) {
  if (applied.stale) {
    stale_ = true;
    return;
  }
  for (const auto& [shard, books] : due_->batch.books) books_[shard].add(books);
  for (const auto& [shard, skipped] : applied.repeats_skipped) {
    books_[shard].landed -= skipped;
    books_[shard].rows -= skipped;
    books_[shard].repeats += skipped;
  }
  for (const auto& [shard, books] : applied.refused_books) books_[shard].add(books);
  for (const auto& [reason, count] : applied.refused_by_reason)
    due_->tally.quarantined_by_reason[reason] += count;
  tally_.add(due_->tally);
  durable_batch_ = due_->number;
  std::ranges::move(due_->batch.checkpoints, std::back_inserter(confirmed_));
  if (applied.chunks_ended.empty() && applied.pieces_found.empty()) return;
  if (!news_) news_.emplace();
  std::ranges::move(applied.chunks_ended, std::back_inserter(news_->chunks_ended));
  std::ranges::move(applied.pieces_found, std::back_inserter(news_->pieces_found));
}

}  // namespace sluice::pipeline
