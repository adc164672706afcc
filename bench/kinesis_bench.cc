// From a Kinesis-shaped server in this process to a durable DuckDB file: records/s, MB/s, where the time
// goes, and the memory under a sink that is ten times slower. Prints the numbers; asserts nothing.
//
//   kinesis_bench FOLDER [--slow]
//
// The server has every reply ready as text, so what is measured is reading it: base64, JSON, decoding,
// landing. What the network and TLS cost is not in it, nor is the pace that AWS allows (2 MiB/s per shard).
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "aws/session.h"
#include "base/text.h"
#include "net/credentials.h"
#include "pipeline/pipeline.h"
#include "sink/duckdb/sink.h"
#include "source/kinesis.h"

namespace sluice {
namespace {

constexpr int kShards = 8;
constexpr int kPages = 6;
constexpr int kRecordsPerPage = 8000;

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string record_text(int number) {
  return fmt::format(
      R"({{"type":"full","op":"c","before":null,"after":{{"id":{},"customer_id":{},"status":"{}","total":"{}.{:02}",)"
      R"("note":"{:064x}","placed_at":"2026-09-21T14:13:20.123456Z"}},"source":{{"version":"1.0","ts_ms":1790000000000,)"
      R"("ts_ns":{},"txId":"mzq4tavk2ro7dnw5xhge3ysbil","schema":"public","table":"orders","db":"postgres",)"
      R"("cluster":"qk7vn2hd4tz5bmx3wlc6jrp2as"}},"ts_ms":1790000000001,"ts_ns":1790000000001000000}})",
      number, number % 9973, number % 3 == 0 ? "open" : "paid", number % 1000, number % 100, number,
      1790000000000000000LL + number);
}

// Every page of every shard as the text of its reply.
class ReadyServer final : public net::HttpTransport {
 public:
  ReadyServer() {
    int number = 0;
    for (int shard = 0; shard < kShards; ++shard) {
      for (int page = 0; page < kPages; ++page) {
        std::string list;
        for (int record = 0; record < kRecordsPerPage; ++record, ++number) {
          const std::string text = record_text(number);
          bytes_ += text.size();
          list += fmt::format(
              R"({}{{"SequenceNumber":"4959{:050}","PartitionKey":"{}","ApproximateArrivalTimestamp":)"
              R"(1790000000.5,"Data":"{}"}})",
              record == 0 ? "" : ",", number, number, base64_encode(text));
        }
        pages_.push_back(
            fmt::format(R"({{"Records":[{}],"NextShardIterator":"{}|{}","MillisBehindLatest":{}}})", list,
                        shard, page + 1, page + 1 == kPages ? 0 : 1000));
      }
    }
  }

  uint64_t bytes() const { return bytes_; }

  Result<net::HttpResponse> send(const net::HttpRequest& request, int64_t /*timeout_ms*/) override {
    std::string target;
    for (const net::Header& header : request.headers)
      if (header.name == "X-Amz-Target") target = header.value;
    net::HttpResponse reply;
    reply.status = 200;
    if (target.ends_with("DescribeStreamSummary")) {
      reply.body =
          R"({"StreamDescriptionSummary":{"StreamName":"bench","StreamARN":"arn:aws:kinesis:eu-west-1:0:stream/bench",)"
          R"("StreamStatus":"ACTIVE","RetentionPeriodHours":24,"StreamCreationTimestamp":1764000000}})";
    } else if (target.ends_with("ListShards")) {
      std::string list;
      for (int shard = 0; shard < kShards; ++shard) {
        list += fmt::format(
            R"({}{{"ShardId":"{}","HashKeyRange":{{"StartingHashKey":"0","EndingHashKey":)"
            R"("340282366920938463463374607431768211455"}},"SequenceNumberRange":{{"StartingSequenceNumber":"1"}}}})",
            shard == 0 ? "" : ",", shard);
      }
      reply.body = fmt::format(R"({{"Shards":[{}]}})", list);
    } else if (target.ends_with("GetShardIterator")) {
      const size_t at = request.body.find(R"("ShardId":")") + 11;
      reply.body = fmt::format(R"({{"ShardIterator":"{}|0"}})",
                               request.body.substr(at, request.body.find('"', at) - at));
    } else {
      const size_t at = request.body.find(R"("ShardIterator":")") + 17;
      const size_t bar = request.body.find('|', at);
      const int shard = std::stoi(request.body.substr(at, bar - at));
      const int page = std::stoi(request.body.substr(bar + 1));
      reply.body = page < kPages
                       ? pages_[static_cast<size_t>(shard * kPages + page)]
                       : fmt::format(R"({{"Records":[],"NextShardIterator":"{}|{}","MillisBehindLatest":0}})",
                                     shard, page);
    }
    return reply;
  }

 private:
  std::vector<std::string> pages_;
  uint64_t bytes_ = 0;
};

// The sink, timed; with `slow` each batch takes ten times as long.
class TimedSink final : public sink::Sink {
 public:
  TimedSink(sink::Sink& inner, bool slow) : inner_(inner), slow_(slow) {}
  bool is_shared() const override { return inner_.is_shared(); }
  sink::NameLimits name_limits() const override { return inner_.name_limits(); }
  Result<sink::SavedState> load() override { return inner_.load(); }
  Result<sink::Applied> apply(const change::Batch& batch) override {
    const auto start = std::chrono::steady_clock::now();
    auto applied = inner_.apply(batch);
    const auto took = std::chrono::steady_clock::now() - start;
    seconds += std::chrono::duration<double>(took).count();
    if (slow_) std::this_thread::sleep_for(took * 9);
    return applied;
  }
  Result<std::vector<change::Piece>> stored_pieces(const std::string& chunk_id, Arena& arena) override {
    return inner_.stored_pieces(chunk_id, arena);
  }
  Result<std::vector<change::Piece>> waiting_index(Arena& arena) override {
    return inner_.waiting_index(arena);
  }
  Result<std::map<change::TableName, int64_t>> keyless_rows() override { return inner_.keyless_rows(); }
  Result<sink::Audit> audit() override { return inner_.audit(); }

  double seconds = 0;  // in apply(), without the waiting of `slow`

 private:
  sink::Sink& inner_;
  bool slow_;
};

Result<void> measure(const std::string& folder, bool slow) {
  const std::string path = folder + "/kinesis_bench.duckdb";
  std::filesystem::remove(path);
  ReadyServer server;
  const auto credentials = net::fixed_credentials({"id", "secret", {}, 0});
  aws::Session session(server, *credentials, system_clock(),
                       net::EndpointSettings{"eu-west-1", false, false, "http://127.0.0.1:1", {}});
  aws::Kinesis client(session);
  const auto store = TRY(sink::duckdb::open_sink({.path = path, .catalog = std::nullopt}));
  TimedSink sink(*store, slow);
  source::KinesisSourceOptions reading;
  reading.reader.stream.name = "bench";
  reading.reader.typed = "kinesis:bench";
  reading.reader.pace = {.reads_per_second = 1000, .bytes_per_second = int64_t{1} << 40};
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  const double main_cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  const double start = seconds_of(CLOCK_MONOTONIC);
  const auto source = source::open_kinesis(client, std::move(reading));
  const pipeline::RunSummary summary = TRY(pipeline::run(*source, sink, {}, system_clock(), {}));
  const double took = seconds_of(CLOCK_MONOTONIC) - start;
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  int64_t read = 0;
  for (const auto& [shard, books] : summary.shards) read += books.read;
  fmt::print("{} records, {} of payload in {:.2f} s: {}/s, {:.1f} MB/s{}\n", with_thousands(read),
             human_bytes(server.bytes()), took,
             with_thousands(static_cast<int64_t>(static_cast<double>(read) / took)),
             static_cast<double>(server.bytes()) / took / 1e6, slow ? "  (sink ten times slower)" : "");
  fmt::print("  processor: {:.2f} s in all; decoding and batching {:.2f} s; the sink was busy for {:.2f} s\n",
             seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu, seconds_of(CLOCK_THREAD_CPUTIME_ID) - main_cpu,
             sink.seconds);
  fmt::print("  resident: {} before the run (the server's replies), {} at its peak\n",
             human_bytes(static_cast<uint64_t>(before.ru_maxrss) * 1024),
             human_bytes(static_cast<uint64_t>(after.ru_maxrss) * 1024));
  std::filesystem::remove(path);
  return {};
}

}  // namespace
}  // namespace sluice

int main(int count, char** words) {
  const std::string folder = count > 1 ? words[1] : ".";
  const bool slow = count > 2 && std::string_view(words[2]) == "--slow";
  const auto measured = sluice::measure(folder, slow);
  if (!measured.ok()) fmt::print(stderr, "kinesis_bench: {}\n", measured.error().message);
  return measured.ok() ? 0 : 1;
}
