#include "source/byte_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/check.h"

namespace sluice::source {
namespace {

constexpr size_t kPackedBytes = 256 * 1024;

enum class Match : uint8_t { No, Maybe, Yes };

// Whether `bytes` starts like `magic`; Maybe when it is too short to tell.
Match matches(std::string_view bytes, std::string_view magic) {
  const size_t both = std::min(bytes.size(), magic.size());
  if (bytes.substr(0, both) != magic.substr(0, both)) return Match::No;
  return both == magic.size() ? Match::Yes : Match::Maybe;
}

Match matches_gzip(std::string_view bytes) { return matches(bytes, "\x1f\x8b"); }

// A frame, or one of the sixteen skippable ones.
Match matches_zstd(std::string_view bytes) {
  using namespace std::string_view_literals;
  const Match frame = matches(bytes, "\x28\xb5\x2f\xfd"sv);
  if (frame != Match::No || bytes.empty()) return frame;
  if ((static_cast<unsigned char>(bytes[0]) & 0xF0U) != 0x50U) return Match::No;
  return matches(bytes.substr(1), "\x2a\x4d\x18"sv);
}

}  // namespace

RawInput::RawInput(int descriptor, bool following) : descriptor_(descriptor), following_(following) {
  struct stat about {};
  regular_ = ::fstat(descriptor_, &about) == 0 && S_ISREG(about.st_mode);
  if (regular_) ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

RawInput::~RawInput() { ::close(descriptor_); }

RawInput::Got RawInput::read(char* to, size_t capacity) {
  if (abandoned_) return {0, Flow::End};
  if (!regular_) {
    pollfd waiting{descriptor_, POLLIN, 0};
    if (::poll(&waiting, 1, 0) <= 0) return {0, Flow::Dry};
  }
  const ssize_t got = ::read(descriptor_, to, capacity);
  if (got > 0) {
    position_ += static_cast<uint64_t>(got);
    return {static_cast<size_t>(got), Flow::Ready};
  }
  if (got == 0) return {0, regular_ && following_ ? Flow::Dry : Flow::End};
  if (errno == EINTR || errno == EAGAIN) return {0, Flow::Dry};
  damage_ = std::strerror(errno);
  return {0, Flow::Damaged};
}

void RawInput::wait(int timeout_ms) const {
  // A regular file always counts as readable, so growth is waited for by time alone.
  pollfd waiting{descriptor_, POLLIN, 0};
  ::poll(&waiting, regular_ ? 0 : 1, timeout_ms);
}

bool RawInput::rewind() {
  if (::lseek(descriptor_, 0, SEEK_SET) != 0) return false;
  position_ = 0;
  return true;
}

ByteStream::ByteStream(RawInput& input) : input_(input), packed_(kPackedBytes) {}

ByteStream::~ByteStream() {
  if (gzip_) inflateEnd(gzip_.get());
  if (zstd_ != nullptr) ZSTD_freeDCtx(zstd_);
}

const char* ByteStream::format_name() const {
  switch (format_) {
    case Format::Gzip:
      return "gzip";
    case Format::Zstd:
      return "zstd";
    case Format::Plain:
    case Format::Unknown:
      break;
  }
  return "plain text";
}

Flow ByteStream::damaged(std::string how) {
  damage_ = std::move(how);
  return Flow::Damaged;
}

// Adds what the input has to the packed bytes, which must have been used up or be few.
Flow ByteStream::refill() {
  if (packed_at_ == packed_end_) packed_at_ = packed_end_ = 0;
  const RawInput::Got got = input_.read(packed_.data() + packed_end_, packed_.size() - packed_end_);
  packed_end_ += got.bytes;
  if (got.flow == Flow::Damaged) return damaged(fmt::format("it cannot be read: {}", input_.damage()));
  return got.flow;
}

// Decides the format as soon as the first bytes allow it; Ready once it has.
Flow ByteStream::detect() {
  while (true) {
    const std::string_view start(packed_.data(), packed_end_);
    const Match gzip = matches_gzip(start);
    const Match zstd = matches_zstd(start);
    if (gzip == Match::Yes) {
      gzip_ = std::make_unique<z_stream>();
      constexpr int kGzipOnly = MAX_WBITS + 16;
      CHECK(inflateInit2(gzip_.get(), kGzipOnly) == Z_OK);
      format_ = Format::Gzip;
      return Flow::Ready;
    }
    if (zstd == Match::Yes) {
      zstd_ = ZSTD_createDCtx();
      CHECK(zstd_ != nullptr);
      format_ = Format::Zstd;
      return Flow::Ready;
    }
    if (gzip == Match::No && zstd == Match::No) {
      format_ = Format::Plain;
      return Flow::Ready;
    }
    const Flow flow = refill();
    if (flow == Flow::End && packed_end_ > 0) {
      format_ = Format::Plain;
      return Flow::Ready;
    }
    if (flow != Flow::Ready) return flow;
  }
}

RawInput::Got ByteStream::read(char* to, size_t capacity) {
  if (!damage_.empty()) return {0, Flow::Damaged};
  if (format_ == Format::Unknown) {
    const Flow flow = detect();
    if (flow != Flow::Ready) return {0, flow};
  }
  switch (format_) {
    case Format::Gzip:
      return read_gzip(to, capacity);
    case Format::Zstd:
      return read_zstd(to, capacity);
    case Format::Plain:
    case Format::Unknown:
      break;
  }
  return read_plain(to, capacity);
}

RawInput::Got ByteStream::read_plain(char* to, size_t capacity) {
  size_t bytes = std::min(capacity, packed_end_ - packed_at_);
  std::memcpy(to, packed_.data() + packed_at_, bytes);
  packed_at_ += bytes;
  while (bytes < capacity) {
    const RawInput::Got got = input_.read(to + bytes, capacity - bytes);
    bytes += got.bytes;
    if (got.flow == Flow::Damaged) damaged(fmt::format("it cannot be read: {}", input_.damage()));
    if (got.flow != Flow::Ready) return {bytes, got.flow};
  }
  return {bytes, Flow::Ready};
}

// The input said `flow`. Its end in the middle of a member is a damage.
Flow ByteStream::ended_or(Flow flow, bool whole) {
  if (flow != Flow::End || whole) return flow;
  return damaged(fmt::format("the {} data ends in the middle, as if it had been cut off", format_name()));
}

// Between members: zeros are padding, anything else must be the next member. Ready when a member starts.
Flow ByteStream::skip_gzip_padding() {
  while (true) {
    while (packed_at_ < packed_end_ && packed_[packed_at_] == '\0') ++packed_at_;
    if (packed_at_ < packed_end_) break;
    const Flow flow = refill();
    if (flow != Flow::Ready) return flow;
  }
  if (packed_[packed_at_] != '\x1f')
    return damaged("after the end of the gzip data comes something that is not gzip");
  mid_member_ = true;
  return Flow::Ready;
}

RawInput::Got ByteStream::read_gzip(char* to, size_t capacity) {
  size_t bytes = 0;
  while (bytes < capacity) {
    if (!mid_member_) {
      const Flow flow = skip_gzip_padding();
      if (flow != Flow::Ready) return {bytes, flow};
    }
    z_stream& z = *gzip_;
    z.next_in = reinterpret_cast<Bytef*>(packed_.data() + packed_at_);
    z.avail_in = static_cast<uInt>(packed_end_ - packed_at_);
    constexpr size_t kMostAtOnce = size_t{1} << 30;
    const size_t room = std::min(capacity - bytes, kMostAtOnce);
    z.next_out = reinterpret_cast<Bytef*>(to + bytes);
    z.avail_out = static_cast<uInt>(room);
    const int answer = inflate(&z, Z_NO_FLUSH);
    packed_at_ = packed_end_ - z.avail_in;
    bytes += room - z.avail_out;
    if (answer == Z_STREAM_END) {
      mid_member_ = false;
      inflateReset(&z);
    } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
      return {bytes,
              damaged(fmt::format("its gzip data is damaged ({})", z.msg != nullptr ? z.msg : "no detail"))};
    } else if (z.avail_in == 0 && z.avail_out > 0) {
      const Flow flow = ended_or(refill(), false);
      if (flow != Flow::Ready) return {bytes, flow};
    }
  }
  return {bytes, Flow::Ready};
}

// NOLINTNEXTLINE(readability-non-const-parameter): zstd writes through it.
RawInput::Got ByteStream::read_zstd(char* to, size_t capacity) {
  ZSTD_outBuffer out{to, capacity, 0};
  while (out.pos < out.size) {
    // An empty input is only offered inside a frame, to get what the decoder still holds.
    if (packed_at_ == packed_end_ && !mid_member_) {
      const Flow flow = refill();
      if (flow != Flow::Ready) return {out.pos, flow};
    }
    ZSTD_inBuffer in{packed_.data(), packed_end_, packed_at_};
    const size_t answer = ZSTD_decompressStream(zstd_, &out, &in);
    packed_at_ = in.pos;
    if (ZSTD_isError(answer) != 0U) {
      return {out.pos,
              damaged(fmt::format("its zstd data is damaged or needs more than 128 MiB of window ({})",
                                  ZSTD_getErrorName(answer)))};
    }
    mid_member_ = answer != 0;
    if (mid_member_ && packed_at_ == packed_end_ && out.pos < out.size) {
      const Flow flow = ended_or(refill(), false);
      if (flow != Flow::Ready) return {out.pos, flow};
    }
  }
  return {out.pos, Flow::Ready};
}

}  // namespace sluice::source
