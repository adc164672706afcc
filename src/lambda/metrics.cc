#include "lambda/metrics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "aws/json_object.h"

namespace sluice::lambda {
namespace {

constexpr size_t kMaxValues = 100;

std::vector<int64_t> spread(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  if (values.size() <= kMaxValues) return values;
  std::vector<int64_t> kept;
  for (size_t i = 0; i < kMaxValues; ++i) kept.push_back(values[i * (values.size() - 1) / (kMaxValues - 1)]);
  return kept;
}

}  // namespace

std::string metrics_line(const Account& account, std::string_view stream, int64_t wall_ns) {
  const std::array<std::pair<std::string_view, int64_t>, 12> counts = {
      {{"Received", account.received},
       {"Landed", account.landed},
       {"Repeats", account.repeats},
       {"Quarantined", account.quarantined},
       {"Waiting", account.waiting},
       {"Failed", account.failed},
       {"Rows", account.rows},
       {"RowsWithoutKey", account.rows_without_key},
       {"Statements", account.statements},
       {"Retries", account.retries},
       {"Throttles", account.throttles},
       {"Expired", account.expired}}};
  const std::vector<int64_t> times = spread(account.commit_to_landed_ms);
  std::string definitions;
  for (const auto& [name, value] : counts)
    definitions += fmt::format(R"({}{{"Name":"{}","Unit":"Count"}})", definitions.empty() ? "" : ",", name);
  if (!times.empty()) definitions += R"(,{"Name":"CommitToLanded","Unit":"Milliseconds"})";
  aws::JsonObject line;
  line.raw("_aws", fmt::format(R"({{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":"Sluice",)"
                               R"("Dimensions":[["Stream"]],"Metrics":[{}]}}]}})",
                               wall_ns / 1'000'000, definitions));
  line.text("Stream", stream);
  for (const auto& [name, value] : counts) line.number(name, value);
  if (!times.empty()) line.raw("CommitToLanded", fmt::format("[{}]", fmt::join(times, ",")));
  return line.done();
}

}  // namespace sluice::lambda
