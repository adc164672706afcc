// DuckDB's C API, wrapped: the only file that includes duckdb.h together with its .cc.
//
// Everything is closed by its destructor. A message from DuckDB never reaches a person unread: duckdb_error()
// turns it into one of ours. Threads: a Database may be shared, a Connection and what it made belong to one
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::sink::duckdb {

// One column of a result.
struct ResultColumn {
  std::string name;
  std::string type;      // DuckDB's spelling, for example DECIMAL(12,2)
  bool numeric = false;  // shown right-aligned; in JSON without quotes
};

// Rows of a query as text, handed out one at a time. nullopt is NULL. The texts are DuckDB's own casts to
// VARCHAR. `column_is_json` values are JSON text already.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual const std::vector<ResultColumn>& columns() const = 0;
  // The next row, nothing at the end. The reference lives until the next call.
  virtual Result<const std::vector<std::optional<std::string>>*> next() = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;
  // Runs one or more statements; the results are dropped.
  virtual Result<void> execute(const std::string& sql) = 0;
  // Runs one statement with text parameters ($1, $2, ...; nullopt binds NULL) and streams its rows as text.
  virtual Result<std::unique_ptr<Rows>> query(
      const std::string& sql, const std::vector<std::optional<std::string>>& parameters = {}) = 0;
  // The first column of the first row, nothing when there is no row or it is NULL.
  virtual Result<std::optional<std::string>> query_value(
      const std::string& sql, const std::vector<std::optional<std::string>>& parameters = {}) = 0;
};

enum class Access { ReadWrite, ReadOnly, CreateOrReadWrite };

struct OpenOptions {
  std::string path;  // as the user typed it
  Access access = Access::ReadWrite;
  std::string memory_limit;  // DuckDB's memory_limit, for example "256MB"; empty: DuckDB's default
  int threads = 0;           // 0: DuckDB's default
};

class Database {
 public:
  virtual ~Database() = default;
  virtual Result<std::unique_ptr<Connection>> connect() = 0;
};

// Opens or creates the file. Errors, all Refused and in words for a person: a directory, another program's
// file, no permission, another process has it open (with its process id), written by a newer DuckDB.
Result<std::unique_ptr<Database>> open_database(const OpenOptions& options);

}  // namespace sluice::sink::duckdb
