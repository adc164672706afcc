// What a retry says at its end.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/exit_code.h"
#include "change/batch.h"

namespace sluice::app {

struct RetryReport {
  std::string where;  // the quarantine, as the flag that names it: --db shop.duckdb
  int64_t tried = 0;
  change::Books books;  // what became of them
  std::map<std::string, int64_t> refused_by_reason;
  std::vector<std::string> imbalances;
};

// 3 when the books do not balance, 4 when something was refused again.
ExitCode exit_code_of(const RetryReport& report);
std::string retry_text(const RetryReport& report);
std::string retry_json(const RetryReport& report);

}  // namespace sluice::app
