#include "app/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "app/commands.h"
#include "app/units.h"
#include "base/text.h"

namespace sluice::app {
namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (true) {
    const size_t end = text.find(separator, start);
    parts.emplace_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

Error wrong_value(const Setting& setting, std::string_view text, const std::string& where) {
  if (setting.kind == Kind::Secret) return refused(fmt::format("{} is empty.", where));
  std::string nearest;
  if (setting.kind == Kind::Choice) {
    const auto choices = split(setting.choices, '|');
    if (const auto name = nearest_name(text, choices)) nearest = fmt::format(" Do you mean {}?", *name);
  }
  return refused(fmt::format("{} is '{}'; it takes {}.{}", where, text, expectation_of(setting), nearest));
}

bool within(const Setting& setting, int64_t number) {
  return number >= setting.least && number <= setting.most;
}

// Fills in what `text` means. False when it is not a right value.
bool understand(const Setting& setting, std::string_view text, Value& value) {
  std::optional<int64_t> number;
  switch (setting.kind) {
    case Kind::Text:
    case Kind::Secret:
      return !text.empty();
    case Kind::Choice: {
      const auto choices = split(setting.choices, '|');
      return std::find(choices.begin(), choices.end(), text) != choices.end();
    }
    case Kind::Switch:
      value.on = text == "true";
      return text == "true" || text == "false";
    case Kind::Ratio: {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value.ratio);
      return error == std::errc() && end == text.data() + text.size() && value.ratio >= 0 && value.ratio <= 1;
    }
    case Kind::Count:
      number = parse_int64(text);
      break;
    case Kind::Size:
      number = parse_size(text);
      break;
    case Kind::Duration:
      number = parse_duration_ms(text);
      break;
    case Kind::Millis:
      number = parse_int64(text);
      if (!number) number = parse_duration_ms(text);
      break;
    case Kind::Keys:
      return false;  // has parse_key()
  }
  value.number = number.value_or(0);
  return number && within(setting, *number);
}

}  // namespace

Result<Value> parse_value(const Setting& setting, std::string_view text, Origin origin, std::string where) {
  Value value{.text = std::string(text), .origin = origin, .where = std::move(where)};
  if (!understand(setting, text, value)) return wrong_value(setting, text, value.where);
  return value;
}

Result<KeyValue> parse_key(std::string_view text, Origin origin, std::string where) {
  const size_t equals = text.find('=');
  const std::string_view table = text.substr(0, equals);
  const size_t dot = table.find('.');
  if (equals == std::string_view::npos || table.empty() ||
      table.find('.', dot + 1) != std::string_view::npos ||
      (dot != std::string_view::npos && dot + 1 == table.size())) {
    return refused(
        fmt::format("{} is '{}'; it takes schema.table=column,column, for example "
                    "public.order_items=order_id,line_no.",
                    where, text));
  }
  KeyValue key{.table = {},
               .columns = split(text.substr(equals + 1), ','),
               .origin = origin,
               .where = std::move(where)};
  key.table.schema = dot == std::string_view::npos ? "public" : table.substr(0, dot);
  key.table.table = dot == std::string_view::npos ? table : table.substr(dot + 1);
  const std::set<std::string> distinct(key.columns.begin(), key.columns.end());
  if (distinct.contains("") || distinct.size() != key.columns.size()) {
    return refused(
        fmt::format("{} is '{}'; every column of a key must be named, and once.", key.where, text));
  }
  // Several keys in a row, not parted by what parts them: taken as one, every row would be keyed wrongly.
  for (const std::string& column : distinct) {
    if (column.find('=') == std::string::npos) continue;
    return refused(fmt::format(
        "{} is '{}': '{}' is no column's name here. Keys are separated by semicolons; a column with "
        "= in its name goes under [keys] in the configuration file.",
        key.where, text, column));
  }
  return key;
}

Environment environment_of(char** variables) {
  Environment environment;
  for (; *variables != nullptr; ++variables) {
    const char* equals = std::strchr(*variables, '=');
    if (equals != nullptr)
      environment.emplace_back(std::string(static_cast<const char*>(*variables), equals), equals + 1);
  }
  return environment;
}

Result<Layer> environment_layer(const Environment& environment) {
  constexpr std::string_view kPrefix = "SLUICE_";
  std::vector<std::string> names = {"SLUICE_CONFIG"};
  for (const Setting& setting : all_settings()) names.push_back(environment_name_of(setting));
  Layer layer;
  for (const auto& [name, text] : environment) {
    if (!name.starts_with(kPrefix) || name == names.front()) continue;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      const auto nearest = nearest_name(name.substr(kPrefix.size()), [&] {
        std::vector<std::string> endings;
        for (const std::string& known : names) endings.push_back(known.substr(kPrefix.size()));
        return endings;
      }());
      if (nearest && name.size() > kPrefix.size() + 4) {
        return refused(fmt::format("the environment variable {} is not a setting. Do you mean {}{}?", name,
                                   kPrefix, *nearest));
      }
      continue;
    }
    const Setting& setting = all_settings()[static_cast<size_t>(found - names.begin()) - 1];
    if (setting.kind == Kind::Keys) {
      for (const std::string& one : split(text, ';')) {
        layer.keys.push_back(TRY(parse_key(one, Origin::Environment, name)));
      }
      continue;
    }
    layer.values.emplace(setting.name, TRY(parse_value(setting, text, Origin::Environment, name)));
  }
  return layer;
}

Options::Options(const Command& command, Layer flags, std::vector<std::string> positionals, Layer environment,
                 Layer file)
    : command_(&command), positionals_(std::move(positionals)) {
  const auto add_default = [this](const Setting& setting) {
    if (setting.kind == Kind::Keys) return;
    Value value;
    if (!setting.fallback.empty()) {
      auto parsed = parse_value(setting, setting.fallback, Origin::Default, "default");
      CHECK(parsed.ok());
      value = std::move(parsed).value();
    }
    values_.emplace(setting.name, std::move(value));
  };
  for (const Setting& argument : command.arguments) add_default(argument);
  for (const Setting& setting : all_settings()) add_default(setting);
  take(std::move(file));
  take(std::move(environment));
  take(std::move(flags));
}

void Options::take(Layer layer) {
  for (auto& [name, value] : layer.values) values_[name] = std::move(value);
  for (KeyValue& key : layer.keys) {
    const change::TableName table = key.table;
    keys_[table] = std::move(key);
  }
  for (auto& [table, chosen] : layer.views) views_[table] = std::move(chosen);
}

const Value& Options::value(std::string_view name) const {
  const auto found = values_.find(name);
  CHECK(found != values_.end());
  return found->second;
}

Result<std::string> Options::required(std::string_view name) const {
  if (has(name)) return text(name);
  for (const Setting* setting : flags_of(*command_)) {
    if (setting->name != name) continue;
    std::string also;
    if (find_setting(name) != nullptr) {
      also = fmt::format(" (or {}, or `{}` in the configuration file)", environment_name_of(*setting), name);
    }
    return refused(fmt::format("{} {} is missing{}: {}. `sluice {} --help` has examples.", flag_of(*setting),
                               setting->value, also, setting->help, command_->words));
  }
  CHECK(false);
  return refused("");
}

}  // namespace sluice::app
