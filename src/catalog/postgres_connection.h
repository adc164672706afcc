// Connection: a connection to PostgreSQL or DSQL through libpq, and the rows that a statement gave.
//
// Errors carry the server's primary message and SQLSTATE, never its DETAIL (which quotes rows) and never a
// piece of the connection string. Threads: one at a time per connection.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"

namespace sluice::catalog {

// What a statement gave. Values are text in the server's encoding of them.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result, &PQclear) {}
  int size() const { return PQntuples(result_.get()); }
  // Nothing for NULL. Lives as long as the rows.
  std::optional<std::string_view> value(int row, int column) const;
  // "" for NULL.
  std::string text(int row, int column) const;
  // How many rows an INSERT, UPDATE or DELETE touched.
  int64_t touched() const;

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

using Parameter = std::optional<std::string>;

class Connection {
 public:
  // Connects; `settings` are libpq parameters that override those of `dsn` (`options` is added to the dsn's
  // own). Errors: connect_failure()'s, naming `what`; Refused for a dsn that libpq does not understand.
  static Result<Connection> open(const std::string& dsn,
                                 const std::vector<std::pair<std::string, std::string>>& settings = {},
                                 const std::string& what = "the PostgreSQL that --postgres names");

  // One statement with its values. Refused when the server says no, Unavailable when the connection is gone.
  Result<Rows> run(const std::string& sql, std::initializer_list<Parameter> values = {});
  Result<Rows> run(const std::string& sql, const std::vector<Parameter>& values);

  // `name` quoted as an identifier; `text` as a literal.
  std::string identifier(std::string_view name) const;
  std::string literal(std::string_view text) const;

  // The last error as one line.
  std::string last_error() const;
  PGconn* raw() const { return connection_.get(); }

 private:
  explicit Connection(PGconn* connection) : connection_(connection, &PQfinish) {}
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

// libpq's messages have several lines and end with one: the same text as one line.
std::string one_line(std::string_view text);

// The error of a failed result: Unavailable when the connection broke, otherwise Refused.
Error postgres_error(const Connection& connection, const PGresult* result, const std::string& doing);

// The catalog of the database at the other end; errors as run(), and Refused for types that DSQL lacks.
Result<Catalog> read_from(Connection& connection);

// DSQL's type for a type's oid and modifier (pg_attribute.atttypmod, -1 for none); nothing for types that
// DSQL lacks. The oids of built-in types are fixed (pg_type.dat).
std::optional<ColumnType> column_type_from_oid(uint32_t oid, int32_t modifier);

}  // namespace sluice::catalog
