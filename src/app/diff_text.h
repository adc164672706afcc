// What `catalog diff` prints: sentences for people, or one JSON object.
#pragma once

#include <string>
#include <vector>

#include "app/exit_code.h"
#include "catalog/diff.h"

namespace sluice::app {

struct DiffReport {
  std::string file;   // of --catalog
  std::string other;  // what it was held against, without a secret
  std::string todo;   // what to do when something needs doing
  std::vector<catalog::Difference> differences;
};

// kNeedsAPerson when a difference needs doing.
ExitCode exit_code_of(const DiffReport& report);
std::string diff_text(const DiffReport& report);
std::string diff_json(const DiffReport& report);

}  // namespace sluice::app
