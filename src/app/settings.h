// The settings and arguments of every command: one table that drives flags, environment, file, help and docs.
//
// A setting may stand in the configuration file, in the environment or on the command line; an argument
// belongs to one call and is only a flag. docs/configuration.md is held against all_settings() by a test.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sluice::app {

enum class Kind : uint8_t {
  Text,      // any text
  Choice,    // one of `choices`, separated by |
  Switch,    // true or false; as a flag without a value, or --no-NAME
  Count,     // a whole number within least..most
  Ratio,     // a number from 0 to 1
  Size,      // 64MiB, within least..most bytes
  Duration,  // 8d, within least..most milliseconds
  Millis,    // as Duration, and a bare number is milliseconds, because the name says so
  Keys,      // schema.table=column,column; may be given several times
  Secret,    // a connection string; shown without what it may hide
};

// Bits of Setting::commands.
enum Uses : unsigned {
  kRun = 1,
  kQuery = 2,
  kViews = 4,
  kQuarantine = 8,  // list, show and export
  kRetry = 16,
  kPostgres = 32,  // emulate, drive and catalog read
  kKinesis = 64,   // generate and emulate, which write to a stream, and probe lambda
  kMultilang = 128,
  kCatalogDiff = 256,
  kCatalogLearn = 512,
  kRekey = 1024,
  kVerifyCurrent = 2048,
  kProbe = 4096,
  kDsql = 65536,     // catalog read and diff, which may ask a cluster
  kFunction = 8192,  // the Lambda executable, which takes them from the environment
  kRedrive = 16384,
};

struct Setting {
  std::string_view name;  // as the file spells it: batch_rows
  Kind kind = Kind::Text;
  std::string_view value;     // what stands in the help for the value: N, FILE
  std::string_view fallback;  // the default as text; empty: none
  std::string_view help;      // one sentence without a full stop
  unsigned commands = 0;      // Uses; 0 for arguments
  int64_t least = 0;
  int64_t most = INT64_MAX;
  std::string_view choices = {};
};

// Every setting, in the order in which people should meet them.
std::span<const Setting> all_settings();
// Nothing when there is none of that name.
const Setting* find_setting(std::string_view name);

// batch_rows → "--batch-rows" (keys → "--key"), and → "SLUICE_BATCH_ROWS".
std::string flag_of(const Setting& setting);
std::string environment_name_of(const Setting& setting);

// What a right value looks like, for error messages and help: "a whole number from 1 to 1,000", "one of a,
// b".
std::string expectation_of(const Setting& setting);

}  // namespace sluice::app
