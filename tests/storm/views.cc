// The judge's look at the views: what a person who asks `orders_current` sees.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/arena.h"
#include "base/json_text.h"
#include "base/text.h"
#include "decode/decoder.h"
#include "sink/duckdb/duckdb.h"
#include "sink/duckdb/store.h"
#include "sql/columns.h"
#include "sql/duckdb.h"
#include "sql/quote.h"
#include "storm/judge.h"

namespace sluice::storm {
namespace {

using change::ImageField;
using change::ValueKind;
using sink::duckdb::Connection;
using Cells = std::vector<std::optional<std::string>>;
using Lines = std::vector<std::string>;

// A value in one spelling, whatever type the view gives it. Whole numbers stay exact unless the column is a
// double; a negative zero is a zero.
std::string one_spelling(const std::optional<std::string>& cell, bool is_double) {
  if (!cell) return "NULL";
  if (const auto whole = parse_int64(*cell); whole && !is_double) return std::to_string(*whole);
  char* end = nullptr;
  const double value = std::strtod(cell->c_str(), &end);
  const bool number = !cell->empty() && *end == '\0' && cell->front() != ' ' && cell->front() != '\t';
  return number ? fmt::format("{:.17g}", value == 0 ? 0.0 : value) : *cell;
}

std::optional<std::string> text_of(const ImageField& field) {
  if (field.kind == ValueKind::Null) return std::nullopt;
  if (field.value.front() != '"') return std::string(field.value);
  std::string text;
  append_unescaped(text, field.value.substr(1, field.value.size() - 2));
  return text;
}

std::string line_of(const Cells& cells, const std::vector<bool>& doubles) {
  std::string line;
  for (size_t at = 0; at < cells.size(); ++at) line += one_spelling(cells[at], doubles[at]) + " | ";
  return line;
}

// The truth of one table as its view must show it.
Result<Lines> expected_lines(const TableRows& rows, const std::vector<sql::ViewColumn>& columns,
                             const std::vector<bool>& doubles) {
  decode::Decoder decoder;
  Lines lines;
  for (const auto& [id, json] : rows) {
    Arena arena;
    const change::Image image = TRY(decoder.scan_image(arena.copy(json)));
    Cells cells(columns.size());
    for (const ImageField& field : image.fields) {
      std::string name;
      append_unescaped(name, field.key);
      for (size_t at = 0; at < columns.size(); ++at) {
        if (columns[at].key == name) cells[at] = text_of(field);
      }
    }
    lines.push_back(line_of(cells, doubles));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Result<void> judge_view(Connection& connection, const sql::View& view,
                        const std::vector<sql::ViewColumn>& columns, const TableRows& truth, bool values,
                        Lines& findings) {
  const auto rows =
      TRY(connection.query(fmt::format("SELECT * FROM {}", sql::quote_identifier(view.view_name))));
  std::vector<bool> doubles;
  for (const auto& column : rows->columns()) doubles.push_back(column.type == "DOUBLE");
  Lines there;
  while (const Cells* row = TRY(rows->next())) there.push_back(line_of(*row, doubles));
  if (there.size() != truth.size()) {
    findings.push_back(
        fmt::format("the view {} shows {} rows instead of {}", view.view_name, there.size(), truth.size()));
    return {};
  }
  if (!values) return {};
  if (doubles.size() != columns.size()) {
    findings.push_back(fmt::format("the view {} has {} columns instead of {}", view.view_name, doubles.size(),
                                   columns.size()));
    return {};
  }
  std::sort(there.begin(), there.end());
  const Lines due = TRY(expected_lines(truth, columns, doubles));
  const auto differs = std::mismatch(due.begin(), due.end(), there.begin());
  if (differs.first != due.end()) {
    findings.push_back(fmt::format("the view {} shows\n    {}\n  instead of\n    {}", view.view_name,
                                   *differs.second, *differs.first));
  }
  return {};
}

// The rows under the views, with their ids and the images' own bytes.
Result<State> live_rows(Connection& connection, const std::vector<change::TableState>& tables) {
  State state;
  for (const change::TableState& table : tables) {
    const auto rows = TRY(connection.query(fmt::format(
        "SELECT record_id, CAST(event_data AS VARCHAR) FROM cdc_live_rows({}, {}, 9223372036854775807)",
        sql::quote_literal(table.name.schema), sql::quote_literal(table.name.table))));
    while (const Cells* row = TRY(rows->next())) {
      const auto [at, is_new] = state[table.name].emplace((*row)[0].value(), (*row)[1].value());
      if (!is_new) at->second += " and a second row of that id";
    }
  }
  return state;
}

}  // namespace

Result<std::vector<std::string>> judge_views(const World& world, const std::string& path,
                                             const catalog::Catalog* catalog) {
  const auto database =
      TRY(sink::duckdb::open_database({.path = path, .access = sink::duckdb::Access::ReadOnly}));
  const auto connection = TRY(database->connect());
  const std::vector<change::TableState> tables = TRY(sink::duckdb::load_state(*connection)).tables;
  Lines findings = differences(world.truth, TRY(live_rows(*connection, tables)), "the views' rows");
  for (const sql::View& view : sql::duckdb_views(tables, catalog)) {
    if (view.kind != sql::ViewKind::Current) continue;
    const auto seen = std::ranges::find(tables, view.table, &change::TableState::name);
    const auto columns = sql::view_columns(seen == tables.end() ? nullptr : &*seen,
                                           catalog == nullptr ? nullptr : catalog->find(view.table));
    const auto truth = world.truth.find(view.table);
    // With declared types the texts differ from the images' in ways that the sql room's own tests judge.
    TRY(judge_view(*connection, view, columns, truth == world.truth.end() ? TableRows() : truth->second,
                   catalog == nullptr, findings));
  }
  return findings;
}

}  // namespace sluice::storm
