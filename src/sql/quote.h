// Quoting of identifiers and literals: the one place where a name from outside becomes part of SQL text.
//
// Names come from the source database and may hold anything. Values of rows are never quoted into a
// statement; they are bound or appended. Right for DuckDB and for PostgreSQL with
// standard_conforming_strings.
#pragma once

#include <string>
#include <string_view>

namespace sluice::sql {

// `"name"` with inner quotes doubled. A NUL byte, which no identifier can hold, becomes U+FFFD.
std::string quote_identifier(std::string_view name);

// `'text'` with inner quotes doubled; backslashes stand for themselves. A NUL byte becomes U+FFFD.
std::string quote_literal(std::string_view text);

// A name within a `--` comment: what would end the line is a blank.
std::string one_line(std::string_view name);

}  // namespace sluice::sql
