// The configuration file: TOML → Layer.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "app/options.h"
#include "base/text.h"

namespace sluice::app {
namespace {

// Configuration files are small; a larger one is something else given by mistake.
constexpr uintmax_t kMaxFileBytes = 1 << 20;

std::string place(const std::string& file, const toml::node& node) {
  return fmt::format("{}:{}", file, node.source().begin.line);
}

std::string_view kind_of(const toml::node& node) {
  if (node.is_string()) return "a text";
  if (node.is_integer()) return "a whole number";
  if (node.is_floating_point()) return "a number with a fraction";
  if (node.is_boolean()) return "true or false";
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  return "a date or time";
}

Error wrong_kind(const Setting& setting, const toml::node& node, const std::string& where) {
  return refused(fmt::format("{} is {}; it takes {}.", where, kind_of(node), expectation_of(setting)));
}

Result<Value> value_of(const Setting& setting, const toml::node& node, const std::string& file) {
  const std::string where = fmt::format("{}: {}", place(file, node), setting.name);
  const bool takes_integer = setting.kind == Kind::Count || setting.kind == Kind::Size ||
                             setting.kind == Kind::Millis || setting.kind == Kind::Ratio;
  const bool takes_text =
      setting.kind != Kind::Count && setting.kind != Kind::Switch && setting.kind != Kind::Ratio;
  if (const auto* text = node.as_string(); text != nullptr && takes_text) {
    return parse_value(setting, text->get(), Origin::File, where);
  }
  if (const auto* number = node.as_integer(); number != nullptr && takes_integer) {
    return parse_value(setting, std::to_string(number->get()), Origin::File, where);
  }
  if (const auto* number = node.as_floating_point(); number != nullptr && setting.kind == Kind::Ratio) {
    return parse_value(setting, fmt::format("{}", number->get()), Origin::File, where);
  }
  if (const auto* on = node.as_boolean(); on != nullptr && setting.kind == Kind::Switch) {
    return parse_value(setting, on->get() ? "true" : "false", Origin::File, where);
  }
  return wrong_kind(setting, node, where);
}

Result<std::vector<std::string>> key_columns(const toml::node& node, const std::string& where) {
  const auto wrong = [&] {
    return refused(
        fmt::format("{} takes a list of column names, for example [\"order_id\", \"line_no\"].", where));
  };
  const auto* list = node.as_array();
  if (list == nullptr || list->empty()) return wrong();
  std::vector<std::string> columns;
  for (const toml::node& item : *list) {
    const auto* name = item.as_string();
    if (name == nullptr || name->get().empty()) return wrong();
    for (const std::string& earlier : columns) {
      if (earlier == name->get())
        return refused(fmt::format("{} names the column '{}' twice.", where, earlier));
    }
    columns.push_back(name->get());
  }
  return columns;
}

// [keys] holds "schema.table" = [...]; for names with dots in them, [keys."schema"] holds "table" = [...].
Result<void> add_keys(const toml::node& node, const std::string& file, Layer& layer) {
  const auto* keys = node.as_table();
  if (keys == nullptr) {
    return refused(fmt::format("{}: keys is {}; it takes a table: [keys], then \"public.orders\" = [\"id\"].",
                               place(file, node), kind_of(node)));
  }
  const auto add = [&](change::TableName table, const toml::node& list) -> Result<void> {
    const std::string where =
        fmt::format("{}: the key of {}.{}", place(file, list), table.schema, table.table);
    layer.keys.push_back({std::move(table), TRY(key_columns(list, where)), Origin::File, where});
    return {};
  };
  for (const auto& [name, inner] : *keys) {
    const std::string_view text = name.str();
    if (const auto* schema = inner.as_table()) {
      for (const auto& [table, list] : *schema) {
        TRY(add({std::string(text), std::string(table.str())}, list));
      }
      continue;
    }
    const size_t dot = text.find('.');
    if (text.find('.', dot + 1) != std::string_view::npos && dot != std::string_view::npos) {
      return refused(
          fmt::format("{}: keys: more than one dot in '{}'. Write [keys.\"schema\"], then \"table\" = [...].",
                      place(file, inner), text));
    }
    const bool bare = dot == std::string_view::npos;
    TRY(add(
        {bare ? "public" : std::string(text.substr(0, dot)), std::string(bare ? text : text.substr(dot + 1))},
        inner));
  }
  return {};
}

}  // namespace

Result<Layer> parse_config_text(std::string_view text, const std::string& file_name) {
  const toml::parse_result parsed = toml::parse(text, std::string_view(file_name));
  if (!parsed) {
    return refused(fmt::format("{}:{}: not TOML: {}.", file_name, parsed.error().source().begin.line,
                               parsed.error().description()));
  }
  std::vector<std::string> names;
  for (const Setting& setting : all_settings()) names.emplace_back(setting.name);
  Layer layer;
  for (const auto& [key, node] : parsed.table()) {
    const std::string_view name = key.str();
    if (name == "keys") {
      TRY(add_keys(node, file_name, layer));
      continue;
    }
    const Setting* setting = find_setting(name);
    if (setting == nullptr) {
      const auto nearest = nearest_name(name, names);
      const std::string line = fmt::format("{}:{}", file_name, key.source().begin.line);
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
