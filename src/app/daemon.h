// Daemon: what a run does for those who are not there to watch it: status pages for machines, log lines for
// later.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "app/options.h"
#include "app/run_watch.h"
#include "base/result.h"
#include "net/status_server.h"

namespace sluice::app {

// Serves /healthz and /metrics where --listen says, and with --follow writes a line about every change of
// health, about quarantined records and about the signal to stop. Has a thread of its own until it ends.
class Daemon {
 public:
  // `watch` and `stop` must outlive it. Errors: Refused (the address cannot be listened on).
  static Result<std::unique_ptr<Daemon>> start(const Options& options, RunWatch& watch,
                                               const std::atomic<bool>& stop);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

 private:
  Daemon(RunWatch& watch, const std::atomic<bool>& stop) : watch_(watch), stop_(stop) {}
  void write_lines();

  RunWatch& watch_;
  const std::atomic<bool>& stop_;
  std::unique_ptr<net::StatusServer> server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace sluice::app
