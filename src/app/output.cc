#include "app/output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sluice::app {

Result<Output> Output::open(const std::string& path, std::string flag) {
  if (path == "-") return standard_output();
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) {
    return refused(fmt::format("cannot write to {} ({}): it is a directory. Name a file in it.", path, flag));
  }
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) {
    return refused(fmt::format("cannot write to {} ({}): {}.", path, flag, std::strerror(errno)));
  }
  return Output(file, path);
}

Output Output::standard_output() { return {stdout, "standard output"}; }

Output::Output(Output&& other) noexcept : file_(other.file_), name_(std::move(other.name_)) {
  other.file_ = nullptr;
}

Output::~Output() {
  if (file_ != nullptr && file_ != stdout) static_cast<void>(std::fclose(file_));
}

Result<void> Output::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) return failure();
  return {};
}

Result<void> Output::flush() {
  if (std::fflush(file_) != 0) return failure();
  return {};
}

Result<void> Output::close() {
  std::FILE* file = file_;
  if (file == stdout) return flush();
  file_ = nullptr;
  if (std::fclose(file) != 0) return failure();
  return {};
}

Error Output::failure() const {
  return refused(fmt::format("cannot write to {}: {}.", name_, std::strerror(errno)));
}

}  // namespace sluice::app
