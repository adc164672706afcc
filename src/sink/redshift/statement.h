// The statements that put rows into cdc_events, as text and parameters. Pure functions.
//
// Values travel as parameters only. The one name in the text that comes from outside is the schema's, through
// the quoting function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/redshift_data.h"
#include "change/batch.h"
#include "sink/redshift/settings.h"

namespace sluice::sink::redshift {

struct Statement {
  std::string sql;
  std::vector<std::pair<std::string, std::string>> parameters;  // name, value

  // As the service may count them: SQL, names and values.
  size_t bytes() const;
};

// Fills one statement row by row, in one of the two inline shapes.
class StatementBuilder {
 public:
  StatementBuilder(const Settings& settings, size_t max_bytes, size_t max_parameters);

  // False, and nothing changed, when the statement would become larger than it may; an empty one takes none
  // that is larger either.
  bool add(const change::Row& row, const change::TableName& table);
  size_t rows() const { return rows_; }
  // The statement; afterwards the builder is empty. Only with rows.
  Statement take();

 private:
  bool add_packed(const change::Row& row, const change::TableName& table);
  bool add_values(const change::Row& row, const change::TableName& table);
  // What stands in the SQL for `value`: a parameter with its cast, shared by equal values.
  std::string bound(std::string_view value, std::string_view type);

  const Settings& settings_;
  size_t max_bytes_;
  size_t max_parameters_;
  Statement statement_;
  size_t parameter_bytes_ = 0;
  size_t rows_ = 0;
};

// One row as an object of the packed shape, appended.
void append_packed_row(std::string& to, const change::Row& row, const change::TableName& table);

// Reads one harmless row the way that the packed shape does, without writing it, and counts 1.
Statement count_sample_row();

// How many of the rows' positions are in cdc_events.
Statement count_positions(const Settings& settings, const std::vector<const change::Row*>& rows);

// "2026-09-21 14:13:20.123456": nanoseconds since 1970 UTC cut to microseconds, towards the past.
std::string timestamp_text(int64_t commit_ts_ns);

// "public".cdc_events
std::string log_table(const Settings& settings);

}  // namespace sluice::sink::redshift
