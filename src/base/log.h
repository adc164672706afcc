// Log lines for people and machines, on standard error.
//
// Never pass a value of a customer's row or a credential. Threads: any.
#pragma once

#include <string_view>

namespace sluice {

enum class LogLevel { Debug, Info, Warn, Error };
enum class LogFormat { Text, Json };

// Once, before the first line; otherwise Info and Text.
void configure_log(LogLevel level, LogFormat format);

void log(LogLevel level, std::string_view message);
inline void log_info(std::string_view message) { log(LogLevel::Info, message); }
inline void log_warn(std::string_view message) { log(LogLevel::Warn, message); }

}  // namespace sluice
