// What is different between the views that are there and those that should be, and what they cannot show.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "change/change.h"
#include "sql/dialect.h"

namespace sluice::sink {

// A view, macro or function by its name.
struct ViewDifference {
  enum class Kind : uint8_t { Missing, Different, NotDue };
  Kind kind = Kind::Missing;
  std::string name;
  friend bool operator==(const ViewDifference&, const ViewDifference&) = default;
};

// From the texts of all of them by name, as the database has them, before and after they were made anew. In
// the order of the names.
std::vector<ViewDifference> compare_views(const std::map<std::string, std::string>& before,
                                          const std::map<std::string, std::string>& after);

// A column of a current view that shows NULL for values that are there.
struct UnconvertedColumn {
  change::TableName table;
  std::string column;
  int64_t values = 0;
  std::string first_record_id;  // the least and the greatest of such rows
  std::string last_record_id;
};

// Adds those of the one row that the check's query gave.
void add_unconverted(const sql::Check& check, const std::vector<std::optional<std::string>>& row,
                     std::vector<UnconvertedColumn>& found);

}  // namespace sluice::sink
