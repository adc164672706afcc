#include "emulate/postgres_write_set.h"

#include <utility>

namespace sluice::emulate {

std::string WriteSet::place_of(const WrittenTable& table, const RowImage& row) {
  return std::to_string(table.oid) + ":" + row.identity;
}

WriteSet::Entry* WriteSet::find(const std::string& place) {
  const auto found = places_.find(place);
  return found == places_.end() ? nullptr : &entries_[found->second];
}

void WriteSet::put(const WrittenTable& table, RowImage row, bool was_there, bool is_there) {
  // A row without a key that is gone can never be met again.
  if (is_there || table.has_key) places_.emplace(place_of(table, row), entries_.size());
  bytes_ += sizeof(Entry) + 2 * row.identity.size() + row.key_json.size() + row.json.size();
  entries_.push_back({&table, std::move(row), was_there, is_there});
}

void WriteSet::insert(const WrittenTable& table, RowImage row) {
  Entry* entry = table.has_key ? find(place_of(table, row)) : nullptr;
  if (entry == nullptr) {
    put(table, std::move(row), false, true);
    return;
  }
  bytes_ += row.json.size();
  entry->table = &table;
  entry->row = std::move(row);
  entry->is_there = true;
}

void WriteSet::update(const WrittenTable& table, const RowImage& old, RowImage row) {
  if (table.has_key && old.identity != row.identity) {
    remove(table, old);
    insert(table, std::move(row));
    return;
  }
  const auto found = places_.find(place_of(table, old));
  if (found == places_.end()) {
    put(table, std::move(row), true, true);
    return;
  }
  const size_t which = found->second;
  bytes_ += row.json.size() + row.identity.size();
  if (!table.has_key) {
    places_.erase(found);
    places_.emplace(place_of(table, row), which);
  }
  entries_[which].table = &table;
  entries_[which].row = std::move(row);
  entries_[which].is_there = true;
}

void WriteSet::remove(const WrittenTable& table, const RowImage& old) {
  const auto found = places_.find(place_of(table, old));
  if (found == places_.end()) {
    put(table, {old.identity, old.key_json, {}}, true, false);
    return;
  }
  Entry& entry = entries_[found->second];
  entry.table = &table;
  entry.row = {old.identity, old.key_json, {}};
  entry.is_there = false;
  if (!table.has_key) places_.erase(found);
}

std::vector<NetChange> WriteSet::net_changes() const {
  std::vector<NetChange> changes;
  for (const Entry& entry : entries_) {
    if (!entry.was_there && !entry.is_there) continue;
    NetChange change;
    change.table = entry.table;
    if (entry.is_there) {
      change.op = entry.was_there ? 'u' : 'c';
      change.after = entry.row.json;
    } else {
      change.op = 'd';
      if (entry.table->has_key) change.before = entry.row.key_json;
    }
    changes.push_back(change);
  }
  return changes;
}

void WriteSet::clear() {
  entries_.clear();
  places_.clear();
  bytes_ = 0;
}

}  // namespace sluice::emulate
