// Probe: what a workgroup really takes, measured where AWS's pages leave it open.
//
// Reads and computes only; no table is touched. A dozen small statements, each of which wakes a Serverless
// workgroup. Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "aws/redshift_data.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/retry.h"
#include "sink/redshift/settings.h"

namespace sluice::sink::redshift {

struct ProbeReport {
  struct Line {
    std::string question;
    std::string answer;
  };
  std::vector<Line> lines;
  // What the settings should be, as name and value.
  std::vector<std::pair<std::string, std::string>> settings;
};

// Errors: the first call's own, when the workgroup cannot be reached at all. What a later probe cannot find
// out is an answer.
Result<ProbeReport> probe(aws::RedshiftData& api, const Settings& settings, const Clock& clock,
                          net::Sleeper& sleeper);

}  // namespace sluice::sink::redshift
