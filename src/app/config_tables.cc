#include "app/config_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace sluice::app {
namespace {

const std::vector<std::string>& members() {
  static const std::vector<std::string> kMembers = {"include", "exclude", "rename",
                                                    "mask",    "unnest",  "current"};
  return kMembers;
}

bool is_member(const std::string& name) { return std::ranges::find(members(), name) != members().end(); }

// Whether an entry of [table.x] is itself a table with options, which makes x a schema.
bool has_only_members(const std::pair<const std::string, TomlValue>& entry) {
  if (!entry.second.is_table() || is_member(entry.first)) return false;
  return std::ranges::all_of(entry.second.as_table(),
                             [](const auto& inner) { return is_member(inner.first); });
}

// Reads one table's options; every error begins with `FILE:LINE: table.SCHEMA.TABLE`.
class TableReader {
 public:
  TableReader(const std::string& file, const change::TableName& table) : file_(file), table_(table) {}

  Result<sql::TableOptions> read(const TomlValue& node) {
    for (const auto& [name, value] : node.as_table()) TRY(read_member(name, value));
    for (const auto& [column, name] : options_.rename) TRY(must_be_shown(column, "rename", *renamed_at_));
    for (const std::string& column : options_.hash) TRY(must_be_shown(column, "mask", *masked_at_));
    for (const std::string& column : options_.unnest) TRY(must_be_shown(column, "unnest", *unnested_at_));
    return options_;
  }

 private:
  Error at(const TomlValue& node, const std::string& what) const {
    return refused(
        fmt::format("{}:{}: table.{}.{}: {}", file_, line_of(node), table_.schema, table_.table, what));
  }

  Result<void> read_member(const std::string& name, const TomlValue& value) {
    if (name == "include") {
      options_.include = TRY(columns_of(name, value));
      return {};
    }
    if (name == "exclude") {
      for (std::string& column : TRY(columns_of(name, value))) options_.exclude.insert(std::move(column));
      return {};
    }
    if (name == "unnest") {
      options_.unnest = TRY(columns_of(name, value));
      unnested_at_ = &value;
      return {};
    }
    if (name == "rename") {
      renamed_at_ = &value;
      options_.rename = TRY(texts_of(name, value, "{ total = \"amount\" }"));
      std::set<std::string> names;
      for (const auto& [column, to] : options_.rename) {
        if (!names.insert(to).second) return at(value, fmt::format("rename gives the name '{}' twice.", to));
      }
      return {};
    }
    if (name == "mask") return read_mask(value);
    if (name == "current") {
      if (!value.is_string() || (value.as_string().str != "table" && value.as_string().str != "view"))
        return at(value, "current is \"view\" or \"table\".");
      options_.current_table = value.as_string().str == "table";
      return {};
    }
    const auto nearest = nearest_name(name, members());
    return at(value,
              nearest ? fmt::format("there is no '{}'. Do you mean {}?", name, *nearest)
                      : fmt::format(
                            "there is no '{}'. It takes include, exclude, rename, mask, unnest and current.",
                            name));
  }

  Result<void> read_mask(const TomlValue& value) {
    masked_at_ = &value;
    for (const auto& [column, how] : TRY(texts_of("mask", value, "{ email = \"hash\", card = \"drop\" }"))) {
      if (how != "hash" && how != "drop")
        return at(value, fmt::format("mask of '{}' is \"hash\" or \"drop\".", column));
      (how == "hash" ? options_.hash : options_.exclude).insert(column);
    }
    return {};
  }

  Result<std::vector<std::string>> columns_of(const std::string& name, const TomlValue& value) const {
    const auto wrong = [&] {
      return at(value,
                fmt::format("{} takes a list of column names, for example [\"email\", \"phone\"].", name));
    };
    if (!value.is_array() || value.as_array().empty()) return wrong();
    std::vector<std::string> columns;
    for (const TomlValue& item : value.as_array()) {
      if (!item.is_string() || item.as_string().str.empty()) return wrong();
      const std::string& column = item.as_string().str;
      if (std::ranges::find(columns, column) != columns.end())
        return at(item, fmt::format("{} names the column '{}' twice.", name, column));
      columns.push_back(column);
    }
    return columns;
  }

  Result<std::map<std::string, std::string>> texts_of(const std::string& name, const TomlValue& value,
                                                      std::string_view example) const {
    const auto wrong = [&] {
      return at(value, fmt::format("{} takes columns and texts: {}.", name, example));
    };
    if (!value.is_table()) return wrong();
    std::map<std::string, std::string> texts;
    for (const auto& [column, text] : value.as_table()) {
      if (!text.is_string() || text.as_string().str.empty()) return wrong();
      texts.emplace(column, text.as_string().str);
    }
    return texts;
  }

  // What is said of a column that is hidden is a mistake in one place or the other.
  Result<void> must_be_shown(const std::string& column, std::string_view member,
                             const TomlValue& node) const {
    const bool left_out =
        !options_.include.empty() && std::ranges::find(options_.include, column) == options_.include.end();
    if (!left_out && !options_.exclude.contains(column)) return {};
    return at(node, fmt::format("{} names the column '{}', which is not shown.", member, column));
  }

  const std::string& file_;
  const change::TableName& table_;
  sql::TableOptions options_;
  const TomlValue* renamed_at_ = nullptr;
  const TomlValue* masked_at_ = nullptr;
  const TomlValue* unnested_at_ = nullptr;
};

}  // namespace

Result<void> add_tables(const TomlValue& node, const std::string& file, Layer& layer) {
  if (!node.is_table()) {
    return refused(
        fmt::format("{}:{}: table takes tables: [table.\"public.orders\"], then exclude = [\"card\"].", file,
                    line_of(node)));
  }
  const auto add = [&](const change::TableName& table, const TomlValue& from) -> Result<void> {
    layer.views[table] = TRY(TableReader(file, table).read(from));
    return {};
  };
  for (const auto& [name, inner] : node.as_table()) {
    const std::string where = fmt::format("{}:{}: table.{}", file, line_of(inner), name);
    if (!inner.is_table())
      return refused(
          fmt::format("{} takes a table: [table.\"public.orders\"], then exclude = [\"card\"].", where));
    const auto& entries = inner.as_table();
    // [table."schema"."table"], for names with dots in them, and for people who prefer it.
    const bool is_schema = !entries.empty() && std::ranges::all_of(entries, has_only_members);
    if (is_schema) {
      for (const auto& [table, options] : entries) TRY(add({name, table}, options));
      continue;
    }
    const size_t dot = name.find('.');
    if (dot != std::string::npos && name.find('.', dot + 1) != std::string::npos)
      return refused(
          fmt::format("{}: more than one dot in the name. Write [table.\"schema\".\"table\"].", where));
    const bool bare = dot == std::string::npos;
    TRY(add({bare ? "public" : name.substr(0, dot), bare ? name : name.substr(dot + 1)}, inner));
  }
  return {};
}

}  // namespace sluice::app
