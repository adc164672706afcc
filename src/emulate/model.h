// Model: a small DSQL. Tables with rows, transactions with net effects per row, schema changes; its state is
// the truth that a reader of its records must arrive at.
//
// A row is a number: its key, and the values that never change, follow from it, so that a key that comes back
// after a delete is the same key. Threads: one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "change/change.h"
#include "emulate/model_values.h"
#include "emulate/random.h"

namespace sluice::emulate {

struct ModelTable {
  change::TableName name;
  std::string group;  // by which --tables can name it
  std::vector<ModelColumn> columns;
  std::vector<std::string> key;  // in key order, which need not be the columns'; empty: no key
  uint64_t weight = 1;           // how often statements fall on it
  bool fixed_schema = false;     // no schema changes
};

// Every table of the model: keys of every shape, every type, hostile names, none at all, and a small shop.
std::vector<ModelTable> model_tables();
// Those that `names` ask for: a group (shop, keys, types, names, keyless), a table, schema.table, or `all`.
// Errors: Refused, with the nearest right name.
Result<std::vector<ModelTable>> choose_tables(const std::vector<std::string>& names);

struct ModelOptions {
  uint64_t seed = 0;
  size_t rows_per_table = 20'000;  // inserts become updates beyond it
  double updates = 0.45;           // share of statements; the rest are inserts
  double deletes = 0.10;
  double schema_changes = 0.002;  // probability per transaction
  double unusual = 0.01;          // probability that an image is spelled in a legal but unusual way
  double oversize = 0;            // probability that an image is longer than oversize_bytes
  size_t oversize_bytes = 0;
};

// A row's net effect in one transaction.
struct RowEffect {
  size_t table = 0;
  char op = 'c';
  std::string before;      // deletes: the key, in key order; empty without a key
  std::string_view after;  // inserts and updates: every column; lives until the model's next statement
};

struct ModelCounts {
  int64_t transactions = 0;
  int64_t statements = 0;
  int64_t compacted = 0;  // rows touched by a transaction that left no change, or by several statements
  int64_t key_updates = 0;
  int64_t schema_changes = 0;
  int64_t unusual_images = 0;
  int64_t oversized_images = 0;
};

class Model {
 public:
  Model(std::vector<ModelTable> tables, ModelOptions options);

  // Statements of the open transaction. The row must be absent for insert_row and present for the others.
  void insert_row(size_t table, uint64_t number);
  void update_row(size_t table, uint64_t number);
  void delete_row(size_t table, uint64_t number);
  bool has_row(size_t table, uint64_t number) const;
  // One drawn statement, on a drawn table; touches at most two rows.
  void random_statement();
  // Ends the transaction: the net effect per row, in the order in which the rows were first touched.
  // Everything before is committed at this time, in nanoseconds since 1970.
  const std::vector<RowEffect>& commit(int64_t commit_ts_ns);
  // Adds, drops, renames or widens a column of a drawn table, with the options' probability. Between
  // transactions.
  void maybe_change_schema();

  // Tables whose key can be learnt from deletes only, that have shown rows and no delete yet.
  std::vector<size_t> tables_to_teach() const;
  // Deletes some row of that table.
  void delete_any_row(size_t table);
  // Updates some row of a table that needs no delete to be known; false when there is none.
  bool update_some_row();

  const std::vector<ModelTable>& tables() const { return tables_; }
  const ModelCounts& counts() const { return counts_; }
  // The tables as they are now, with types and keys.
  catalog::Catalog catalog() const;

  // The final state, in a fixed order: record_id and the text of the last image. A table without a key keeps
  // every distinct image that it ever showed. The first error of `take` ends it.
  using TakeRow =
      std::function<Result<void>(const change::TableName&, std::string_view record_id, std::string_view row)>;
  Result<void> truth(const TakeRow& take) const;
  int64_t truth_rows() const;

 private:
  struct Row {
    uint64_t number = 0;
    std::string image;
  };
  struct State {
    std::vector<std::string> quoted_names;  // of the columns, as JSON
    std::vector<int> key_places;            // of the columns: place in the key, or -1
    std::vector<size_t> key_columns;        // columns in key order
    std::vector<Row> rows;
    std::unordered_map<uint64_t, size_t> places;  // row number → index in rows
    std::deque<uint64_t> deleted;                 // row numbers that may come back
    std::vector<std::string> dropped_names;       // columns that may come back with another type
    std::set<std::string> images;                 // without a key: every distinct one
    uint64_t next_number = 0;
    bool shown = false;   // some change of it was committed
    bool taught = false;  // a delete of it was committed
  };
  struct Touched {
    size_t table = 0;
    uint64_t number = 0;
    bool existed = false;
    int statements = 0;
  };

  void describe_columns(size_t table);
  Touched& touch(size_t table, uint64_t number, bool existed);
  size_t any_table();
  uint64_t any_row(size_t table);
  void insert_any_row(size_t table);
  void change_key(size_t table, uint64_t number);
  void touch_again();
  bool must_be_learnt(size_t table) const;
  void write_image(size_t table, Row& row, int64_t now_us);
  std::string oversized_value();
  void append_key(std::string& to, size_t table, size_t place, uint64_t number) const;
  std::string key_image(size_t table, uint64_t number) const;
  std::string record_id(size_t table, uint64_t number) const;
  Result<void> table_truth(size_t table, const TakeRow& take) const;
  void add_column(size_t table);
  bool widen_column(ModelColumn& column);

  std::vector<ModelTable> tables_;
  ModelOptions options_;
  Random random_;
  std::vector<State> states_;
  uint64_t total_weight_ = 0;
  std::vector<Touched> touched_;
  std::unordered_map<uint64_t, size_t> touched_places_;
  std::vector<RowEffect> changes_;
  ModelCounts counts_;
};

}  // namespace sluice::emulate
