#include "emulate/record_out.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::emulate {
namespace {
constexpr size_t kBufferBytes = 256 << 10;
}  // namespace

// The descriptor may be for writing only, so the file is opened again to look at its last byte.
void LinesOut::end_torn_line() {
  struct stat status {};
  if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) return;
  const int again = ::open(("/proc/self/fd/" + std::to_string(file_)).c_str(), O_RDONLY | O_CLOEXEC);
  if (again < 0) return;
  char last = '\n';
  if (::pread(again, &last, 1, status.st_size - 1) == 1 && last != '\n') buffer_.push_back('\n');
  ::close(again);
}

Result<void> LinesOut::write(std::string_view record) {
  if (!begun_) end_torn_line();
  begun_ = true;
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
