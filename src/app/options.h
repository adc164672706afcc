// Options: what one call of the command was told, and where each value came from.
//
// A flag wins over the environment, the environment over the configuration file, the file over the default;
// keys are merged table by table in the same order. Every value is already checked.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/settings.h"
#include "base/result.h"
#include "change/change.h"
#include "sql/view.h"

namespace sluice::app {

struct Command;

enum class Origin : uint8_t { Default, File, Environment, Flag };

// One value, as text and as what it means.
struct Value {
  std::string text;  // as it was typed
  Origin origin = Origin::Default;
  std::string where;   // how to name it to whoever typed it: "--batch-rows", "SLUICE_TO", "shop.toml:3: to"
  int64_t number = 0;  // Count; Size in bytes; Duration and Millis in milliseconds
  double ratio = 0;
  bool on = false;
};

struct KeyValue {
  change::TableName table;
  std::vector<std::string> columns;
  Origin origin = Origin::Default;
  std::string where;
};

// What one of file, environment and flags says. Later entries of `keys` win. Only a file says anything of
// `views`.
struct Layer {
  std::map<std::string, Value, std::less<>> values;
  std::vector<KeyValue> keys;
  sql::ViewOptions views;
};

using Environment = std::vector<std::pair<std::string, std::string>>;
// As main() is given it: NAME=VALUE each, ended by a null pointer.
Environment environment_of(char** variables);

// The text of a setting as a value. Fails Refused, naming `where` and what would be right.
Result<Value> parse_value(const Setting& setting, std::string_view text, Origin origin, std::string where);
// `schema.table=column,column`; without a schema it is `public`.
Result<KeyValue> parse_key(std::string_view text, Origin origin, std::string where);

// The configuration file's text. Errors name the file and the line and the nearest right name.
Result<Layer> parse_config_text(std::string_view text, const std::string& file_name);
Result<Layer> read_config_file(const std::string& path);
// The variables that begin with SLUICE_. One that is almost a setting's is an error, others are not ours.
Result<Layer> environment_layer(const Environment& environment);

class Options {
 public:
  Options(const Command& command, Layer flags, std::vector<std::string> positionals, Layer environment,
          Layer file);

  const Command& command() const { return *command_; }
  const std::vector<std::string>& positionals() const { return positionals_; }

  // `name` must be a setting or an argument of the command.
  bool has(std::string_view name) const { return !value(name).text.empty(); }
  const Value& value(std::string_view name) const;
  const std::string& text(std::string_view name) const { return value(name).text; }
  int64_t number(std::string_view name) const { return value(name).number; }
  double ratio(std::string_view name) const { return value(name).ratio; }
  bool on(std::string_view name) const { return value(name).on; }
  // The value, or an error that tells how to give it.
  Result<std::string> required(std::string_view name) const;

  // The key of each table that was given one, the winner per table.
  const std::map<change::TableName, KeyValue>& keys() const { return keys_; }
  // What the file says of single tables' views.
  const sql::ViewOptions& views() const { return views_; }

 private:
  void take(Layer layer);

  const Command* command_;
  std::map<std::string, Value, std::less<>> values_;
  std::map<change::TableName, KeyValue> keys_;
  sql::ViewOptions views_;
  std::vector<std::string> positionals_;
};

}  // namespace sluice::app
