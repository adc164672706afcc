// Ctrl-C and SIGTERM: the first asks to finish, the second ends the program at once.
#pragma once

#include <atomic>

namespace sluice::app {

// From here on the first SIGINT, SIGTERM or SIGHUP sets the flag that is returned and, on a terminal, says
// so; the second exits with kInterrupted. Once per program.
const std::atomic<bool>& watch_for_interrupts();

}  // namespace sluice::app
