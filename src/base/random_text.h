// Text that nobody can guess.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace sluice {

// `bytes` bytes of the kernel's random source as hex digits. Refused when the kernel gives none.
Result<std::string> random_hex(size_t bytes);

}  // namespace sluice
