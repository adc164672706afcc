#include "source/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "base/crc32c.h"
#include "base/text.h"
#include "source/byte_stream.h"
#include "source/file_position.h"
#include "source/line_window.h"

namespace sluice::source {
namespace {

constexpr int kPollFileMs = 50;
constexpr int kPollPipeMs = 100;
// A followed file whose first bytes change was rewritten in place.
constexpr size_t kBeginningBytes = 4096;

std::string typed_name(const std::string& path) { return path == "-" ? "standard input" : "file:" + path; }

std::string canonical(const std::string& path) {
  std::array<char, PATH_MAX> real{};
  return ::realpath(path.c_str(), real.data()) != nullptr ? std::string(real.data()) : path;
}

Error cannot_open(const std::string& path, int error) {
  const std::string what = "cannot read file:" + path;
  if (error == ENOENT) {
    return refused(what + ": there is no such file. Check the path, or use file:- for standard input.");
  }
  if (error == EACCES) return refused(what + ": permission denied. Let this user read it.");
  return refused(fmt::format("{}: {}.", what, std::strerror(error)));
}

// Opens a file or pipe for reading. Errors: Refused.
Result<int> open_path(const std::string& path) {
  if (path.empty()) return refused("file: names no file. Write file:PATH, or file:- for standard input.");
  const int descriptor =
      path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && path == "-") return refused("cannot read standard input: it is closed.");
  if (descriptor < 0) return cannot_open(path, errno);
  struct stat about {};
  if (::fstat(descriptor, &about) == 0 && S_ISDIR(about.st_mode)) {
    ::close(descriptor);
    return refused(
        fmt::format("cannot read {}: it is a directory. Name a file, for example file:{}{}orders.ndjson.",
                    typed_name(path), path, path.ends_with('/') ? "" : "/"));
  }
  return descriptor;
}

// The saved position with the highest generation of the file at this path, if there is one.
Result<std::optional<FilePosition>> saved_position(const std::vector<change::Checkpoint>& saved,
                                                   const std::string& path) {
  std::optional<FilePosition> newest;
  const std::string first = file_shard(path, 1);
  const std::string_view prefix = std::string_view(first).substr(0, first.rfind(':') + 1);
  for (const change::Checkpoint& checkpoint : saved) {
    if (!checkpoint.shard.starts_with(prefix)) continue;
    const FilePosition position = TRY(FilePosition::parse(checkpoint.position));
    if (checkpoint.shard != file_shard(path, position.generation)) continue;
    if (!newest || newest->generation < position.generation) newest = position;
  }
  return newest;
}

class FileSource final : public Source {
 public:
  explicit FileSource(FileSourceOptions options)
      : options_(std::move(options)),
        name_(typed_name(options_.path)),
        window_(options_.block_bytes, options_.max_record_bytes) {}

  Result<void> open() {
    begin(TRY(open_path(options_.path)));
    if (!resumable_) {
      shard_ = fmt::format("{}:{}", options_.path == "-" ? "stdin" : "pipe", options_.clock.wall_ns());
      return {};
    }
    path_ = canonical(options_.path);
    const std::optional<FilePosition> saved = TRY(saved_position(options_.saved, path_));
    if (saved) {
      TRY(resume(*saved));
    } else {
      shard_ = file_shard(path_, generation_);
    }
    return {};
  }

  Result<Pull> next() override;
  std::vector<std::string> take_notices() override { return std::exchange(notices_, {}); }
  Progress progress() const override;

 private:
  // How the file at the path is no longer the one that is open.
  enum class Change : uint8_t { None, Replaced, CutShort, Rewritten };

  void begin(int descriptor);
  Result<void> resume(const FilePosition& saved);
  bool read_up_to(const FilePosition& saved);
  std::optional<Pull> cut(bool at_end);
  void drop_known_line(change::Block& block);
  Result<bool> next_generation();
  Change look_for_change();
  void remember_beginning();
  Error too_long(uint64_t at) const;
  Error damaged() const;

  const FileSourceOptions options_;
  const std::string name_;  // as the user typed it
  std::string path_;        // canonical
  std::string shard_;
  uint32_t generation_ = 1;
  bool resumable_ = false;
  bool following_ = false;
  std::unique_ptr<RawInput> input_;
  std::unique_ptr<ByteStream> stream_;
  LineWindow window_;
  uint32_t crc_ = 0;                    // of everything before window_.offset()
  std::optional<OpenLine> known_line_;  // stands at window_.offset() and was delivered before
  bool dry_ = false;                    // the last read found nothing
  Change change_ = Change::None;        // seen, and what is open is being finished
  std::string beginning_;               // the file's first bytes as they were when it last ran dry
  std::optional<Error> failure_;
  std::vector<std::string> notices_;
};

void FileSource::begin(int descriptor) {
  stream_.reset();
  input_ = std::make_unique<RawInput>(descriptor, options_.follow && options_.path != "-");
  resumable_ = input_->regular() && options_.path != "-";
  following_ = options_.follow && resumable_;
  stream_ = std::make_unique<ByteStream>(*input_);
  window_.restart(0);
  crc_ = 0;
  known_line_.reset();
  dry_ = false;
  change_ = Change::None;
  beginning_.clear();
}

// Reads the first saved.offset bytes; true when they are what they were.
bool FileSource::read_up_to(const FilePosition& saved) {
  std::vector<char> buffer(std::min<uint64_t>(saved.offset, size_t{1} << 20));
  uint64_t left = saved.offset;
  uint32_t crc = 0;
  while (left > 0) {
    const RawInput::Got got = stream_->read(buffer.data(), std::min<uint64_t>(left, buffer.size()));
    crc = crc32c({buffer.data(), got.bytes}, crc);
    left -= got.bytes;
    if (got.flow != Flow::Ready && left > 0) return false;
  }
  return crc == saved.crc32c;
}

Result<void> FileSource::resume(const FilePosition& saved) {
  if (read_up_to(saved)) {
    generation_ = saved.generation;
    shard_ = file_shard(path_, generation_);
    window_.restart(saved.offset);
    crc_ = saved.crc32c;
    known_line_ = saved.open_line;
    notices_.push_back(fmt::format("{} continues at byte {}.", name_, saved.offset));
    return {};
  }
  begin(TRY(open_path(options_.path)));
  generation_ = saved.generation + 1;
  shard_ = file_shard(path_, generation_);
  notices_.push_back(fmt::format(
      "{} is not the file that was read before: its first {} bytes differ. All of it is read, as {}.", name_,
      saved.offset, shard_));
  return {};
}

Progress FileSource::progress() const {
  Progress progress{input_->position(), std::nullopt};
  struct stat about {};
  if (input_->regular() && ::fstat(input_->descriptor(), &about) == 0) {
    progress.bytes_total = static_cast<uint64_t>(about.st_size);
  }
  return progress;
}

Error FileSource::too_long(uint64_t at) const {
  return refused(fmt::format(
      "{}: the line at byte {} is longer than {} bytes. Raise --max-record-bytes or repair the line; "
      "nothing from there on was read.",
      name_, at, options_.max_record_bytes));
}

Error FileSource::damaged() const {
  const uint64_t good = window_.offset();
  return refused(
      fmt::format("{}: {}, at byte {} of the unpacked data. The lines before byte {} were read. Put a whole "
                  "copy in its place and "
                  "run again: it continues at byte {}.",
                  name_, stream_->damage(), good + window_.bytes().size(), good, good));
}

// The line that stands at the start of the block was delivered before if it is the known open line.
void FileSource::drop_known_line(change::Block& block) {
  const std::optional<OpenLine> known = std::exchange(known_line_, std::nullopt);
  if (!known || block.records.empty() || block.records[0].bytes.data() != block.memory.get()) return;
  const std::string_view line = block.records[0].bytes;
  if (known->bytes == line.size() && known->crc32c == crc32c(line))
    block.records.erase(block.records.begin());
}

// Hands out what is whole; `at_end` makes the open line whole. Nothing when there is no record in it.
std::optional<Pull> FileSource::cut(bool at_end) {
  const uint64_t start = window_.offset();
  const size_t lines = window_.whole_lines();
  const std::string_view open = without_cr(window_.rest());
  const bool with_open = at_end && !is_blank(open) && !window_.too_long_at();
  const size_t bytes = with_open ? window_.bytes().size() : lines;
  if (bytes == 0) return std::nullopt;
  OpenLine open_line;
  if (with_open) open_line = {open.size(), crc32c(open)};
  const size_t before_open = std::min(bytes, lines);

  change::Block block = window_.take(bytes, shard_);
  const bool took_open = with_open && block.source_bytes == bytes;
  const size_t closed = took_open ? before_open : block.source_bytes;
  crc_ = crc32c({block.memory.get(), closed}, crc_);
  drop_known_line(block);
  FilePosition position{start + closed, crc_, generation_, std::nullopt};
  if (took_open) position.open_line = open_line;
  block.checkpoint = position.text();
  if (block.records.empty()) return std::nullopt;
  return Pull{std::move(block), Quiet::Later};
}

// Looks whether the path still names what is open. Only while following.
FileSource::Change FileSource::look_for_change() {
  struct stat now {};
  struct stat open {};
  if (::fstat(input_->descriptor(), &open) != 0) return Change::None;
  if (static_cast<uint64_t>(open.st_size) < input_->position()) return Change::CutShort;
  std::string beginning(beginning_.size(), '\0');
  const ssize_t got = ::pread(input_->descriptor(), beginning.data(), beginning.size(), 0);
  if (got != static_cast<ssize_t>(beginning_.size()) || beginning != beginning_) return Change::Rewritten;
  if (::stat(options_.path.c_str(), &now) != 0) return Change::None;  // moved away, nothing new yet
  return now.st_dev == open.st_dev && now.st_ino == open.st_ino ? Change::None : Change::Replaced;
}

void FileSource::remember_beginning() {
  const size_t bytes = std::min<uint64_t>(kBeginningBytes, input_->position());
  if (beginning_.size() == bytes) return;
  beginning_.resize(bytes);
  const ssize_t got = ::pread(input_->descriptor(), beginning_.data(), bytes, 0);
  beginning_.resize(got > 0 ? static_cast<size_t>(got) : 0);
}

// Opens what stands at the path now. False when there is nothing yet.
Result<bool> FileSource::next_generation() {
  Result<int> descriptor = open_path(options_.path);
  if (!descriptor.ok()) {
    if (::access(options_.path.c_str(), F_OK) != 0) return false;
    return std::move(descriptor).error();
  }
  const char* how = change_ == Change::Replaced   ? "was replaced by another file"
                    : change_ == Change::CutShort ? "was cut short"
                                                  : "was rewritten";
  begin(descriptor.value());
  ++generation_;
  shard_ = file_shard(path_, generation_);
  notices_.push_back(
      fmt::format("{} {}. What is there now is read from its start, as {}.", name_, how, shard_));
  return true;
}

Result<Pull> FileSource::next() {
  if (failure_) return *failure_;
  bool waited = false;
  while (true) {
    if (following_ && dry_ && change_ == Change::None) {
      change_ = look_for_change();
      // A replaced file may still hold unread lines; what was cut short or rewritten no longer does.
      if (change_ == Change::Replaced) input_->stop_following();
      if (change_ == Change::CutShort || change_ == Change::Rewritten) input_->abandon();
    }
    char* const room = window_.room();
    const RawInput::Got got = stream_->read(room, window_.room_bytes());
    window_.added(got.bytes);
    dry_ = got.flow == Flow::Dry;
    std::optional<Pull> pull = cut(got.flow == Flow::End);
    // What is whole before the trouble is handed out first.
    if (const auto at = window_.too_long_at(); at == window_.offset()) failure_ = too_long(*at);
    if (!failure_ && got.flow == Flow::Damaged && window_.whole_lines() == 0) failure_ = damaged();
    if (pull) return std::move(*pull);
    if (failure_) return *failure_;
    if (got.flow == Flow::Ready) continue;
    if (got.flow == Flow::End && change_ == Change::None) return Pull{std::nullopt, Quiet::End};
    if (got.flow == Flow::End && TRY(next_generation())) continue;
    if (waited) return Pull{std::nullopt, Quiet::Later};
    if (following_) remember_beginning();
    input_->wait(input_->regular() ? kPollFileMs : kPollPipeMs);
    waited = true;
  }
}

}  // namespace

Result<std::unique_ptr<Source>> open_file(FileSourceOptions options) {
  auto source = std::make_unique<FileSource>(std::move(options));
  TRY(source->open());
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace sluice::source
