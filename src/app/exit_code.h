// The exit codes of the command, the same for every subcommand.
#pragma once

#include "base/result.h"

namespace sluice::app {

enum ExitCode : int {
  kOk = 0,         // done; also after the first Ctrl-C, because everything read is durable
  kRefused = 1,    // cannot go on, and trying again changes nothing
  kUsage = 2,      // a flag, the environment or the configuration file is wrong; nothing was done
  kImbalance = 3,  // the books do not balance
  kNeedsAPerson =
      4,  // --strict or a comparison found something, a retry is refused again, or records may have expired
  kTryAgain = 5,       // something is out of reach for now; nothing is lost, run it again
  kInterrupted = 130,  // interrupted twice; harmless, the last transaction is simply not there
};

// For the footer of every --help and for docs/OPERATIONS.md, which a test holds against this text.
inline constexpr const char* kExitCodesText =
    "Exit codes:\n"
    "  0    done; also when Ctrl-C stopped it, because everything read is durable\n"
    "  1    cannot go on: the message says what to change\n"
    "  2    a flag, the environment or the configuration file is wrong; nothing was done\n"
    "  3    the books do not balance: read is not landed + repeats + quarantined + waiting\n"
    "  4    done, but something needs a person: --strict or a comparison found it, a retry was refused, or "
    "records expired unread\n"
    "  5    something is out of reach for now; nothing is lost, run it again\n"
    "  130  Ctrl-C twice: stopped at once; the next run continues after the last durable batch\n";

ExitCode exit_code_of(const Error& error);

}  // namespace sluice::app
