#include "app/report.h"

#include <cstdio>

#include "app/exit_code.h"
#include "base/log.h"

namespace sluice::app {

ExitCode exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Malformed:
    case ErrorKind::Refused:
      return kRefused;
    case ErrorKind::Throttled:
    case ErrorKind::Unavailable:
    case ErrorKind::OutcomeUnknown:
      return kTryAgain;
  }
  return kRefused;
}

int cannot(const Error& error) {
  std::fflush(stdout);
  log(LogLevel::Error, error.message);
  return exit_code_of(error);
}

int misused(const Error& error) {
  cannot(error);
  return kUsage;
}

}  // namespace sluice::app
