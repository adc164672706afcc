#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json_text.h"

namespace sluice {
namespace {

LogFormat g_format = LogFormat::Text;

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("sluice: %v");
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warn:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void configure_log(LogLevel level, LogFormat format) {
  g_format = format;
  logger().set_level(to_spdlog(level));
  logger().set_pattern(format == LogFormat::Json
                           ? R"({"at":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})"
                           : "sluice: %v",
                       spdlog::pattern_time_type::utc);
}

void log(LogLevel level, std::string_view message) {
  if (g_format == LogFormat::Text) {
    logger().log(to_spdlog(level), "{}", message);
    return;
  }
  std::string quoted;
  append_json_string(quoted, message);
  logger().log(to_spdlog(level), "{}", quoted);
}

}  // namespace sluice
