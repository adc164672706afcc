#include "app/address.h"

#include <fmt/format.h>

#include <filesystem>

namespace sluice::app {
namespace {

// What follows "scheme:" in the value; `example` completes the messages.
Result<std::string> path_of(const Value& value, std::string_view scheme, std::string_view what_it_does) {
  const std::string& text = value.text;
  const size_t colon = text.find(':');
  if (colon != std::string::npos && text.substr(0, colon) == scheme) {
    if (colon + 1 == text.size()) {
      return refused(
          fmt::format("{} is '{}': the path is missing. Write {}:PATH.", value.where, text, scheme));
    }
    return text.substr(colon + 1);
  }
  std::error_code failed;
  if (colon == std::string::npos || text.find('/') < colon || std::filesystem::exists(text, failed)) {
    return refused(fmt::format("{} is '{}': write {}:{}.", value.where, text, scheme, text));
  }
  return refused(
      fmt::format("{} is '{}': this version {} {}:PATH.", value.where, text, what_it_does, scheme));
}

}  // namespace

Result<std::string> source_path(const Options& options) {
  TRY(options.required("from"));
  return path_of(options.value("from"), "file", "reads");
}

Result<std::string> destination_path(const Options& options) {
  TRY(options.required("to"));
  return path_of(options.value("to"), "duckdb", "writes");
}

Result<std::string> database_path(const Options& options) {
  if (options.has("db")) {
    const std::string& path = options.text("db");
    return path.starts_with("duckdb:") ? path.substr(7) : path;
  }
  if (options.has("to")) return destination_path(options);
  return options.required("db");
}

}  // namespace sluice::app
