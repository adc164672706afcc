// Connection: libpq, wrapped: only connection.cc includes the library's header.
//
// Errors carry the server's primary message and SQLSTATE (also as the error's reason), never its DETAIL,
// which quotes rows, and never a piece of the connection string. Threads: one at a time per connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::sink::postgres {

// Rows of a statement; values are the server's text.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual int size() const = 0;
  virtual int columns() const = 0;
  // Nothing for NULL. Lives as long as the rows.
  virtual std::optional<std::string_view> value(int row, int column) const = 0;
  // How many rows an INSERT, UPDATE, DELETE or SELECT touched.
  virtual int64_t touched() const = 0;

  // "" and 0 for NULL.
  std::string text(int row, int column) const;
  int64_t number(int row, int column) const;
  // Of a bytea.
  std::string bytes(int row, int column) const;
};

using Parameter = std::optional<std::string>;

// Takes the bytes of a COPY.
using CopySink = std::function<Result<void>(std::string_view bytes)>;

class Connection {
 public:
  virtual ~Connection() = default;
  // One statement with values ($1, $2, ...), or several without. Unavailable when the connection is gone,
  // when the server shuts down or starts, or when it gave up a deadlock; otherwise Refused.
  virtual Result<std::unique_ptr<Rows>> run(const std::string& sql,
                                            const std::vector<Parameter>& values = {}) = 0;
  // COPY ... FROM STDIN: `write` gives the data in pieces of any size. Errors as run(); what `write` returns
  // ends the COPY.
  virtual Result<void> copy_in(const std::string& sql,
                               const std::function<Result<void>(const CopySink& out)>& write) = 0;
  // Whether the connection is gone for good: open another one.
  virtual bool is_lost() const = 0;
  // "127.0.0.1:5432/shop", for messages.
  virtual const std::string& place() const = 0;
  virtual int server_version() const = 0;  // 150004
};

// Connects. `dsn` is a URI or key=value pairs as libpq reads them. Refused with what to do when it is no
// connection string or the server says no; Unavailable when nobody answers.
Result<std::unique_ptr<Connection>> connect(const std::string& dsn);

// Where a connection string leads, without what it may hide: "postgres:127.0.0.1:5432/shop".
std::string shown_dsn(const std::string& dsn);

// The text of an array parameter: {"a","b"}.
std::string array_text(const std::vector<std::string>& texts);
std::string numbers_text(const std::set<uint32_t>& numbers);

// SQLSTATEs that are told apart.
inline constexpr std::string_view kSerializationFailure = "40001";
inline constexpr std::string_view kDeadlock = "40P01";
inline constexpr std::string_view kLockTimeout = "55P03";
inline constexpr std::string_view kInvalidTableDefinition = "42P16";
inline constexpr std::string_view kInvalidFunctionDefinition = "42P13";
inline constexpr std::string_view kDependentObjects = "2BP01";

}  // namespace sluice::sink::postgres
