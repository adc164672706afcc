#include "sink/rekey_effect.h"

#include <fmt/format.h>

#include <algorithm>

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

constexpr size_t kExamples = 3;
constexpr size_t kEventIds = 5;

void keep_first(std::vector<int64_t>& kept, const std::vector<int64_t>& more) {
  kept.insert(kept.end(), more.begin(), more.end());
  std::ranges::sort(kept);
  if (kept.size() > kEventIds) kept.resize(kEventIds);
}

// The rows of one id, whatever their other id is.
struct Group {
  RekeyExample example;
  int64_t deletes = 0;
};
using Groups = std::map<std::string_view, Group>;

int64_t lone_deletes(const Groups& groups) {
  int64_t lone = 0;
  for (const auto& [id, group] : groups) lone += group.deletes == group.example.rows ? group.deletes : 0;
  return lone;
}

int64_t several(const Groups& groups, std::vector<RekeyExample>& examples) {
  for (const auto& [id, group] : groups)
    if (group.example.ids > 1) examples.push_back(group.example);
  const auto count = static_cast<int64_t>(examples.size());
  std::ranges::sort(examples, [](const RekeyExample& a, const RekeyExample& b) {
    return a.ids != b.ids ? a.ids > b.ids : a.event_ids < b.event_ids;
  });
  if (examples.size() > kExamples) examples.resize(kExamples);
  return count;
}

}  // namespace

void RekeyCount::add(int64_t event_id, bool is_delete, const std::string& id_before,
                     const std::string& id_after) {
  Rows& rows = pairs_[{id_before, id_after}];
  ++rows.rows;
  rows.deletes += is_delete ? 1 : 0;
  keep_first(rows.first_event_ids, {event_id});
}

RekeyEffect RekeyCount::effect() const {
  RekeyEffect effect;
  Groups before;
  Groups after;
  for (const auto& [ids, rows] : pairs_) {
    effect.rows += rows.rows;
    effect.deletes += rows.deletes;
    if (ids.first != ids.second) effect.changed += rows.rows;
    if (ids.second.starts_with("image:") && ids.second.size() == 70) effect.keyless += rows.rows;
    for (Group* group : {&before[ids.first], &after[ids.second]}) {
      ++group->example.ids;
      group->example.rows += rows.rows;
      group->deletes += rows.deletes;
      keep_first(group->example.event_ids, rows.first_event_ids);
    }
  }
  effect.ids_before = static_cast<int64_t>(before.size());
  effect.ids_after = static_cast<int64_t>(after.size());
  effect.lone_deletes_before = lone_deletes(before);
  effect.lone_deletes_after = lone_deletes(after);
  effect.folded = several(after, effect.fold_examples);
  effect.split = several(before, effect.split_examples);
  return effect;
}

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
