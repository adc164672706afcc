#include "base/random_text.h"

#include <sys/random.h>

#include <cerrno>

namespace sluice {

Result<std::string> random_hex(size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string raw(bytes, '\0');
  for (size_t filled = 0; filled < bytes;) {
    const ssize_t got = ::getrandom(raw.data() + filled, bytes - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return refused("the kernel gives no random bytes (getrandom).");
    filled += static_cast<size_t>(got);
  }
  std::string text;
  text.reserve(2 * bytes);
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace sluice
