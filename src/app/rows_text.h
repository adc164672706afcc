// The rows of a query as a table for people, as CSV, as a JSON array or as NDJSON.
//
// What each value becomes is in docs/OPERATIONS.md. Rows are written as they come; only a table holds some
// back, at most kTableRows rows or kTableBytes, to find the widths of its columns.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/output.h"
#include "base/result.h"
#include "sink/duckdb/duckdb.h"

namespace sluice::app {

inline constexpr size_t kTableRows = 10'000;
inline constexpr size_t kTableBytes = size_t{32} << 20;
// On a terminal a longer value is cut.
inline constexpr size_t kTerminalCell = 80;

using Cells = std::vector<std::optional<std::string>>;

class RowWriter {
 public:
  virtual ~RowWriter() = default;
  // False when no more rows are wanted (a terminal's table is full); finish() still has to be called.
  virtual Result<bool> row(const Cells& cells) = 0;
  virtual Result<void> finish() = 0;
};

struct TableStyle {
  bool terminal = false;  // cut long values, stop after max_rows, say how to see more
  bool colour = false;
  int64_t max_rows = 1000;
};

// `format` is table, csv, json or ndjson. `output` must outlive the writer.
std::unique_ptr<RowWriter> make_row_writer(const std::string& format,
                                           std::vector<sink::duckdb::ResultColumn> columns,
                                           const TableStyle& style, Output& output);

// One value as JSON: integers and floats as numbers with all their digits, booleans, embedded JSON as it is,
// everything else (decimals, times, NaN) as a string, nothing as null.
void append_json_value(std::string& to, const std::string& type, const std::optional<std::string>& text);

// One field of a CSV line by the rules of RFC 4180: an absent value is empty, an empty text is "".
void append_csv_field(std::string& to, const std::optional<std::string>& text);

}  // namespace sluice::app
