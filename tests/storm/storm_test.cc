// The storm: one seed drives a model source, adversarial delivery, crashes and failing sinks through the real
// pipeline; afterwards the landed state equals the model and the books balance.
#include "storm/storm.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>

namespace sluice::storm {
namespace {

struct Wanted {
  uint64_t seed = 1;
  int64_t changes = 1500;
  int64_t runs = 8;
  std::string destination = "all";
};

// Files take far longer than memory: with `all`, only some seeds have one.
bool wants(const Wanted& wanted, uint64_t seed, const std::string& name) {
  if (wanted.destination != "all") return wanted.destination == name;
  if (name == "duckdb") return seed % 8 == 1 || seed % 8 == 3;
  if (name == "disk") return seed % 8 == 5;
  return true;
}

// An empty folder that goes when this goes.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = (std::filesystem::temp_directory_path() / "sluice-storm-XXXXXX").string();
    CHECK(mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Says how it went; false when something was found.
bool tell(const StormReport& report) {
  fmt::print("  {}: {}\n", report.findings.empty() ? "ok" : "FAILED", report.story);
  constexpr size_t kMost = 12;
  for (size_t at = 0; at < std::min(kMost, report.findings.size()); ++at)
    fmt::print("    storm: {}\n", report.findings[at]);
  if (report.findings.size() > kMost) fmt::print("    ... {} more\n", report.findings.size() - kMost);
  std::fflush(stdout);
  return report.findings.empty();
}

bool run_seed(const Wanted& wanted, uint64_t seed) {
  fmt::print("storm: seed {}, {} changes\n", seed, wanted.changes);
  std::fflush(stdout);
  const auto world = make_world(seed, wanted.changes);
  if (!world.ok()) {
    fmt::print("    storm: {}\n", world.error().message);
    return false;
  }
  fmt::print("  {}\n", world.value().story());
  bool well = true;
  if (wants(wanted, seed, "model")) well &= tell(run_storm(world.value(), Destination::Model, ""));
  if (wants(wanted, seed, "order")) well &= tell(compare_deliveries(world.value()));
  if (wants(wanted, seed, "duckdb")) {
    const TemporaryFolder folder;
    well &= tell(run_storm(world.value(), Destination::DuckDb, folder.path()));
  }
  if (wants(wanted, seed, "disk")) {
    const TemporaryFolder folder;
    well &= tell(run_storm(world.value(), Destination::DuckDbFull, folder.path()));
  }
  return well;
}

int run(const Wanted& wanted) {
  const auto begun = std::chrono::steady_clock::now();
  int64_t failed = 0;
  for (int64_t run = 0; run < wanted.runs; ++run) {
    const uint64_t seed = wanted.seed + static_cast<uint64_t>(run);
    if (run_seed(wanted, seed)) continue;
    ++failed;
    fmt::print("  again: storm_test --seed {} --changes {} --runs 1 --destination {}\n", seed, wanted.changes,
               wanted.destination);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  fmt::print("storm: {} seeds, {} failed, {:.1f} s\n", wanted.runs, failed, took.count());
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::storm

int main(int argc, char** argv) {
  sluice::storm::Wanted wanted;
  CLI::App app{"Drives seeded storms through the pipeline and judges what landed."};
  app.add_option("--seed", wanted.seed, "the first seed");
  app.add_option("--changes", wanted.changes, "changes of the model per seed")->check(CLI::PositiveNumber);
  app.add_option("--runs", wanted.runs, "how many seeds")->check(CLI::PositiveNumber);
  app.add_option("--destination", wanted.destination,
                 "model, order, duckdb, disk, or all: the files with some of the seeds")
      ->check(CLI::IsMember({"model", "order", "duckdb", "disk", "all"}));
  CLI11_PARSE(app, argc, argv);
  return sluice::storm::run(wanted);
}
