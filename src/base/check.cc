#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr,
               "sluice: a bug in sluice itself: CHECK(%s) failed at %s:%d. Nothing unconfirmed was "
               "confirmed; please report it.\n",
               condition, file, line);
  std::abort();
}

}  // namespace sluice
