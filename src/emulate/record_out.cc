#include "emulate/record_out.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::emulate {
namespace {
constexpr size_t kBufferBytes = 256 << 10;
}  // namespace

Result<void> LinesOut::write(std::string_view record) {
  buffer_.append(record).push_back('\n');
  if (buffer_.size() < kBufferBytes) return {};
  return write_buffer();
}

Result<void> LinesOut::write_buffer() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t wrote = ::write(file_, buffer_.data() + done, buffer_.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const int code = errno;
      buffer_.erase(0, done);
      if (code == EPIPE)
        return refused("the reader of " + name_ + " has gone; its last lines come again next time");
      return refused("cannot write " + name_ + ": " + std::strerror(code));
    }
    done += static_cast<size_t>(wrote);
  }
  buffer_.clear();
  return {};
}

Result<void> LinesOut::flush() {
  TRY(write_buffer());
  // A pipe or terminal cannot be synchronised, and need not be.
  if (::fdatasync(file_) != 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS) {
    return refused("cannot write " + name_ + " to its disk: " + std::strerror(errno));
  }
  return {};
}

}  // namespace sluice::emulate
