#include "sink/view_report.h"

#include "base/check.h"
#include "base/text.h"

namespace sluice::sink {

std::vector<ViewDifference> compare_views(const std::map<std::string, std::string>& before,
                                          const std::map<std::string, std::string>& after) {
  std::map<std::string, ViewDifference::Kind> kinds;
  for (const auto& [name, text] : before) {
    const auto now = after.find(name);
    if (now == after.end()) {
      kinds[name] = ViewDifference::Kind::NotDue;
    } else if (now->second != text) {
      kinds[name] = ViewDifference::Kind::Different;
    }
  }
  for (const auto& [name, text] : after) {
    if (!before.contains(name)) kinds[name] = ViewDifference::Kind::Missing;
  }
  std::vector<ViewDifference> differences;
  for (const auto& [name, kind] : kinds) differences.push_back({kind, name});
  return differences;
}

void add_unconverted(const sql::Check& check, const std::vector<std::optional<std::string>>& row,
                     std::vector<UnconvertedColumn>& found) {
  CHECK(row.size() == 3 * check.columns.size());
  for (size_t at = 0; at < check.columns.size(); ++at) {
    const int64_t values = parse_int64(row[3 * at].value_or("0")).value_or(0);
    if (values == 0) continue;
    found.push_back(
        {check.table, check.columns[at], values, row[3 * at + 1].value_or(""), row[3 * at + 2].value_or("")});
  }
}

}  // namespace sluice::sink
