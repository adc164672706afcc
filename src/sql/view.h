// One view over cdc_events in the words of one dialect, and the options that shape a table's views.
//
// The kinds are the same in every dialect. What differs is how the past is asked for: DuckDB and PostgreSQL
// get a function beside the current view, Redshift and Athena, which have no function that reads a table, a
// query to copy.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "change/change.h"

namespace sluice::sql {

enum class ViewKind : uint8_t {
  Current,  // orders_current: the rows as they stand
  History,  // orders_history: every version of every row, with valid_from, valid_to and operation
  Changes,  // orders_changes: changes per day and operation
  Each,     // orders_items_each: a row per element of an array in a json column
};

struct View {
  ViewKind kind = ViewKind::Current;
  change::TableName table;
  std::string view_name;        // not quoted: orders_current
  std::string create_view;      // CREATE OR REPLACE VIEW "orders_current" AS ..., no semicolon
  std::string function_name;    // orders_as_of, of the current view alone; empty where the dialect has none
  std::string create_function;  // no semicolon; empty as the name
  std::string as_of_query;      // of the current view alone, where the dialect has no function
  // Redshift alone: the view reads attributes with upper-case letters, so it must be made while
  // enable_case_sensitive_super_attribute is on. It keeps that from then on.
  bool case_sensitive = false;
  // Redshift alone, which replaces a view only by one of the same columns: their names and what gives them
  // their types. Compared, never run.
  std::string columns;
  friend bool operator==(const View&, const View&) = default;
};

// What a person chose for one table's views. Column names are the source's; one that the table lacks changes
// nothing here, whoever reads the options says so.
struct TableOptions {
  std::vector<std::string> include;           // only these, in the source's order; empty: all
  std::set<std::string> exclude;              // not these
  std::map<std::string, std::string> rename;  // source's name to the view's
  std::set<std::string> hash;                 // shown as a keyed hash of their text
  std::vector<std::string> unnest;            // json columns whose arrays get a view of their elements
  // Whether the present is read from the maintained table cdc_current; nothing: as the store has it.
  std::optional<bool> current_table;
  friend bool operator==(const TableOptions&, const TableOptions&) = default;
};
using ViewOptions = std::map<change::TableName, TableOptions>;

// One query over a table's present that counts, for each of `columns`, the values that the view shows as NULL
// although there is one, with the least and the greatest record_id of such rows: three values per column, in
// one row.
struct Check {
  change::TableName table;
  std::vector<std::string> columns;  // of the current view; only those that can fail
  std::string query;
  bool case_sensitive = false;  // as View's
};

}  // namespace sluice::sql
