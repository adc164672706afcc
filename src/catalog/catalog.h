// Catalog: the tables of the source with their columns, types and keys.
//
// The types are those of DSQL (a subset of PostgreSQL's). A catalog is a plain value; it may come from a
// database, from a file under version control, or be put together by a test.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "change/change.h"

namespace sluice::catalog {

enum class Type {
  SmallInt,
  Integer,
  BigInt,
  Oid,
  Real,
  DoublePrecision,
  Numeric,
  Boolean,
  Text,
  Varchar,
  Char,
  Name,
  QuotedChar,
  Bytea,
  Uuid,
  Date,
  Time,
  TimeTz,
  Timestamp,
  TimestampTz,
  Interval,
  Json,
  Jsonb,
  OidVector,
};

// The SQL standard's spelling (`double precision`, `timestamp with time zone`), as format_type() prints it
// without modifiers.
std::string_view type_name(Type type);
std::optional<Type> type_from_name(std::string_view name);

// A column's declared type. precision and scale only for Numeric, length only for Varchar and Char; absent
// when the source declares none.
struct ColumnType {
  Type type = Type::Text;
  std::optional<int> precision;
  std::optional<int> scale;
  std::optional<int> length;
  friend bool operator==(const ColumnType&, const ColumnType&) = default;
};

// "numeric(12,2)", "varchar(40)", "timestamp with time zone". parse_column_type reads the same back, and the
// usual aliases (int4, timestamptz, bpchar, decimal).
std::string to_text(const ColumnType& type);
Result<ColumnType> parse_column_type(std::string_view text);

struct Column {
  std::string name;
  ColumnType type;
  bool nullable = true;
  friend bool operator==(const Column&, const Column&) = default;
};

struct Table {
  change::TableName name;
  std::vector<Column> columns;   // in the source's order
  std::vector<std::string> key;  // primary key columns in key order; empty: no key
  // Made from events, not read from a database: types are what the values allow, and the key, if there is
  // one, is what the deletes named. An empty key is then one that is not known.
  bool learned = false;
  friend bool operator==(const Table&, const Table&) = default;
};

struct Catalog {
  std::map<change::TableName, Table> tables;
  const Table* find(const change::TableName& name) const;
  friend bool operator==(const Catalog&, const Catalog&) = default;
};

// The catalog as TOML, made to be read and diffed: one [[table]] with schema, name, key and a columns array
// in the source's order. Reading refuses unknown members and types, naming the file and the line.
std::string to_toml(const Catalog& catalog);
Result<Catalog> parse_toml(std::string_view text, const std::string& file_name);
Result<Catalog> read_file(const std::string& path);

// The catalog of a PostgreSQL database (of DSQL: catalog/dsql.h): every ordinary or partitioned table outside
// the system schemas. Types that DSQL does not have are refused by name. `dsn` is a libpq connection string
// or URI.
Result<Catalog> read_postgres(const std::string& dsn);

}  // namespace sluice::catalog
