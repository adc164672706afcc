// ByteStream: the bytes of a file or pipe, taken out of gzip or zstd where they are packed.
//
// What the input is, its first bytes say, never its name. Several gzip members or zstd frames in a row are
// one stream. Bytes before a damage are good and come first; the damage is told afterwards. (gzip and zstd
// checksums stand at the end of a member, so what came since the member's start may already be wrong;
// damage() says so.) Threads: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct z_stream_s;
struct ZSTD_DCtx_s;

namespace sluice::source {

// Why a read gave no more bytes than it did.
enum class Flow : uint8_t {
  Ready,    // there is more
  Dry,      // nothing now; more may come
  End,      // the end, for good
  Damaged,  // nothing after this can be read; see damage()
};

// An open file descriptor that remembers where it is.
class RawInput {
 public:
  // Owns `descriptor`. `following`: the end of a regular file is Dry, not End.
  RawInput(int descriptor, bool following);
  ~RawInput();
  RawInput(const RawInput&) = delete;
  RawInput& operator=(const RawInput&) = delete;

  struct Got {
    size_t bytes = 0;
    Flow flow = Flow::Ready;
  };
  // Reads at most once and never waits. 0 bytes unless Ready.
  Got read(char* to, size_t capacity);
  // From now on the end of the file is the end.
  void stop_following() { following_ = false; }
  // From now on there is nothing more to read.
  void abandon() { abandoned_ = true; }
  // Waits until there may be something to read, at most so long.
  void wait(int timeout_ms) const;
  // Back to the first byte; only of a regular file. False when the system refuses.
  bool rewind();

  bool regular() const { return regular_; }
  int descriptor() const { return descriptor_; }
  uint64_t position() const { return position_; }
  // After Damaged: what the system said.
  const std::string& damage() const { return damage_; }

 private:
  int descriptor_;
  bool following_;
  bool regular_ = false;
  bool abandoned_ = false;
  uint64_t position_ = 0;
  std::string damage_;
};

class ByteStream {
 public:
  // `input` must outlive the stream.
  explicit ByteStream(RawInput& input);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // Fills `to` as far as it goes without waiting; Ready only when all of it is full. Bytes may come together
  // with any flow, which then comes again.
  RawInput::Got read(char* to, size_t capacity);

  // After Damaged: what is wrong, as the end of a sentence; empty before.
  const std::string& damage() const { return damage_; }
  const char* format_name() const;

 private:
  enum class Format : uint8_t { Unknown, Plain, Gzip, Zstd };

  Flow detect();
  Flow refill();
  RawInput::Got read_plain(char* to, size_t capacity);
  RawInput::Got read_gzip(char* to, size_t capacity);
  RawInput::Got read_zstd(char* to, size_t capacity);
  Flow skip_gzip_padding();
  Flow damaged(std::string how);
  Flow ended_or(Flow flow, bool whole);

  RawInput& input_;
  Format format_ = Format::Unknown;
  std::vector<char> packed_;  // read from the input, not yet unpacked
  size_t packed_at_ = 0;
  size_t packed_end_ = 0;
  bool mid_member_ = false;  // inside a gzip member or zstd frame
  std::unique_ptr<z_stream_s> gzip_;
  ZSTD_DCtx_s* zstd_ = nullptr;
  std::string damage_;
};

}  // namespace sluice::source
