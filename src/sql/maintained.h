// The text of maintained tables: the newest event of each row, kept beside the log so that reading the
// present does not grow with history.
//
// cdc_current holds one row per row of the source that ever was, deletes included: a change that comes late
// must find out that it is late. cdc_current_tables names the tables that are kept so; in PostgreSQL
// also those that are being begun, whose history is not all there yet. What is newest is what
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
// Takes the newest events of the next $4 ids of a table into cdc_current, from $3 on (and with it, at the
// start, where $3 is empty); $1 and $2 are the table's names. Gives the last of these ids and their number.
// Harmless beside writers: of two events the newer stays.
std::string postgres_fill_current(bool from_the_start);
std::string postgres_verify_current();

}  // namespace sluice::sql
