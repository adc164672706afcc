// sluice query: one SQL statement, read-only.
#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "app/address.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/options.h"
#include "app/report.h"
#include "app/rows_text.h"
#include "app/screen.h"
#include "app/store.h"

namespace sluice::app {
namespace {

Result<std::string> statement_of(const Options& options) {
  if (options.positionals().empty()) {
    return refused(
        "the SQL statement is missing: sluice query --db shop.duckdb \"SHOW TABLES\", or - for standard "
        "input.");
  }
  std::string sql = options.positionals().front();
  if (sql == "-") sql.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (sql.find_first_not_of(" \t\r\n;") == std::string::npos) return refused("the SQL statement is empty.");
  return sql;
}

Result<void> write_rows(const Options& options, const std::string& sql) {
  const auto database = TRY(open_for_reading(options));
  const auto connection = TRY(database->connect());
  TRY(connection->execute("SET TimeZone = 'UTC'"));  // the same answer on every machine
  const auto rows = TRY(connection->query(sql));
  Output output = Output::standard_output();
  const TableStyle style{.terminal = is_terminal(stdout),
                         .colour = takes_colour(stdout),
                         .max_rows = options.number("max_rows")};
  const auto writer = make_row_writer(options.text("format"), rows->columns(), style, output);
  while (const Cells* cells = TRY(rows->next())) {
    if (!TRY(writer->row(*cells))) break;
  }
  return writer->finish();
}

}  // namespace

int query_command(const Options& options) {
  const auto sql = statement_of(options);
  if (!sql.ok()) return misused(sql.error());
  if (const auto place = database_of(options); !place.ok()) return misused(place.error());
  const auto written = write_rows(options, sql.value());
  return written.ok() ? kOk : cannot(written.error());
}

}  // namespace sluice::app
