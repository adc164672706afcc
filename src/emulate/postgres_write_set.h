// WriteSet: what one transaction did to each row in the end, as DSQL tells it.
//
// A row that came and went is not told; a row that went and came again under the same key is an update; an
// update of a key is a delete of the old key and an insert of the new one. Rows of a table without a key are
// told apart by their whole content: which of several equal rows is meant makes no difference.
// Threads: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::emulate {

// A row as one change showed it, with everything that DSQL would write of it.
struct RowImage {
  std::string identity;  // the key's values, or without a key the whole row's; equal text = the same row
  std::string key_json;  // {"order_id":1,"line_no":2}; empty without a key
  std::string json;      // the whole row; empty for a row that is gone
};

// A table's names as of the latest change of it in the transaction. Owned by the caller until clear().
struct WrittenTable {
  uint32_t oid = 0;
  std::string schema;
  std::string table;
  bool has_key = false;
};

// One row's net effect. Views live until the write set is changed.
struct NetChange {
  char op = 'c';  // c, u, d
  const WrittenTable* table = nullptr;
  std::optional<std::string_view> before;
  std::optional<std::string_view> after;
};

class WriteSet {
 public:
  void insert(const WrittenTable& table, RowImage row);
  void update(const WrittenTable& table, const RowImage& old, RowImage row);
  void remove(const WrittenTable& table, const RowImage& old);

  // The net changes in the order in which their rows were first touched.
  std::vector<NetChange> net_changes() const;
  // Bytes held, for a bound on the memory of one transaction.
  size_t bytes() const { return bytes_; }
  void clear();

 private:
  struct Entry {
    const WrittenTable* table = nullptr;
    RowImage row;
    bool was_there = false;  // before the transaction
    bool is_there = false;
  };
  Entry* find(const std::string& place);
  static std::string place_of(const WrittenTable& table, const RowImage& row);
  void put(const WrittenTable& table, RowImage row, bool was_there, bool is_there);

  std::vector<Entry> entries_;
  // By table and identity. With a key one entry at most, also when its row is gone; without a key all rows
  // that are there.
  std::unordered_multimap<std::string, size_t> places_;
  size_t bytes_ = 0;
};

}  // namespace sluice::emulate
