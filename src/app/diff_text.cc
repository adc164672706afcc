#include "app/diff_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/text_width.h"
#include "base/json_text.h"

namespace sluice::app {
namespace {

using catalog::Difference;
using catalog::Finding;

int64_t count_to_do(const DiffReport& report) {
  return std::ranges::count_if(report.differences, &Difference::needs_doing);
}

struct Words {
  std::string what;
  std::string rest;
};

std::string or_none(const std::string& key) { return key.empty() ? "no key" : key; }

Words column_words(const Difference& one) {
  switch (one.what) {
    case Finding::NewColumn:
      return {"new column", fmt::format("{} {}", one.column, one.is)};
    case Finding::DroppedColumn:
      return {"dropped column", fmt::format("{} {}", one.column, one.was)};
    case Finding::RenamedColumn:
      return {"looks renamed", fmt::format("{} -> {}", one.was, one.is)};
    case Finding::RetypedColumn:
      return {"retyped column", fmt::format("{}: {} -> {}", one.column, one.was, one.is)};
    case Finding::Nullability:
      return {"nullability", fmt::format("{}: {} -> {}", one.column, one.was, one.is)};
    case Finding::NotSeenYet:
      return {"not seen yet", one.column.empty() ? "no change of this table has come"
                                                 : fmt::format("{}: no change has shown it", one.column)};
    default:
      return {"older values",
              fmt::format("{}: {}, but older rows hold {}, shown as NULL where they do not fit", one.column,
                          one.was, one.is)};
  }
}

Words words_of(const Difference& one) {
  switch (one.what) {
    case Finding::NewTable:
      return {"new table", one.is};
    case Finding::GoneTable:
      return {"gone table", "the file has it, the other side does not"};
    case Finding::RenamedTable:
      return {"looks renamed", fmt::format("{} has its columns and its key", one.is)};
    case Finding::RemadeTable:
      return {"made anew", "hardly a column is as it was: dropped and made again?"};
    case Finding::ColumnOrder:
      return {"column order", "the columns stand in another order"};
    case Finding::KeyChanged:
      return {"key", fmt::format("{} -> {}", or_none(one.was), or_none(one.is))};
    case Finding::KeyUnknown:
      return {"key", fmt::format("the store takes {} for it, the file says {}", one.is, one.was)};
    case Finding::NoKey:
      return {"no key", "its updates cannot be matched, and its deletes go to quarantine"};
    case Finding::LearnedEntry:
      return {"learned entry", "the other side declares this table"};
    default:
      return column_words(one);
  }
}

}  // namespace

ExitCode exit_code_of(const DiffReport& report) { return count_to_do(report) > 0 ? kNeedsAPerson : kOk; }

std::string diff_text(const DiffReport& report) {
  if (report.differences.empty()) return fmt::format("{} and {} say the same.\n", report.file, report.other);
  std::string text = fmt::format("{} against {}\n", report.file, report.other);
  const change::TableName* table = nullptr;
  for (const Difference& one : report.differences) {
    if (table == nullptr || *table != one.table)
      text += fmt::format("\n  {}.{}\n", printable(one.table.schema), printable(one.table.table));
    table = &one.table;
    const Words words = words_of(one);
    text += fmt::format("    {} {:<15}{}\n", one.needs_doing ? "!" : " ", words.what, printable(words.rest));
  }
  const int64_t to_do = count_to_do(report);
  if (to_do == 0) return text + "\nNothing needs doing.\n";
  return text + fmt::format("\n{} difference{} marked ! {}: {}\n", to_do, to_do == 1 ? "" : "s",
                            to_do == 1 ? "needs doing" : "need doing", report.todo);
}

std::string diff_json(const DiffReport& report) {
  std::string json = "{\"file\":";
  append_json_string(json, report.file);
  json += ",\"other\":";
  append_json_string(json, report.other);
  json += fmt::format(",\"needs_doing\":{},\"differences\":[", count_to_do(report));
  for (const Difference& one : report.differences) {
    if (&one != &report.differences.front()) json += ',';
    json += fmt::format("{{\"what\":\"{}\",\"schema\":", catalog::finding_name(one.what));
    append_json_string(json, one.table.schema);
    json += ",\"table\":";
    append_json_string(json, one.table.table);
    for (const auto& [name, value] : {std::pair("column", &one.column), {"was", &one.was}, {"is", &one.is}}) {
      json += fmt::format(",\"{}\":", name);
      append_json_string(json, *value);
    }
    json += fmt::format(",\"needs_doing\":{}}}", one.needs_doing);
  }
  return json + "]}\n";
}

}  // namespace sluice::app
