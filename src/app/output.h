// Output: a file or standard output that notices when writing fails.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::app {

// Buffered; what was written is complete on disk or in the pipe only after close(). Threads: one owner.
class Output {
 public:
  // `path` as the user typed it, `flag` as the user would name it (--out); "-" is standard output.
  // Fails Refused: a directory, no permission, no such folder.
  static Result<Output> open(const std::string& path, std::string flag);
  static Output standard_output();

  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();

  // All of them fail Refused when the other end is full or gone.
  Result<void> write(std::string_view text);
  Result<void> flush();
  Result<void> close();

 private:
  Output(std::FILE* file, std::string name) : file_(file), name_(std::move(name)) {}
  Error failure() const;

  std::FILE* file_ = nullptr;
  std::string name_;  // for messages
};

}  // namespace sluice::app
