// TableBook: the tables that a run knows, with their keys and columns.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "catalog/seen.h"
#include "change/batch.h"

namespace sluice::pipeline {

// One table. Its address is stable for the life of the book.
struct TableEntry {
  explicit TableEntry(change::TableState known) : state(std::move(known)), seen(state.columns) {}

  change::TableState state;
  catalog::SeenColumns seen;
  bool changed = false;      // since the last batch was sealed
  bool stored_rows = false;  // rows of it may be in the sink, or on their way
  bool rekey_due = false;    // its rows so far have record ids by another key
  bool mismatch_said = false;
  int batch_index = -1;  // into Batch::tables, -1: not in this batch yet
};

class TableBook {
 public:
  // The entry of a table, made by `make_state(name)` when it is new.
  template <typename MakeState>
  TableEntry& find_or_add(std::string_view schema, std::string_view table, const MakeState& make_state) {
    TableEntry*& recent =
        recent_[(schema.size() * 31 + table.size() * 7 + static_cast<unsigned char>(table.back())) %
                recent_.size()];
    if (recent != nullptr && recent->state.name.table == table && recent->state.name.schema == schema)
      return *recent;
    change::TableName name{std::string(schema), std::string(table)};
    const auto found = entries_.find(name);
    if (found != entries_.end()) return *(recent = found->second.get());
    auto entry = std::make_unique<TableEntry>(make_state(name));
    recent = entry.get();
    entries_.emplace(std::move(name), std::move(entry));
    return *recent;
  }

  template <typename Visit>
  void each(const Visit& visit) {
    for (auto& [name, entry] : entries_) visit(*entry);
  }

 private:
  std::map<change::TableName, std::unique_ptr<TableEntry>> entries_;
  std::array<TableEntry*, 64> recent_{};
};

}  // namespace sluice::pipeline
