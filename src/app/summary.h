// The summary that ends a run: the books, what needs a person, and the next command to type.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/exit_code.h"
#include "pipeline/pipeline.h"

namespace sluice::app {

// What the summary is made from.
struct RunReport {
  pipeline::RunSummary summary;
  std::string from;  // as typed: file:orders.ndjson
  std::string to;    // duckdb:shop.duckdb
  std::string db;    // shop.duckdb
  double seconds = 0;
  int64_t now_ns = 0;  // wall time
  int64_t incomplete_after_ms = 0;
  std::vector<std::pair<std::string, int64_t>> quarantine;  // everything in the store, per reason
  int64_t repeats_in_log = 0;  // rows that are the same change delivered again, among this run's commit times
  bool can_skip_repeats = true;  // the destination knows --repeats skip
  int64_t expired_unread = 0;    // places where records may have expired at the source before they were read
  bool strict = false;
  bool verbose = false;
};

// 3 when the books do not balance; 4 when records may have expired unread, or when `strict` and this run
// quarantined something or a table has no key.
ExitCode exit_code_of(const RunReport& report);

std::string summary_text(const RunReport& report, bool colour);
// One JSON object with its line end.
std::string summary_json(const RunReport& report);

}  // namespace sluice::app
