#include "sink/rekey_effect.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace sluice::sink {
namespace {

int64_t number(const std::optional<std::string>& cell) { return cell ? parse_int64(*cell).value_or(0) : 0; }

// "{1,2,3}" or "[1, 2, 3]".
std::vector<int64_t> numbers(const std::optional<std::string>& cell) {
  std::vector<int64_t> out;
  std::string digits;
  for (const char c : cell.value_or("") + ",") {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (!digits.empty()) {
      out.push_back(parse_int64(digits).value_or(0));
      digits.clear();
    }
  }
  return out;
}

// How many of `one` are several of `many`, and those that are most.
Result<int64_t> add_examples(std::string_view table, const RekeyAsk& ask, std::string_view one,
                             std::string_view many, std::vector<RekeyExample>& examples) {
  const auto rows = TRY(ask(fmt::format(
      "SELECT count(DISTINCT {1}) AS ids, count(*) AS n, (array_agg(event_id ORDER BY event_id))[1:5], "
      "count(*) OVER () FROM {2} GROUP BY {0} HAVING count(DISTINCT {1}) > 1 ORDER BY ids DESC, "
      "min(event_id) LIMIT 3",
      one, many, table)));
  for (const RekeyCells& row : rows) examples.push_back({number(row[0]), number(row[1]), numbers(row[2])});
  return rows.empty() ? 0 : number(rows.front()[3]);
}

Result<int64_t> lone_deletes(std::string_view table, const RekeyAsk& ask, std::string_view id) {
  const auto rows = TRY(ask(fmt::format(
      "SELECT count(*) FROM {0} AS gone WHERE operation = 'd' AND NOT EXISTS (SELECT 1 FROM {0} AS "
      "there WHERE there.{1} = gone.{1} AND there.operation <> 'd')",
      table, id)));
  return number(rows.at(0).at(0));
}

}  // namespace

Result<RekeyEffect> count_rekey_effect(std::string_view table, const RekeyAsk& ask) {
  const auto counts = TRY(ask(fmt::format(
      "SELECT count(*), count(CASE WHEN id_before <> id_after THEN 1 END), count(DISTINCT id_before), "
      "count(DISTINCT id_after), count(CASE WHEN id_after LIKE 'image:%' AND length(id_after) = 70 "
      "THEN 1 END), count(CASE WHEN operation = 'd' THEN 1 END) FROM {}",
      table)));
  CHECK(counts.size() == 1 && counts[0].size() == 6);
  RekeyEffect effect;
  effect.rows = number(counts[0][0]);
  effect.changed = number(counts[0][1]);
  effect.ids_before = number(counts[0][2]);
  effect.ids_after = number(counts[0][3]);
  effect.keyless = number(counts[0][4]);
  effect.deletes = number(counts[0][5]);
  effect.lone_deletes_before = TRY(lone_deletes(table, ask, "id_before"));
  effect.lone_deletes_after = TRY(lone_deletes(table, ask, "id_after"));
  effect.folded = TRY(add_examples(table, ask, "id_after", "id_before", effect.fold_examples));
  effect.split = TRY(add_examples(table, ask, "id_before", "id_after", effect.split_examples));
  return effect;
}

}  // namespace sluice::sink
