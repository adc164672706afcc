// How a command ends badly: one sentence on standard error, and the exit code that goes with it.
#pragma once

#include "base/result.h"

namespace sluice::app {

// Prints `sluice: ...` and gives the exit code of the error's kind.
int cannot(const Error& error);
// The same for a wrong flag, variable or configuration: always kUsage.
int misused(const Error& error);

}  // namespace sluice::app
