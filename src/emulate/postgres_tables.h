// SourceTables: the tables that logical decoding has shown, and their rows as DSQL's images.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/postgres_connection.h"
#include "emulate/pgoutput.h"
#include "emulate/postgres_write_set.h"

namespace sluice::emulate {

// A table as of the changes that follow, with what its images need.
struct SourceTable {
  pgoutput::Relation relation;
  WrittenTable written;
  std::vector<catalog::Type> types;  // per column; text for types that DSQL does not have
  std::vector<size_t> key;           // columns of the primary key, in key order
};

// Threads: one owner, which also owns the connection.
class SourceTables {
 public:
  using Notice = std::function<void(const std::string&)>;
  SourceTables(catalog::Connection& connection, Notice notice)
      : connection_(connection), notice_(std::move(notice)) {}

  // A relation message: the table is known by its oid from now on. The message says nothing of the key when
  // the replica identity is full, so that is looked up as it is now; a column that was renamed meanwhile is
  // found by its place.
  Result<void> learn(const pgoutput::Relation& relation);
  void learn(const pgoutput::TypeName& type) { type_names_[type.oid] = type.name; }

  // Lives until forget_replaced(). Refused when no relation message told of it.
  Result<const SourceTable*> find(uint32_t oid) const;
  // At the end of a transaction, when nothing points to replaced tables any more.
  void forget_replaced() { replaced_.clear(); }

  // The row as DSQL would write it. `old` fills in values that were left alone. Refused, naming the table and
  // the column, when a value cannot be known or encoded.
  Result<RowImage> image(const SourceTable& table, const pgoutput::Tuple& row,
                         const pgoutput::Tuple* old) const;
  // Of a row that is gone: its identity and key only.
  Result<RowImage> key_image(const SourceTable& table, const pgoutput::Tuple& row) const;

 private:
  Result<std::vector<size_t>> look_up_key(const pgoutput::Relation& relation);
  void choose_types(SourceTable& table);
  void tell_once(const std::string& notice);

  catalog::Connection& connection_;
  Notice notice_;
  std::set<std::string> told_;
  std::map<uint32_t, std::string> type_names_;
  std::map<uint32_t, std::unique_ptr<SourceTable>> tables_;
  std::vector<std::unique_ptr<SourceTable>> replaced_;
};

}  // namespace sluice::emulate
