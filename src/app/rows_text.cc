#include "app/rows_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "app/text_width.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::app {
namespace {

using sink::duckdb::ResultColumn;

constexpr std::array<std::string_view, 12> kNumberTypes = {
    "TINYINT",   "SMALLINT", "INTEGER", "BIGINT",   "HUGEINT", "UTINYINT",
    "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT",   "DOUBLE",
};

// nan, inf and -inf are the only texts of a number that JSON does not know.
bool is_finite(std::string_view text) {
  return text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

class CsvWriter final : public RowWriter {
 public:
  CsvWriter(const std::vector<ResultColumn>& columns, Output& output) : output_(output) {
    for (const ResultColumn& column : columns) field(column.name);
    line_ += '\n';
  }

  Result<bool> row(const Cells& cells) override {
    TRY(output_.write(line_));
    line_.clear();
    first_ = true;
    for (const auto& cell : cells) field(cell);
    line_ += '\n';
    return true;
  }

  Result<void> finish() override {
    TRY(output_.write(line_));
    return output_.flush();
  }

 private:
  void field(const std::optional<std::string>& text) {
    if (!first_) line_ += ',';
    first_ = false;
    append_csv_field(line_, text);
  }

  Output& output_;
  std::string line_;  // written with the next row, so that the header needs no call of its own
  bool first_ = true;
};

class JsonWriter final : public RowWriter {
 public:
  JsonWriter(std::vector<ResultColumn> columns, bool array, Output& output)
      : columns_(std::move(columns)), array_(array), output_(output) {
    std::set<std::string> taken;
    for (const ResultColumn& column : columns_) {
      std::string name = column.name;
      for (int number = 1; !taken.insert(name).second; ++number)
        name = fmt::format("{}_{}", column.name, number);
      std::string quoted;
      append_json_string(quoted, name);
      names_.push_back(quoted);
    }
  }

  Result<bool> row(const Cells& cells) override {
    line_.clear();
    if (array_) line_ += rows_ == 0 ? "[\n " : ",\n ";
    line_ += '{';
    for (size_t at = 0; at < cells.size(); ++at) {
      if (at > 0) line_ += ',';
      line_ += names_[at];
      line_ += ':';
      append_json_value(line_, columns_[at].type, cells[at]);
    }
    line_ += '}';
    if (!array_) line_ += '\n';
    ++rows_;
    TRY(output_.write(line_));
    return true;
  }

  Result<void> finish() override {
    if (array_) TRY(output_.write(rows_ == 0 ? "[]\n" : "\n]\n"));
    return output_.flush();
  }

 private:
  std::vector<ResultColumn> columns_;
  std::vector<std::string> names_;
  bool array_;
  Output& output_;
  std::string line_;
  int64_t rows_ = 0;
};

class TableWriter final : public RowWriter {
 public:
  TableWriter(std::vector<ResultColumn> columns, const TableStyle& style, Output& output)
      : columns_(std::move(columns)), style_(style), output_(output) {
    for (const ResultColumn& column : columns_) {
      headers_.push_back(printable(column.name));
      widths_.push_back(display_width(headers_.back()));
    }
  }

  Result<bool> row(const Cells& cells) override {
    if (style_.terminal && rows_ == style_.max_rows) {
      more_ = true;
      return false;
    }
    ++rows_;
    Shown shown;
    for (const auto& cell : cells) shown.push_back(show(cell));
    if (header_written_) {
      TRY(write_row(shown));
      return true;
    }
    for (size_t at = 0; at < shown.size(); ++at) {
      widths_[at] = std::max(widths_[at], display_width(shown[at].text));
      held_bytes_ += shown[at].text.size();
    }
    held_.push_back(std::move(shown));
    if (held_.size() >= kTableRows || held_bytes_ >= kTableBytes) TRY(write_held());
    return true;
  }

  Result<void> finish() override {
    if (!header_written_) TRY(write_held());
    std::string end = fmt::format("({} row{})\n", with_thousands(rows_), rows_ == 1 ? "" : "s");
    if (more_) {
      end = fmt::format("(the first {} rows; --max-rows shows more, --format csv writes all)\n",
                        with_thousands(rows_));
    }
    if (cut_)
      end += "(values longer than " + std::to_string(kTerminalCell) +
             " columns end with …; --format csv writes them whole)\n";
    TRY(output_.write(end));
    return output_.flush();
  }

 private:
  struct Cell {
    std::string text;
    bool absent = false;
  };
  using Shown = std::vector<Cell>;

  // A text that reads NULL is quoted, so that NULL always means that there is no value.
  Cell show(const std::optional<std::string>& cell) {
    if (!cell) return {"NULL", true};
    if (*cell == "NULL") return {"\"NULL\"", false};
    std::string text = printable(*cell);
    if (style_.terminal && display_width(text) > kTerminalCell) {
      cut_ = true;
      text = cut_to_width(text, kTerminalCell);
    }
    return {text, false};
  }

  Result<void> write_held() {
    header_written_ = true;
    std::string line;
    for (size_t at = 0; at < columns_.size(); ++at)
      append_padded(line, headers_[at], at, false, at + 1 == columns_.size());
    line += '\n';
    for (size_t at = 0; at < columns_.size(); ++at) {
      line += at == 0 ? " " : "  ";
      for (size_t i = 0; i < widths_[at]; ++i) line += "─";
    }
    TRY(output_.write(line + '\n'));
    for (const Shown& row : held_) TRY(write_row(row));
    held_.clear();
    return {};
  }

  Result<void> write_row(const Shown& row) {
    std::string line;
    for (size_t at = 0; at < row.size(); ++at) {
      append_padded(line, row[at].text, at, row[at].absent, at + 1 == row.size());
    }
    line += '\n';
    return output_.write(line);
  }

  void append_padded(std::string& line, const std::string& text, size_t at, bool absent, bool last) {
    line += at == 0 ? " " : "  ";
    const size_t width = display_width(text);
    const std::string gap(widths_[at] > width ? widths_[at] - width : 0, ' ');
    if (columns_[at].numeric) line += gap;
    line += absent && style_.colour ? "\x1b[2m" + text + "\x1b[0m" : text;
    if (!columns_[at].numeric && !last) line += gap;
  }

  std::vector<ResultColumn> columns_;
  TableStyle style_;
  Output& output_;
  std::vector<std::string> headers_;
  std::vector<size_t> widths_;
  std::vector<Shown> held_;
  size_t held_bytes_ = 0;
  int64_t rows_ = 0;
  bool header_written_ = false;
  bool more_ = false;
  bool cut_ = false;
};

}  // namespace

void append_json_value(std::string& to, const std::string& type, const std::optional<std::string>& text) {
  if (!text) {
    to += "null";
    return;
  }
  const bool number = std::find(kNumberTypes.begin(), kNumberTypes.end(), type) != kNumberTypes.end();
  if ((number && is_finite(*text)) || type == "BOOLEAN") {
    to += *text;
  } else if (type == "JSON") {
    // Line ends stand only between the tokens of legal JSON; NDJSON must not have them.
    for (const char c : *text) to += c == '\n' || c == '\r' ? ' ' : c;
  } else {
    append_json_string(to, *text);
  }
}

void append_csv_field(std::string& to, const std::optional<std::string>& text) {
  if (!text) return;
  if (!text->empty() && text->find_first_of(",\"\r\n") == std::string::npos) {
    to += *text;
    return;
  }
  to += '"';
  for (const char c : *text) {
    if (c == '"') to += '"';
    to += c;
  }
  to += '"';
}

std::unique_ptr<RowWriter> make_row_writer(const std::string& format, std::vector<ResultColumn> columns,
                                           const TableStyle& style, Output& output) {
  if (format == "csv") return std::make_unique<CsvWriter>(columns, output);
  if (format == "json" || format == "ndjson") {
    return std::make_unique<JsonWriter>(std::move(columns), format == "json", output);
  }
  return std::make_unique<TableWriter>(std::move(columns), style, output);
}

}  // namespace sluice::app
