#include "app/store.h"

#include <fmt/format.h>

#include <filesystem>

#include "sink/duckdb/sink.h"
#include "sink/postgres/sink.h"

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

}  // namespace

Result<std::unique_ptr<sink::duckdb::Database>> open_for_reading(const Options& options) {
  const Destination place = TRY(database_of(options));
  if (place.kind == Destination::Kind::Postgres)
    return refused(
        "`sluice query` reads DuckDB files. For PostgreSQL use psql with the same connection string.");
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
      return sink::postgres::open_sink(
          {.dsn = place.place, .repeats = repeats, .catalog = std::move(catalog), .create = create});
    case Destination::Kind::DuckDb:
      break;
  }
  if (!create) TRY(check_it_exists(place.place));
  return sink::duckdb::open_sink({.path = place.place,
                                  .memory_limit = memory_text(options.number("memory_limit")),
                                  .threads = static_cast<int>(options.number("threads")),
                                  .repeats = repeats,
                                  .catalog = std::move(catalog),
                                  .create = create});
}

Result<std::optional<catalog::Catalog>> catalog_of(const Options& options) {
  if (!options.has("catalog")) return std::optional<catalog::Catalog>();
  return std::optional<catalog::Catalog>(TRY(catalog::read_file(options.text("catalog"))));
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
