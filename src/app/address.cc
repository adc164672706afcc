#include "app/address.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "app/kinesis_access.h"
#include "app/redshift_access.h"
#include "sink/postgres/connection.h"

namespace sluice::app {
namespace {

// The connection string of postgres:DSN, or a URI that is its own scheme; empty for anything else.
std::string dsn_of(const std::string& text) {
  if (text.starts_with("postgres://") || text.starts_with("postgresql://")) return text;
  return text.starts_with("postgres:") ? text.substr(9) : "";
}

Destination postgres_at(const std::string& dsn) {
  return {Destination::Kind::Postgres, dsn, sink::postgres::shown_dsn(dsn), "postgres:DSN"};
}

// Its quarantine is in the state file, which is a DuckDB store.
Result<Destination> redshift_at(const Options& options, const std::string& text, const std::string& where) {
  TRY(redshift_settings_of(options, text, where));
  if (!options.has("state"))
    return refused(
        fmt::format("{} is '{}': a run to Redshift keeps its ledger, waiting pieces and quarantine in a "
                    "file. Name it with --state, for example --state shop.state.duckdb.",
                    where, text));
  return Destination{Destination::Kind::Redshift, text, text, options.text("state")};
}

Destination duckdb_at(const std::string& path) { return {Destination::Kind::DuckDb, path, path, path}; }

// What follows "scheme:" in the value; `example` completes the messages.
Result<std::string> path_of(const Value& value, std::string_view scheme, std::string_view what_it_does) {
  const std::string& text = value.text;
  const size_t colon = text.find(':');
  if (colon != std::string::npos && text.substr(0, colon) == scheme) {
    if (colon + 1 == text.size()) {
      return refused(
          fmt::format("{} is '{}': the path is missing. Write {}:PATH.", value.where, text, scheme));
    }
    return text.substr(colon + 1);
  }
  std::error_code failed;
  if (colon == std::string::npos || text.find('/') < colon || std::filesystem::exists(text, failed)) {
    return refused(fmt::format("{} is '{}': write {}:{}.", value.where, text, scheme, text));
  }
  return refused(fmt::format(
      "{} is '{}': this version {} {}.", value.where, without_secret(text), what_it_does,
      scheme == "duckdb" ? "duckdb:PATH, postgres:DSN and redshift:WORKGROUP/DATABASE" : "file:PATH"));
}

}  // namespace

Result<SourceAddress> source_of(const Options& options) {
  TRY(options.required("from"));
  const Value& value = options.value("from");
  constexpr std::string_view kKinesis = "kinesis:";
  if (!value.text.starts_with(kKinesis)) {
    std::string path = TRY(path_of(value, "file", "reads kinesis:STREAM and"));
    return SourceAddress{SourceAddress::Kind::File, std::move(path)};
  }
  if (value.text.size() == kKinesis.size()) {
    return refused(fmt::format("{} is '{}': the stream is missing. Write kinesis:NAME or kinesis:ARN.",
                               value.where, value.text));
  }
  std::string stream = value.text.substr(kKinesis.size());
  TRY(KinesisAccess::check(stream, options));
  return SourceAddress{SourceAddress::Kind::Kinesis, std::move(stream)};
}

Result<Destination> destination_of(const Options& options) {
  TRY(options.required("to"));
  const Value& value = options.value("to");
  if (const std::string dsn = dsn_of(value.text); !dsn.empty()) return postgres_at(dsn);
  if (is_redshift(value.text)) return redshift_at(options, value.text, value.where);
  if (value.text == "postgres:") {
    return refused(
        fmt::format("{} is '{}': the connection string is missing. Write postgres:DSN, for example "
                    "postgres:'host=127.0.0.1 dbname=shop user=me'.",
                    value.where, value.text));
  }
  return duckdb_at(TRY(path_of(value, "duckdb", "writes")));
}

Result<Destination> database_of(const Options& options) {
  if (options.has("db")) {
    const std::string& text = options.text("db");
    if (const std::string dsn = dsn_of(text); !dsn.empty()) return postgres_at(dsn);
    if (is_redshift(text)) return redshift_at(options, text, options.value("db").where);
    return duckdb_at(text.starts_with("duckdb:") ? text.substr(7) : text);
  }
  if (options.has("to")) return destination_of(options);
  return duckdb_at(TRY(options.required("db")));
}

std::string without_secret(const std::string& text) {
  if (const std::string dsn = dsn_of(text); !dsn.empty()) return sink::postgres::shown_dsn(dsn);
  // Something that is almost a connection string.
  const bool may_hide = text.find('@') != std::string::npos || text.find("password") != std::string::npos;
  return may_hide ? text.substr(0, text.find(':')) + ":..." : text;
}

}  // namespace sluice::app
