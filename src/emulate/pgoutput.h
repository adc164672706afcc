// pgoutput: the messages of PostgreSQL's built-in logical decoding plugin, protocol version 1.
//
// Pure parsing (PostgreSQL manual, "Logical Replication Message Formats"); every view points into the message
// it was parsed from. Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace sluice::emulate::pgoutput {

// A position in the write-ahead log.
using Lsn = uint64_t;
// "16/B374D848", and back; nothing when the text is not one.
std::string to_text(Lsn position);
std::optional<Lsn> parse_lsn(std::string_view text);

// Microseconds from 1970 to 2000, where PostgreSQL's own timestamps start.
inline constexpr int64_t kPostgresEpochMicroseconds = 946'684'800'000'000;

struct Begin {
  Lsn final_position = 0;
  int64_t commit_microseconds = 0;  // since 1970 UTC
  uint32_t transaction = 0;
};

struct Commit {
  Lsn end = 0;  // what a reader confirms once the transaction is safe
};

struct Column {
  std::string name;
  uint32_t type_oid = 0;
  int32_t modifier = -1;
  friend bool operator==(const Column&, const Column&) = default;
};

// A table as of the changes that follow. `replica_identity` is d, n, f or i as in pg_class.
struct Relation {
  uint32_t oid = 0;
  std::string schema;
  std::string table;
  char replica_identity = 'd';
  std::vector<Column> columns;
  friend bool operator==(const Relation&, const Relation&) = default;
};

// A type that is not built in, by name, ahead of the relation that uses it.
struct TypeName {
  uint32_t oid = 0;
  std::string name;
};

// One column's value: its text, NULL, or an out-of-line value that the change left alone and that is not
// sent.
struct Value {
  enum class Kind : uint8_t { Null, Unchanged, Text };
  Kind kind = Kind::Null;
  std::string_view text;
};
using Tuple = std::vector<Value>;

struct Insert {
  uint32_t relation = 0;
  Tuple row;
};
struct Update {
  uint32_t relation = 0;
  std::optional<Tuple> old;  // absent unless the key changed or the replica identity is full
  bool old_is_key = false;   // only the identity's columns of `old` are filled
  Tuple row;
};
struct Delete {
  uint32_t relation = 0;
  Tuple old;
  bool old_is_key = false;
};
struct Truncate {
  std::vector<uint32_t> relations;
};
// Origin and logical messages, which say nothing about rows.
struct Other {};

using Message = std::variant<Begin, Commit, Relation, TypeName, Insert, Update, Delete, Truncate, Other>;

// Malformed when the message is cut off, has bytes left over or is of a kind that protocol 1 does not have.
Result<Message> parse(std::string_view message);

}  // namespace sluice::emulate::pgoutput
