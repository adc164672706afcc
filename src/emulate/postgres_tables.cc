#include "emulate/postgres_tables.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/text.h"
#include "emulate/dsql_encoding.h"

namespace sluice::emulate {
namespace {

using pgoutput::Tuple;
using pgoutput::Value;

std::string full_name(const pgoutput::Relation& relation) { return relation.schema + "." + relation.table; }

void append_identity(std::string& to, const Value& value) {
  if (value.kind != Value::Kind::Text) {
    to += '-';
    return;
  }
  to += std::to_string(value.text.size()) + ':';
  to += value.text;
}

// The value itself, or for one that was left alone the old row's.
const Value& resolved(const Tuple& row, const Tuple* old, size_t column) {
  const bool from_old = row[column].kind == Value::Kind::Unchanged && old != nullptr && column < old->size();
  return from_old ? (*old)[column] : row[column];
}

Result<void> append_member(std::string& to, const SourceTable& table, size_t column, const Value& value) {
  const pgoutput::Column& declared = table.relation.columns[column];
  if (value.kind == Value::Kind::Unchanged) {
    return refused("the log does not hold the unchanged value of " + full_name(table.relation) + "." +
                   declared.name +
                   ", because the table had no REPLICA IDENTITY FULL when its row was updated. Drop the "
                   "replication slot and start again; the identity is set now.");
  }
  if (to.size() > 1) to += ',';
  append_json_string(to, declared.name);
  to += ':';
  const std::optional<std::string_view> text =
      value.kind == Value::Kind::Text ? std::optional(value.text) : std::nullopt;
  Result<void> appended = append_postgres_value(to, table.types[column], text);
  if (appended) return {};
  return refused(full_name(table.relation) + "." + declared.name + ": " + appended.error().message);
}

}  // namespace

void SourceTables::tell_once(const std::string& notice) {
  if (told_.insert(notice).second && notice_) notice_(notice);
}

Result<void> SourceTables::learn(const pgoutput::Relation& relation) {
  std::unique_ptr<SourceTable>& known = tables_[relation.oid];
  auto table = std::make_unique<SourceTable>();
  table->relation = relation;
  table->key = TRY(look_up_key(relation));
  table->written = {relation.oid, relation.schema, relation.table, !table->key.empty()};
  choose_types(*table);
  if (known) replaced_.push_back(std::move(known));
  known = std::move(table);
  return {};
}

Result<std::vector<size_t>> SourceTables::look_up_key(const pgoutput::Relation& relation) {
  const catalog::Rows rows =
      TRY(connection_.run("SELECT a.attname, pg_catalog.array_position(k.conkey, a.attnum) FROM "
                          "pg_catalog.pg_attribute a LEFT JOIN "
                          "pg_catalog.pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'p' WHERE "
                          "a.attrelid = $1::oid AND "
                          "a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum",
                          {std::to_string(relation.oid)}));
  if (rows.size() == 0 && !relation.columns.empty()) {
    tell_once("the table " + full_name(relation) +
              " is gone by now, so its key is not known; its deletes carry none");
  }
  std::map<int64_t, size_t> key;
  for (int row = 0; row < rows.size(); ++row) {
    if (!rows.value(row, 1)) continue;
    const std::string name = rows.text(row, 0);
    auto column = std::find_if(relation.columns.begin(), relation.columns.end(),
                               [&](const pgoutput::Column& candidate) { return candidate.name == name; });
    if (column == relation.columns.end() && static_cast<size_t>(rows.size()) == relation.columns.size()) {
      column = relation.columns.begin() + row;  // renamed since
    }
    if (column == relation.columns.end()) {
      tell_once("the key of " + full_name(relation) +
                " has changed since, so it is not known for older changes; their deletes carry none");
      return std::vector<size_t>();
    }
    key[parse_int64(rows.text(row, 1)).value_or(0)] = static_cast<size_t>(column - relation.columns.begin());
  }
  std::vector<size_t> ordered;
  for (const auto& [place, column] : key) ordered.push_back(column);
  return ordered;
}

void SourceTables::choose_types(SourceTable& table) {
  for (const pgoutput::Column& column : table.relation.columns) {
    const std::optional<catalog::ColumnType> type =
        catalog::column_type_from_oid(column.type_oid, column.modifier);
    table.types.push_back(type ? type->type : catalog::Type::Text);
    if (type) continue;
    const auto name = type_names_.find(column.type_oid);
    tell_once("column " + column.name + " of " + full_name(table.relation) +
              " is of a type that DSQL does not have (" +
              (name == type_names_.end() ? "oid " + std::to_string(column.type_oid) : name->second) +
              "); its values are written as text");
  }
}

Result<const SourceTable*> SourceTables::find(uint32_t oid) const {
  const auto found = tables_.find(oid);
  if (found == tables_.end()) {
    return refused("PostgreSQL's logical decoding sent a row of a table that it had not named");
  }
  return static_cast<const SourceTable*>(found->second.get());
}

Result<RowImage> SourceTables::image(const SourceTable& table, const Tuple& row, const Tuple* old) const {
  if (row.size() != table.relation.columns.size()) {
    return refused("PostgreSQL's logical decoding sent a row of " + full_name(table.relation) +
                   " with another number of columns");
  }
  RowImage image;
  image.json = "{";
  for (size_t column = 0; column < row.size(); ++column) {
    const Value& value = resolved(row, old, column);
    TRY(append_member(image.json, table, column, value));
    if (table.key.empty()) append_identity(image.identity, value);
  }
  image.json += '}';
  if (table.key.empty()) return image;
  image.key_json = "{";
  for (const size_t column : table.key) {
    const Value& value = resolved(row, old, column);
    TRY(append_member(image.key_json, table, column, value));
    append_identity(image.identity, value);
  }
  image.key_json += '}';
  return image;
}

Result<RowImage> SourceTables::key_image(const SourceTable& table, const Tuple& row) const {
  RowImage whole = TRY(image(table, row, nullptr));
  whole.json.clear();
  return whole;
}

}  // namespace sluice::emulate
