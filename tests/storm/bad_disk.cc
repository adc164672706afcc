#include "storm/bad_disk.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace sluice::storm {

using emulate::Random;
using pipeline::FaultySink;
using pipeline::MemorySource;
using pipeline::SinkFault;

namespace {

constexpr int kStarts = 8;
// How a child says that its run ended, well or with an error.
constexpr int kEndedWell = 0;
constexpr int kEndedWithError = 7;
constexpr int kDidNotOpen = 8;

enum class End { Killed, DiskFull };

struct Plan {
  End end = End::Killed;
  int64_t batch = 0;        // when it happens
  double share = 0;         // of the time that the batch before took, until the kill
  uint64_t more_bytes = 0;  // that the write-ahead log may still take
  uint64_t seed = 0;
};

void kill_this_program_after(std::chrono::nanoseconds delay) {
  std::thread([delay] {
    std::this_thread::sleep_for(delay);
    kill(getpid(), SIGKILL);
  }).detach();
}

void let_the_disk_be_full_after(const std::string& path, uint64_t more_bytes) {
  std::error_code missing;
  const auto there = std::filesystem::file_size(path + ".wal", missing);
  signal(SIGXFSZ, SIG_IGN);  // a write past the limit fails as on a full disk
  const uint64_t bytes = (missing ? 0 : there) + more_bytes;
  const rlimit limit{bytes, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
}

// The child. Ends the process.
[[noreturn]] void run_until_the_end(Voyage& voyage, const sink::duckdb::SinkOptions& options,
                                    const Plan& plan) {
  auto opened = sink::duckdb::open_sink(options);
  if (!opened.ok()) _exit(kDidNotOpen);
  const auto saved = opened.value()->load();
  if (!saved.ok()) _exit(kDidNotOpen);
  pipeline::MemorySourceOptions source_options;
  source_options.seed = plan.seed;
  source_options.saved = saved.value().checkpoints;
  source_options.before_block = [&voyage](size_t) -> Result<void> {
    voyage.clock().advance_ns(50'000'000);
    return {};
  };
  MemorySource source(voyage.shards(), source_options);
  int64_t batches = 0;
  auto last = std::chrono::steady_clock::now();
  FaultySink sink(*opened.value(), [&](const change::Batch&) {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> took = now - last;
    last = now;
    if (batches++ != plan.batch) return SinkFault::None;
    if (plan.end == End::Killed) {
      kill_this_program_after(std::chrono::duration_cast<std::chrono::nanoseconds>(took * plan.share));
    } else {
      let_the_disk_be_full_after(options.path, plan.more_bytes);
    }
    return SinkFault::None;
  });
  const auto result = pipeline::run(source, sink, voyage.options(), voyage.clock(), {});
  _exit(result.ok() ? kEndedWell : kEndedWithError);
}

void check_file(Voyage& voyage, const sink::duckdb::SinkOptions& options, const std::string& when) {
  const auto add = [&](const std::string& what) { voyage.findings().push_back(when + ": " + what); };
  const auto sink = sink::duckdb::open_sink(options);
  if (!sink.ok()) return add("the file does not open again: " + sink.error().message);
  const auto saved = sink.value()->load();
  const auto audit = sink.value()->audit();
  if (!saved.ok() || !audit.ok()) return add("the file cannot be read again");
  for (const change::Checkpoint& checkpoint : saved.value().checkpoints) {
    const int64_t passed = std::stoll(checkpoint.position);
    voyage.course().read[checkpoint.shard] = passed;
    const auto books = saved.value().books.find(checkpoint.shard);
    const int64_t read = books == saved.value().books.end() ? 0 : books->second.read;
    if (read != passed)
      add(fmt::format("{} is confirmed up to {}, and the ledger has {} records of it", checkpoint.shard,
                      passed, read));
  }
  for (const auto& [shard, books] : saved.value().books) {
    const auto& counted = audit.value().counted;
    const auto found = counted.find(shard);
    const change::Books there = found == counted.end() ? change::Books() : found->second;
    if (!books.balanced() || books.rows != there.rows || books.waiting != there.waiting ||
        books.quarantined != there.quarantined) {
      add(fmt::format("{}: the ledger says {} rows, {} waiting, {} quarantined; the file holds {}, {}, {}",
                      shard, books.rows, books.waiting, books.quarantined, there.rows, there.waiting,
                      there.quarantined));
    }
  }
}

}  // namespace

void sail_on_a_bad_disk(Voyage& voyage, const sink::duckdb::SinkOptions& options, Random& random) {
  for (int start = 0; start < kStarts; ++start) {
    Plan plan;
    plan.end = random.one_in(2) ? End::Killed : End::DiskFull;
    plan.batch = random.between(1, 3);
    plan.share = random.unit() * 1.2;
    plan.more_bytes = random.below(random.one_in(2) ? 5'000 : 200'000);
    plan.seed = random.next();
    const std::string when =
        plan.end == End::Killed
            ? fmt::format("killed {:.0f} % into batch {}", 100 * plan.share, plan.batch)
            : fmt::format("disk full {} bytes into batch {}", plan.more_bytes, plan.batch);
    const pid_t child = fork();
    if (child < 0) {
      voyage.findings().push_back("no process can be made");
      return;
    }
    if (child == 0) run_until_the_end(voyage, options, plan);
    int status = 0;
    waitpid(child, &status, 0);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    const bool known_end = plan.end == End::Killed ? killed || code == kEndedWell
                                                   : code == kEndedWell || code == kEndedWithError;
    if (!known_end) voyage.findings().push_back(fmt::format("{}: ended with status {}", when, status));
    check_file(voyage, options, when);
  }
}

}  // namespace sluice::storm
