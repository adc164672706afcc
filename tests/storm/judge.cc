#include "storm/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sluice::storm {
namespace {

constexpr size_t kMostFindings = 5;

std::string shown(std::string_view text) {
  return text.size() <= 160 ? std::string(text)
                            : fmt::format("{}... ({} bytes)", text.substr(0, 160), text.size());
}

// Takes the first few findings of a kind and counts the others.
class Findings {
 public:
  explicit Findings(std::vector<std::string>& to) : to_(to) {}
  ~Findings() {
    if (more_ > 0) to_.push_back(fmt::format("... and {} more of this kind", more_));
  }
  Findings(const Findings&) = delete;
  Findings& operator=(const Findings&) = delete;
  void add(std::string finding) {
    if (said_ < kMostFindings) {
      ++said_;
      to_.push_back(std::move(finding));
    } else {
      ++more_;
    }
  }

 private:
  std::vector<std::string>& to_;
  size_t said_ = 0;
  int64_t more_ = 0;
};

void judge_books(const Landed& landed, const Course& course, std::vector<std::string>& to) {
  Findings findings(to);
  std::map<std::string, change::Books> there;
  for (const auto& row : landed.rows) ++there[row.shard].rows;
  for (const auto& record : landed.quarantine) ++there[record.shard].quarantined;
  for (const auto& [shard, read] : course.read) {
    const auto found = landed.books.find(shard);
    const change::Books books = found == landed.books.end() ? change::Books() : found->second;
    if (books.read != read)
      findings.add(fmt::format("{}: {} records were read, the ledger says {}", shard, read, books.read));
    if (!books.balanced()) {
      findings.add(fmt::format(
          "{}: the books do not balance: read {}, landed {}, repeats {}, quarantined {}, waiting {}", shard,
          books.read, books.landed, books.repeats, books.quarantined, books.waiting));
    }
    if (books.rows != there[shard].rows || books.quarantined != there[shard].quarantined) {
      findings.add(fmt::format("{}: the ledger says {} rows and {} quarantined, the store holds {} and {}",
                               shard, books.rows, books.quarantined, there[shard].rows,
                               there[shard].quarantined));
    }
  }
  int64_t waiting = 0;
  for (const auto& [shard, books] : landed.books) waiting += books.waiting;
  if (waiting != static_cast<int64_t>(landed.waiting.size()))
    findings.add(
        fmt::format("the ledger says {} pieces wait, the store holds {}", waiting, landed.waiting.size()));
}

void judge_rows(const World& world, const Landed& landed, const Course& course,
                std::vector<std::string>& to) {
  const auto rows = static_cast<int64_t>(landed.rows.size());
  const int64_t due = world.good_full + world.good_chunks;
  const bool exact = !course.repeats_skipped && !course.redelivered;
  if (exact && rows != due) to.push_back(fmt::format("{} rows landed, {} were due", rows, due));
  if (!course.repeats_skipped) return;
  std::set<std::tuple<change::TableName, std::string, int64_t, std::string, std::string>> distinct;
  for (const auto& row : landed.rows)
    distinct.emplace(row.table, row.record_id, row.commit_ts_ns, row.operation, row.image);
  if (static_cast<int64_t>(distinct.size()) != rows) {
    to.push_back(
        fmt::format("{} rows landed though repeats are skipped, {} of them distinct", rows, distinct.size()));
  }
}

void judge_quarantine(const World& world, const Landed& landed, const Course& course,
                      std::vector<std::string>& to) {
  Findings findings(to);
  std::map<std::string, int64_t> kept;
  for (const auto& record : landed.quarantine) {
    const auto bad = world.bad.find(record.bytes);
    if (bad == world.bad.end()) {
      findings.add(
          fmt::format("a good record is in quarantine as {}: {}", record.reason, shown(record.bytes)));
      continue;
    }
    ++kept[record.bytes];
    if (!reasons_of(bad->second.poison_class).contains(record.reason)) {
      findings.add(fmt::format("poison {} is in quarantine as {} ({}): {}", bad->second.poison_class,
                               record.reason, record.message, shown(record.bytes)));
    }
  }
  for (const auto& [text, bad] : world.bad) {
    const int64_t times = kept[text];
    const bool complete = bad.is_piece         ? times >= (course.expired ? 1 : 0)
                          : course.redelivered ? times >= bad.delivered
                                               : times == bad.delivered;
    if (!complete) {
      findings.add(fmt::format("poison {} came {} times and is in quarantine {} times: {}", bad.poison_class,
                               bad.delivered, times, shown(text)));
    }
  }
}

void judge_waiting(const World& world, const Landed& landed, const Course& course,
                   std::vector<std::string>& to) {
  Findings findings(to);
  if (course.expired && !landed.waiting.empty())
    findings.add(fmt::format("{} pieces still wait after nine days", landed.waiting.size()));
  for (const std::string& chunk_id : landed.waiting) {
    if (!world.hopeless_chunks.contains(chunk_id))
      findings.add(fmt::format("a piece of chunk {} waits although the chunk is complete", chunk_id));
  }
}

}  // namespace

std::vector<std::string> differences(const State& expected, const State& actual, const std::string& what) {
  std::vector<std::string> found;
  Findings findings(found);
  static const TableRows kNone;
  std::set<change::TableName> tables;
  for (const auto& [table, rows] : expected) tables.insert(table);
  for (const auto& [table, rows] : actual) tables.insert(table);
  for (const change::TableName& table : tables) {
    const auto of = [&table](const State& state) -> const TableRows& {
      const auto at = state.find(table);
      return at == state.end() ? kNone : at->second;
    };
    const TableRows& due = of(expected);
    const TableRows& there = of(actual);
    const std::string name = table.schema + "." + table.table;
    for (const auto& [id, image] : due) {
      const auto at = there.find(id);
      if (at == there.end()) {
        findings.add(fmt::format("{}: {} lacks the row {}", what, name, shown(id)));
      } else if (at->second != image) {
        findings.add(fmt::format("{}: {} has the row {} as {} instead of {}", what, name, shown(id),
                                 shown(at->second), shown(image)));
      }
    }
    for (const auto& [id, image] : there) {
      if (!due.contains(id)) findings.add(fmt::format("{}: {} has a row {} too many", what, name, shown(id)));
    }
  }
  return found;
}

std::vector<std::string> judge(const World& world, const Landed& landed, const Course& course) {
  std::vector<std::string> found = differences(world.truth, last_writer_wins(landed.rows), "the log");
  judge_books(landed, course, found);
  judge_rows(world, landed, course, found);
  judge_quarantine(world, landed, course, found);
  judge_waiting(world, landed, course, found);
  return found;
}

}  // namespace sluice::storm
