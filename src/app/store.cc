#include "app/store.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/redshift_access.h"
#include "app/redshift_session.h"
#include "sink/duckdb/sink.h"
#include "sink/postgres/sink.h"
#include "sink/redshift/sink.h"

namespace sluice::app {
namespace {

// DuckDB's spelling of a number of bytes.
std::string memory_text(int64_t bytes) { return fmt::format("{}KiB", bytes >> 10); }

Result<void> check_it_exists(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::exists(path, failed)) return {};
  return refused(
      fmt::format("there is no file {}. `sluice run --from file:PATH --to duckdb:{}` makes it.", path, path));
}

Result<std::unique_ptr<sink::Store>> open_redshift(const Options& options, const Destination& place,
                                                   bool create, std::optional<catalog::Catalog> catalog) {
  sink::redshift::SinkOptions sink;
  sink.settings =
      TRY(redshift_settings_of(options, place.place, options.value(options.has("db") ? "db" : "to").where));
  sink.state_name = std::filesystem::absolute(options.text("state")).string();
  sink.catalog = std::move(catalog);
  sink.views = options.views();
  sink.create = create;
  sink.patience_ms = options.number("redshift_patience");
  if (options.text("repeats") == "skip")
    return refused(fmt::format(
        "{} is 'skip', which Redshift's log does not know: every delivery is appended, and the views "
        "show each change once. Leave it out.",
        options.value("repeats").where));
  for (const auto& [table, chosen] : sink.views) {
    if (chosen.current_table.value_or(false))
      return refused(
          fmt::format("table.{}.{} has current = \"table\", which DuckDB and PostgreSQL keep; in Redshift "
                      "the views read the log. "
                      "Leave it out.",
                      table.schema, table.table));
  }
  const std::string& path = options.text("state");
  if (!create) TRY(check_it_exists(path));
  auto session = TRY(RedshiftSession::open(options));
  auto state = TRY(sink::duckdb::open_sink({.path = path,
                                            .memory_limit = memory_text(options.number("memory_limit")),
                                            .threads = static_cast<int>(options.number("threads")),
                                            .catalog = {},
                                            .create = create,
                                            .keeps_rows = false}));
  return sink::redshift::open_sink(std::move(sink), std::move(state), std::move(session));
}

}  // namespace

Result<std::unique_ptr<sink::duckdb::Database>> open_for_reading(const Options& options) {
  const Destination place = TRY(database_of(options));
  if (place.kind == Destination::Kind::Postgres)
    return refused(
        "`sluice query` reads DuckDB files. For PostgreSQL use psql with the same connection string.");
  if (place.kind == Destination::Kind::Redshift)
    return refused("`sluice query` reads DuckDB files. For Redshift use its query editor or psql.");
  const std::string& path = place.place;
  TRY(check_it_exists(path));
  return sink::duckdb::open_database({.path = path,
                                      .access = sink::duckdb::Access::ReadOnly,
                                      .memory_limit = memory_text(options.number("memory_limit")),
                                      .threads = static_cast<int>(options.number("threads"))});
}

Result<std::unique_ptr<sink::Store>> open_store(const Options& options, const Destination& place, bool create,
                                                std::optional<catalog::Catalog> catalog) {
  const sink::Repeats repeats = options.text("repeats") == "skip" ? sink::Repeats::Skip : sink::Repeats::Land;
  switch (place.kind) {
    case Destination::Kind::Postgres:
      return sink::postgres::open_sink({.dsn = place.place,
                                        .repeats = repeats,
                                        .catalog = std::move(catalog),
                                        .views = options.views(),
                                        .create = create});
    case Destination::Kind::Redshift:
      return open_redshift(options, place, create, std::move(catalog));
    case Destination::Kind::DuckDb:
      break;
  }
  if (!create) TRY(check_it_exists(place.place));
  return sink::duckdb::open_sink({.path = place.place,
                                  .memory_limit = memory_text(options.number("memory_limit")),
                                  .threads = static_cast<int>(options.number("threads")),
                                  .repeats = repeats,
                                  .catalog = std::move(catalog),
                                  .views = options.views(),
                                  .create = create});
}

pipeline::PipelineOptions pipeline_options_of(const Options& options,
                                              std::optional<catalog::Catalog> catalog) {
  pipeline::PipelineOptions out;
  out.batch_rows = options.number("batch_rows");
  out.batch_bytes = options.number("batch_bytes");
  out.batch_ms = options.number("batch_ms");
  out.incomplete_after_ms = options.number("incomplete_after");
  out.fragment_memory_bytes = options.number("fragment_memory");
  for (const auto& [table, key] : options.keys()) out.keys.emplace(table, key.columns);
  out.catalog = std::move(catalog);
  return out;
}

}  // namespace sluice::app
