// The text of maintained tables: the newest event of each row, kept beside the log so that reading the
// present does not grow with history.
//
// cdc_current holds one row per row of the source that ever was, deletes included: a change that comes late
// must find out that it is late. cdc_current_tables names the tables that are kept so. What is newest is what
// the views say: the greatest (commit_ts_ns, rank, text), rank r < d < any other.
#pragma once

#include <string>

namespace sluice::sql {

// The tables, and what a view reads instead of cdc_live_rows(): cdc_current_rows(schema_name, table_name).
// Harmless to repeat.
std::string duckdb_maintained_schema();
// Takes a batch's rows, which a statement reads as `rows`, into cdc_current. Any order, any repetition.
std::string duckdb_keep_current(const std::string& rows);
// Makes one table's part of cdc_current from the log; $1 and $2 are its names. Two statements.
std::string duckdb_forget_current();
std::string duckdb_rebuild_current();
// How far one table's part differs from the log: rows of the log's answer that are missing, rows that should
// not be there, and the number of rows; $1 and $2 are its names. Found by a window, in other words than the
// views.
std::string duckdb_verify_current();

// The tables, and the triggers of cdc_events that keep them in the transaction of whoever writes the log: of
// every writer, whatever it knows of maintained tables. Harmless to repeat; takes a lock on cdc_events.
std::string postgres_maintained_schema();
std::string postgres_forget_current();
std::string postgres_rebuild_current();
std::string postgres_verify_current();

}  // namespace sluice::sql
