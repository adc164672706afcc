#include "source/kinesis.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace sluice::source {
namespace {

constexpr std::chrono::milliseconds kWait{100};  // of next()

class KinesisSource final : public Source {
 public:
  KinesisSource(aws::Kinesis& client, KinesisSourceOptions options)
      : client_(client),
        stream_(options.reader.stream),
        clock_(options.clock),
        reader_(std::move(options.reader)) {
    for (int i = 0; i < options.readers; ++i) threads_.emplace_back([this] { work(); });
  }
  ~KinesisSource() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  Result<Pull> next() override {
    std::unique_lock lock(mutex_);
    std::optional<change::Block> block;
    changed_.wait_for(lock, kWait, [&] {
      block = reader_.take_block();
      return block || reader_.failure() || reader_.finished();
    });
    if (block) {
      lock.unlock();
      changed_.notify_all();  // there is room again
      return Pull{std::move(block), Quiet::Later};
    }
    if (reader_.failure()) return *reader_.failure();
    return Pull{std::nullopt, reader_.finished() ? Quiet::End : Quiet::Later};
  }

  std::vector<std::string> take_notices() override {
    const std::lock_guard lock(mutex_);
    return reader_.take_notices();
  }
  Progress progress() const override {
    const std::lock_guard lock(mutex_);
    return reader_.progress();
  }

 private:
  Now now() const { return {clock_.steady_ns(), (clock_.wall_ns() + client_.clock_offset_ns()) / 1'000'000}; }

  void work() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      const std::optional<ReadCall> call = reader_.next_call(now());
      if (!call) {
        const int64_t wait_ns = reader_.due_ns() - clock_.steady_ns();
        changed_.wait_for(lock, std::chrono::nanoseconds(std::clamp<int64_t>(wait_ns, 0, 1'000'000'000)));
        continue;
      }
      lock.unlock();
      Reply reply = make_call(client_, stream_, *call);
      lock.lock();
      reader_.take(*call, std::move(reply), now());
      changed_.notify_all();
    }
  }

  aws::Kinesis& client_;
  const aws::StreamName stream_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  StreamReader reader_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

Result<LookReply> look(aws::Kinesis& client, const aws::StreamName& stream) {
  LookReply reply;
  reply.summary = TRY(client.describe(stream));
  reply.shards = TRY(client.list_shards(stream));
  return reply;
}

Result<RecordsReply> get_records(aws::Kinesis& client, const aws::StreamName& stream, const ReadCall& call) {
  RecordsReply reply;
  reply.page = TRY(client.get_records(stream, call.iterator, aws::kMaxGetRecords, reply.arena));
  return reply;
}

}  // namespace

Reply make_call(aws::Kinesis& client, const aws::StreamName& stream, const ReadCall& call) {
  switch (call.what) {
    case ReadCall::What::Look:
      return look(client, stream);
    case ReadCall::What::Iterator:
      return client.iterator(stream, call.shard_id, call.start, call.sequence, call.start_ms);
    case ReadCall::What::Records:
      break;
  }
  return get_records(client, stream, call);
}

std::unique_ptr<Source> open_kinesis(aws::Kinesis& client, KinesisSourceOptions options) {
  return std::make_unique<KinesisSource>(client, std::move(options));
}

}  // namespace sluice::source
