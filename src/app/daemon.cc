#include "app/daemon.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace sluice::app {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(500);

net::StatusPage page_at(const RunWatch& watch, std::string_view path) {
  if (path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", watch.metrics()};
  if (path == "/healthz") {
    const Health health = watch.health();
    return {.status = health.good ? 200 : 503,
            .body = fmt::format("{}: {}.\n", health.good ? "ok" : "unhealthy", health.text)};
  }
  return {.status = 404, .body = "Here are /healthz and /metrics.\n"};
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(const Options& options, RunWatch& watch,
                                              const std::atomic<bool>& stop) {
  std::unique_ptr<Daemon> daemon(new Daemon(watch, stop));
  if (options.has("listen")) {
    daemon->server_ = TRY(net::serve_status(
        options.text("listen"), [&watch](std::string_view path) { return page_at(watch, path); }));
    log_info(fmt::format("/healthz and /metrics are on port {}.", daemon->server_->port()));
  }
  if (options.on("follow")) daemon->thread_ = std::thread([raw = daemon.get()] { raw->write_lines(); });
  return daemon;
}

Daemon::~Daemon() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Daemon::write_lines() {
  std::unique_lock lock(mutex_);
  bool told_to_stop = false;
  while (true) {
    for (const RunWatch::Line& line : watch_.take_lines()) log(line.level, line.text);
    if (stop_ && !told_to_stop) {
      log_info("asked to stop: finishing what was read.");
      told_to_stop = true;
    }
    if (ending_) return;
    changed_.wait_for(lock, kLookEvery);
  }
}

}  // namespace sluice::app
