#include "app/retry_plan.h"

#include <fmt/format.h>

#include <map>

namespace sluice::app {

using sink::QuarantineEntry;

Result<std::vector<std::vector<QuarantineEntry>>> plan_retry(const std::vector<QuarantineEntry>& index,
                                                             const RetryChoice& choice) {
  std::set<int64_t> missing = choice.ids;
  std::vector<std::vector<QuarantineEntry>> groups;
  std::map<std::string, size_t> group_of_chunk;
  const auto chosen = [&](const QuarantineEntry& entry) {
    return choice.all || choice.ids.contains(entry.id) ||
           (!choice.reason.empty() && entry.reason == choice.reason);
  };
  for (const QuarantineEntry& entry : index) {
    missing.erase(entry.id);
    if (!chosen(entry)) continue;
    if (entry.chunk_id.empty()) {
      groups.push_back({entry});
    } else if (group_of_chunk.emplace(entry.chunk_id, groups.size()).second) {
      groups.emplace_back();
    }
  }
  if (!missing.empty()) {
    return refused(fmt::format("record {} is not in quarantine. `sluice quarantine list` shows what is.",
                               *missing.begin()));
  }
  for (const QuarantineEntry& entry : index) {
    const auto group = group_of_chunk.find(entry.chunk_id);
    if (group != group_of_chunk.end()) groups[group->second].push_back(entry);
  }
  return groups;
}

}  // namespace sluice::app
