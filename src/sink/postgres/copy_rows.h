// CopyRows: rows in PostgreSQL's binary COPY format, sent in large pieces.
//
// Binary, because it needs no escaping and no rounding: every text and every byte goes as it is. Threads: one
// owner.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/postgres/connection.h"

namespace sluice::sink::postgres {

class CopyRows {
 public:
  explicit CopyRows(const CopySink& out);

  // Begins a row of so many columns, which follow in the order of the COPY statement.
  Result<void> row(int16_t columns);
  void null();
  void number(int64_t value);   // bigint
  void integer(int32_t value);  // integer
  void boolean(bool value);
  void text(std::string_view value);   // text; must not hold a NUL
  void bytes(std::string_view value);  // bytea
  // An escape that jsonb refuses (\u0000, half of a surrogate pair) goes as \ufffd.
  void jsonb(std::string_view json);
  // timestamptz of nanoseconds since 1970, cut to microseconds.
  void time(int64_t wall_ns);
  Result<void> finish();

 private:
  template <typename Int>
  void append(Int value);

  const CopySink& out_;
  std::string buffer_;
};

// Where the first escape of `json` from `from` on stands that jsonb refuses; npos when there is none.
size_t find_refused_escape(std::string_view json, size_t from = 0);

// `text` without NUL characters, which become U+FFFD: for words to people only.
std::string without_nul(std::string_view text);

}  // namespace sluice::sink::postgres
