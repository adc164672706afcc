// Diff: in what a catalog differs from another one, or from what a store's events have really shown.
//
// Pure functions. Nothing here says which side is right: a file may be old, and so may a store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "change/batch.h"

namespace sluice::catalog {

enum class Finding {
  NewTable,
  GoneTable,
  RenamedTable,  // gone under one name, there under another, with the same columns
  RemadeTable,   // hardly a column is as it was: dropped and made again
  NewColumn,
  DroppedColumn,
  RenamedColumn,  // looks so: one of the type is gone, one of the type is there at its place
  RetypedColumn,
  Nullability,
  ColumnOrder,
  KeyChanged,
  KeyUnknown,  // the store takes `id` for the key, since nothing has told it better
  NoKey,
  LearnedEntry,  // the file's entry was learned, and the other side declares the table
  NotSeenYet,    // of this table or column no event has come
  OldValues,     // older rows hold values that are not of the declared type
};

// "new-table", for machines.
std::string_view finding_name(Finding what);

// `was` is what the file says and `is` what the other side says: a type, a key, a name; either may be empty.
struct Difference {
  Finding what = Finding::NewTable;
  change::TableName table;
  std::string column;
  std::string was;
  std::string is;
  bool needs_doing = true;
  friend bool operator==(const Difference&, const Difference&) = default;
};

// What has become of the tables of `file`, in the order of their names. Entries that were learned are held
// against declared ones by what events can show of a type.
std::vector<Difference> compare(const Catalog& file, const Catalog& other);

// A table as the events of a store show it.
struct SeenTable {
  change::TableState state;  // the union over everything that was seen
  // The columns of the newest image, with the kind of each value; empty when only deletes were seen.
  std::vector<change::SeenColumn> newest;
};

std::vector<Difference> compare_with_seen(const Catalog& file, const std::vector<SeenTable>& seen);

}  // namespace sluice::catalog
