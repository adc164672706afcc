// Where records come from and go to, as people write it: file:PATH, kinesis:STREAM, duckdb:PATH,
// postgres:DSN, redshift:WORKGROUP/DATABASE.
#pragma once

#include <cstdint>
#include <string>

#include "app/options.h"
#include "base/result.h"

namespace sluice::app {

struct SourceAddress {
  enum class Kind : uint8_t { File, Kinesis };
  Kind kind = Kind::File;
  std::string place;  // a path, "-" for standard input; a stream's name or ARN
};

// What --from names. Refused: another scheme, naming what this version reads.
Result<SourceAddress> source_of(const Options& options);

// Where rows go to or are looked up.
struct Destination {
  enum class Kind : uint8_t { DuckDb, Postgres, Redshift };
  Kind kind = Kind::DuckDb;
  std::string place;  // the file's path, the connection string, or the whole address
  std::string shown;  // the same for messages: without a password
  std::string flag;   // what to write after --db in a command that is proposed
};

// What --to names.
Result<Destination> destination_of(const Options& options);
// What --db names, or --to when there is no --db.
Result<Destination> database_of(const Options& options);
// A setting's text without what a connection string in it may hide.
std::string without_secret(const std::string& text);

}  // namespace sluice::app
