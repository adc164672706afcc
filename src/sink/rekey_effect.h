// RekeyEffect: what other record ids do to the rows of one table, told before it is done.
//
// Counted by the store itself over a temporary table cdc_again (event_id, operation, id_before, id_after).
// The text of the questions is one for all stores that speak SQL of PostgreSQL's kind; where a store does
// not, RekeyCount counts row by row.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::sink {

// Rows that come together under one id, or go apart. Told by their event_id, never by a value.
struct RekeyExample {
  int64_t ids = 0;
  int64_t rows = 0;
  std::vector<int64_t> event_ids;  // the first few
  friend bool operator==(const RekeyExample&, const RekeyExample&) = default;
};

struct RekeyEffect {
  int64_t rows = 0;     // of the table, in the log
  int64_t changed = 0;  // of them, those that get another id
  int64_t ids_before = 0;
  int64_t ids_after = 0;
  int64_t keyless = 0;  // rows that will be kept by their image, because they lack the key
  int64_t deletes = 0;
  // Deletes whose id no other row of the table has: of a good key they are few.
  int64_t lone_deletes_before = 0;
  int64_t lone_deletes_after = 0;
  int64_t folded = 0;  // ids afterwards that were several before
  int64_t split = 0;   // ids before that are several afterwards
  std::vector<RekeyExample> fold_examples;
  std::vector<RekeyExample> split_examples;
};

// One row's cells as text.
using RekeyCells = std::vector<std::optional<std::string>>;
// Runs one question over cdc_again, whose name the store writes as `table`, and gives its rows.
using RekeyAsk = std::function<Result<std::vector<RekeyCells>>(const std::string& sql)>;

Result<RekeyEffect> count_rekey_effect(std::string_view table, const RekeyAsk& ask);

// The same from the rows themselves. Holds each pair of ids once.
class RekeyCount {
 public:
  void add(int64_t event_id, bool is_delete, const std::string& id_before, const std::string& id_after);
  RekeyEffect effect() const;

 private:
  struct Rows {
    int64_t rows = 0;
    int64_t deletes = 0;
    std::vector<int64_t> first_event_ids;  // ascending
  };
  std::map<std::pair<std::string, std::string>, Rows> pairs_;
};

}  // namespace sluice::sink
