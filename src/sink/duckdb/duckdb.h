// DuckDB's C API, wrapped: only duckdb.cc includes the library's own header.
//
// Everything is closed by its destructor. Threads: a Database may be shared, a Connection and what it made
// belong to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace sluice::sink::duckdb {

// Rows of a row group that is written from here, and rows that one thread takes at a time, so that each
// thread writes whole ones. A sixth of DuckDB's own size: within an INSERT it writes a thread's last row
// group while the others wait, and a rest that is less than one on one thread at the end.
inline constexpr size_t kRowGroupRows = 20'480;

// One column of a result.
struct ResultColumn {
  std::string name;
  std::string type;      // DuckDB's spelling, for example DECIMAL(12,2)
  bool numeric = false;  // an integer or a float: in JSON without quotes
};

// Rows of a query as text, one at a time; nullopt is NULL. The texts are DuckDB's own casts to VARCHAR.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual const std::vector<ResultColumn>& columns() const = 0;
  // The next row, null at the end. It lives until the next call.
  virtual Result<const std::vector<std::optional<std::string>>*> next() = 0;
};

// A parameter: NULL, a number, a text, or bytes.
struct Bytes {
  std::string_view bytes;
};
using Value = std::variant<std::monostate, int64_t, std::string_view, Bytes>;

enum class ColumnKind : uint8_t { Int64, Timestamp, Text, Json, Blob };

// The cells of up to 2,048 rows, to be filled. A text is not copied: it must live until the statement has
// ended.
class ChunkWriter {
 public:
  explicit ChunkWriter(std::vector<void*> columns) : columns_(std::move(columns)) {}
  void set(size_t column, size_t row, int64_t value) { static_cast<int64_t*>(columns_[column])[row] = value; }
  void set(size_t column, size_t row, std::string_view text);

 private:
  std::vector<void*> columns_;
};

// Rows of ours that a statement may read as a table. Filled by several threads at once, each another range.
struct RowFeed {
  std::function<size_t()> count;  // the rows there are, for the whole of one statement
  std::function<void(ChunkWriter& writer, size_t first_row, size_t count)> fill;
};

// A function of ours of two texts that a statement may call, from several threads at once. Not called with
// NULL.
using TextFunction = std::function<std::string(std::string_view, std::string_view)>;

class Connection {
 public:
  virtual ~Connection() = default;
  // Runs one or more statements; the results are dropped.
  virtual Result<void> execute(const std::string& sql) = 0;
  // Runs one statement with parameters ($1, $2, ...). Gives the number of rows that it changed.
  virtual Result<int64_t> execute(const std::string& sql, const std::vector<Value>& parameters) = 0;
  // Runs one statement and gives its rows as text. Several statements at once are refused. A parameter must
  // be cast ($1::BIGINT) unless it is compared with a column.
  virtual Result<std::unique_ptr<Rows>> query(const std::string& sql,
                                              const std::vector<Value>& parameters = {}) = 0;
  // The first column of the first row; nothing when there is no row or it is NULL.
  virtual Result<std::optional<std::string>> query_value(const std::string& sql,
                                                         const std::vector<Value>& parameters = {}) = 0;
  // From now on `SELECT * FROM name()` reads `feed`, whatever it holds at that moment. The feed must outlive
  // the connection and must not change while a statement reads it. At most `threads` threads read it.
  virtual Result<void> define_rows(const std::string& name,
                                   const std::vector<std::pair<std::string, ColumnKind>>& columns,
                                   const RowFeed& feed, int threads) = 0;
  // From now on `name(text, text)` calls `function`, which must outlive the connection.
  virtual Result<void> define_function(const std::string& name, const TextFunction& function) = 0;
};

enum class Access { ReadWrite, ReadOnly, CreateOrReadWrite };

struct OpenOptions {
  std::string path;  // as the user typed it
  Access access = Access::ReadWrite;
  std::string memory_limit = {};  // DuckDB's memory_limit, for example "192MB"; empty: DuckDB's default
  int threads = 0;                // 0: DuckDB's default
};

// Calls `take(row)` for each row of a query.
template <typename Take>
Result<void> each_row(Connection& connection, const std::string& sql, const std::vector<Value>& parameters,
                      const Take& take) {
  const std::unique_ptr<Rows> rows = TRY(connection.query(sql, parameters));
  while (const auto* row = TRY(rows->next())) take(*row);
  return {};
}
// A cell's text, "" for NULL.
inline std::string text(const std::optional<std::string>& cell) { return cell.value_or(""); }

class Database {
 public:
  virtual ~Database() = default;
  virtual Result<std::unique_ptr<Connection>> connect() = 0;
};

// Opens or creates the file. Errors, all Refused and in words for a person: a directory, another program's
// file, no permission, another process has it open (with its process id), written by a newer DuckDB.
Result<std::unique_ptr<Database>> open_database(const OpenOptions& options);

}  // namespace sluice::sink::duckdb
