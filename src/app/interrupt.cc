#include "app/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <string_view>

#include "app/exit_code.h"

namespace sluice::app {
namespace {

std::atomic<bool> g_stop = false;
std::atomic<bool> g_say_so = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch it");

// Only what a signal handler may do.
void stop_or_exit(int /*signal*/) {
  if (g_stop.exchange(true)) _exit(kInterrupted);
  constexpr std::string_view kText = "\nsluice: finishing what was read. Ctrl-C again stops at once.\n";
  if (g_say_so && write(STDERR_FILENO, kText.data(), kText.size()) < 0) return;
}

}  // namespace

const std::atomic<bool>& watch_for_interrupts() {
  g_say_so = isatty(STDERR_FILENO) == 1;
  struct sigaction action {};
  action.sa_handler = stop_or_exit;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  return g_stop;
}

}  // namespace sluice::app
