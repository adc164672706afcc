// credential_process: a program of the user's that prints credentials.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sluice::net {

// What `command` prints, run by /bin/sh in a process group of its own, with its standard error left where
// ours goes. Refused when it cannot be started, fails, prints more than 64 KiB or takes longer than
// `timeout_ms` (it is killed then); the error has nothing of the command or of what it printed. Threads: any.
Result<std::string> run_credential_process(const std::string& command, int64_t timeout_ms = 60'000);

}  // namespace sluice::net
