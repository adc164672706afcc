// An event log in a DuckDB database in memory, for this room's tests: land events, make views, read rows.
#pragma once

#include <duckdb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sql/duckdb.h"
#include "sql/quote.h"

namespace sluice::sql {

struct Event {
  std::string record_id;
  std::string image;
  std::string operation = "u";
  int64_t commit_ts_ns = 1'790'000'000'000'000'000;
  change::TableName table = {"public", "t"};
};

using Texts = std::vector<std::string>;

// Every failure of a statement fails the test. Values are read as DuckDB's own text; NULL is "NULL".
class LogForTest {
 public:
  LogForTest() {
    EXPECT_EQ(duckdb_open(nullptr, &database_), DuckDBSuccess);
    EXPECT_EQ(duckdb_connect(database_, &connection_), DuckDBSuccess);
    run("SET threads = 1");
    run(duckdb_schema());
  }
  LogForTest(const LogForTest&) = delete;
  LogForTest& operator=(const LogForTest&) = delete;
  ~LogForTest() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }

  void run(const std::string& sql) {
    duckdb_result result = {};
    EXPECT_EQ(duckdb_query(connection_, sql.c_str(), &result), DuckDBSuccess) << duckdb_result_error(&result);
    duckdb_destroy_result(&result);
  }

  // The error of a statement that must fail.
  std::string failure(const std::string& sql) {
    duckdb_result result = {};
    EXPECT_EQ(duckdb_query(connection_, sql.c_str(), &result), DuckDBError) << sql;
    const char* text = duckdb_result_error(&result);
    std::string error = text == nullptr ? "" : text;
    duckdb_destroy_result(&result);
    return error;
  }

  // As the sink does: the image's text goes in as it is.
  void land(const std::vector<Event>& events) {
    duckdb_appender appender = nullptr;
    EXPECT_EQ(duckdb_appender_create(connection_, nullptr, "cdc_events", &appender), DuckDBSuccess);
    const auto append_text = [appender](const std::string& text) {
      duckdb_append_varchar_length(appender, text.data(), text.size());
    };
    for (const Event& event : events) {
      duckdb_append_int64(appender, next_event_id_++);
      append_text(event.table.schema);
      append_text(event.table.table);
      append_text(event.operation);
      append_text(event.record_id);
      append_text(event.image);
      duckdb_append_timestamp(appender, duckdb_timestamp{event.commit_ts_ns / 1000});
      duckdb_append_int64(appender, event.commit_ts_ns);
      for (const char* rest : {"tx", "shard", "1"}) append_text(rest);
      duckdb_append_null(appender);
      EXPECT_EQ(duckdb_appender_end_row(appender), DuckDBSuccess) << duckdb_appender_error(appender);
    }
    EXPECT_EQ(duckdb_appender_close(appender), DuckDBSuccess) << duckdb_appender_error(appender);
    duckdb_appender_destroy(&appender);
  }

  void make(const std::vector<View>& views) {
    for (const View& view : views) {
      run(view.create_view);
      if (!view.create_function.empty()) run(view.create_function);
    }
  }

  // The query's rows, each as one text per column.
  std::vector<Texts> rows(const std::string& sql) {
    return text_rows("SELECT COLUMNS(*)::VARCHAR FROM (" + sql + ")");
  }

  // The same for a statement whose columns are all VARCHAR, as EXPLAIN's are.
  std::vector<Texts> text_rows(const std::string& sql) {
    std::vector<Texts> rows;
    duckdb_result result = {};
    EXPECT_EQ(duckdb_query(connection_, sql.c_str(), &result), DuckDBSuccess)
        << duckdb_result_error(&result) << "\n"
        << sql;
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
      append_rows(rows, chunk);
      duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return rows;
  }

  // The query's rows with their columns joined by a bar, in the order of the text.
  Texts lines(const std::string& sql) {
    Texts lines;
    for (const Texts& row : rows(sql)) {
      std::string line;
      for (const std::string& value : row) line += (line.empty() ? "" : "|") + value;
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  std::string value(const std::string& sql) {
    const std::vector<Texts> all = rows(sql);
    return all.size() == 1 && all[0].size() == 1 ? all[0][0] : std::to_string(all.size()) + " rows";
  }

 private:
  static void append_rows(std::vector<Texts>& rows, duckdb_data_chunk chunk) {
    const idx_t width = duckdb_data_chunk_get_column_count(chunk);
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); ++row) {
      Texts texts;
      for (idx_t column = 0; column < width; ++column) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
        uint64_t* validity = duckdb_vector_get_validity(vector);
        if (validity != nullptr && !duckdb_validity_row_is_valid(validity, row)) {
          texts.emplace_back("NULL");
          continue;
        }
        auto* text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector)) + row;
        texts.emplace_back(duckdb_string_t_data(text), duckdb_string_t_length(*text));
      }
      rows.push_back(texts);
    }
  }

  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
  int64_t next_event_id_ = 1;
};

// What the sink would know of a table whose columns have shown these kinds.
inline change::TableState seen_table(const change::TableName& name,
                                     const std::vector<std::pair<std::string, change::KindSet>>& columns) {
  change::TableState table;
  table.name = name;
  uint32_t ordinal = 0;
  for (const auto& [column, kinds] : columns) table.columns.push_back({column, kinds, 1, ordinal++});
  return table;
}

inline catalog::Catalog one_table_catalog(
    const change::TableName& name, const std::vector<std::pair<std::string, catalog::ColumnType>>& columns) {
  catalog::Table table;
  table.name = name;
  for (const auto& [column, type] : columns) table.columns.push_back({column, type, true});
  catalog::Catalog catalog;
  catalog.tables[name] = table;
  return catalog;
}

}  // namespace sluice::sql
