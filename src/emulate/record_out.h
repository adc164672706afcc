// RecordOut: where an emulation's records go.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace sluice::emulate {

// Called by one thread.
class RecordOut {
 public:
  virtual ~RecordOut() = default;
  // `record` is one line without its end.
  virtual Result<void> write(std::string_view record) = 0;
  // On return everything written is with the reader: on the disk, or in the pipe.
  virtual Result<void> flush() = 0;
};

// Records as lines of a file or a pipe. Owns nothing but its buffer: `file` is an open descriptor that
// outlives it, `name` is what the user called it. Refused when it cannot be written, also when a pipe's
// reader has gone (the program ignores SIGPIPE).
class LinesOut final : public RecordOut {
 public:
  LinesOut(int file, std::string name) : file_(file), name_(std::move(name)) {}
  Result<void> write(std::string_view record) override;
  Result<void> flush() override;

 private:
  Result<void> write_buffer();
  void end_torn_line();

  int file_;
  bool begun_ = false;
  std::string name_;
  std::string buffer_;
};

}  // namespace sluice::emulate
