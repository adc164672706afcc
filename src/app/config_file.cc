// The configuration file: TOML → Layer.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/config_tables.h"
#include "app/options.h"
#include "base/text.h"
#include "base/toml.h"

namespace sluice::app {
namespace {

// Configuration files are small; a larger one is something else given by mistake.
constexpr uintmax_t kMaxFileBytes = 1 << 20;

std::string place(const std::string& file, const TomlValue& node) {
  return fmt::format("{}:{}", file, line_of(node));
}

std::string_view kind_of(const TomlValue& node) {
  if (node.is_string()) return "a text";
  if (node.is_integer()) return "a whole number";
  if (node.is_floating()) return "a number with a fraction";
  if (node.is_boolean()) return "true or false";
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  return "a date or time";
}

Error wrong_kind(const Setting& setting, const TomlValue& node, const std::string& where) {
  return refused(fmt::format("{} is {}; it takes {}.", where, kind_of(node), expectation_of(setting)));
}

Result<Value> value_of(const Setting& setting, const TomlValue& node, const std::string& file) {
  const std::string where = fmt::format("{}: {}", place(file, node), setting.name);
  const bool takes_integer = setting.kind == Kind::Count || setting.kind == Kind::Size ||
                             setting.kind == Kind::Millis || setting.kind == Kind::Ratio;
  const bool takes_text =
      setting.kind != Kind::Count && setting.kind != Kind::Switch && setting.kind != Kind::Ratio;
  if (node.is_string() && takes_text) return parse_value(setting, node.as_string().str, Origin::File, where);
  if (node.is_integer() && takes_integer)
    return parse_value(setting, std::to_string(node.as_integer()), Origin::File, where);
  if (node.is_floating() && setting.kind == Kind::Ratio)
    return parse_value(setting, fmt::format("{}", node.as_floating()), Origin::File, where);
  if (node.is_boolean() && setting.kind == Kind::Switch)
    return parse_value(setting, node.as_boolean() ? "true" : "false", Origin::File, where);
  return wrong_kind(setting, node, where);
}

Result<std::vector<std::string>> key_columns(const TomlValue& node, const std::string& where) {
  const auto wrong = [&] {
    return refused(
        fmt::format("{} takes a list of column names, for example [\"order_id\", \"line_no\"].", where));
  };
  if (!node.is_array() || node.as_array().empty()) return wrong();
  std::vector<std::string> columns;
  for (const TomlValue& item : node.as_array()) {
    if (!item.is_string() || item.as_string().str.empty()) return wrong();
    const std::string& name = item.as_string().str;
    if (std::ranges::find(columns, name) != columns.end())
      return refused(fmt::format("{} names the column '{}' twice.", where, name));
    columns.push_back(name);
  }
  return columns;
}

// [keys] holds "schema.table" = [...]; for names with dots in them, [keys."schema"] holds "table" = [...].
Result<void> add_keys(const TomlValue& node, const std::string& file, Layer& layer) {
  if (!node.is_table()) {
    return refused(fmt::format("{}: keys is {}; it takes a table: [keys], then \"public.orders\" = [\"id\"].",
                               place(file, node), kind_of(node)));
  }
  const auto add = [&](change::TableName table, const TomlValue& list) -> Result<void> {
    const std::string where =
        fmt::format("{}: the key of {}.{}", place(file, list), table.schema, table.table);
    auto columns = TRY(key_columns(list, where));
    layer.keys.push_back({std::move(table), std::move(columns), Origin::File, where});
    return {};
  };
  for (const auto& [name, inner] : node.as_table()) {
    if (inner.is_table()) {
      for (const auto& [table, list] : inner.as_table()) TRY(add({name, table}, list));
      continue;
    }
    const size_t dot = name.find('.');
    if (dot != std::string::npos && name.find('.', dot + 1) != std::string::npos) {
      return refused(
          fmt::format("{}: keys: more than one dot in '{}'. Write [keys.\"schema\"], then \"table\" = [...].",
                      place(file, inner), name));
    }
    const bool bare = dot == std::string::npos;
    TRY(add({bare ? "public" : name.substr(0, dot), bare ? name : name.substr(dot + 1)}, inner));
  }
  return {};
}

}  // namespace

Result<Layer> parse_config_text(std::string_view text, const std::string& file_name) {
  const TomlValue parsed = TRY(parse_toml_text(text, file_name));
  std::vector<std::string> names;
  for (const Setting& setting : all_settings()) names.emplace_back(setting.name);
  Layer layer;
  for (const auto& [name, node] : parsed.as_table()) {
    if (name == "keys") {
      TRY(add_keys(node, file_name, layer));
      continue;
    }
    if (name == "table") {
      TRY(add_tables(node, file_name, layer));
      continue;
    }
    const Setting* setting = find_setting(name);
    if (setting == nullptr) {
      const auto nearest = nearest_name(name, names);
      const std::string line = fmt::format("{}:{}", file_name, line_of(node));
      return refused(
          nearest ? fmt::format("{}: there is no setting '{}'. Do you mean {}?", line, name, *nearest)
                  : fmt::format("{}: there is no setting '{}'. `sluice config show` lists all of them.", line,
                                name));
    }
    layer.values.emplace(name, TRY(value_of(*setting, node, file_name)));
  }
  return layer;
}

Result<Layer> read_config_file(const std::string& path) {
  std::error_code failed;
  const auto status = std::filesystem::status(path, failed);
  if (std::filesystem::is_directory(status)) {
    return refused(
        fmt::format("cannot read the configuration {}: it is a directory. Name a TOML file.", path));
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return refused(fmt::format("cannot read the configuration {}: {}.", path, std::strerror(errno)));
  }
  std::string text;
  text.resize(kMaxFileBytes + 1);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  if (text.size() > kMaxFileBytes) {
    return refused(
        fmt::format("cannot read the configuration {}: it is larger than 1 MiB. Name a TOML file.", path));
  }
  return parse_config_text(text, path);
}

}  // namespace sluice::app
