// The catalog as TOML: written by hand so that it reads and diffs well.
#include "base/toml.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "catalog/catalog.h"

namespace sluice::catalog {
namespace {

void append_string(std::string& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04X", static_cast<unsigned>(byte));
      to += escape.data();
    } else {
      to += c;
    }
  }
  to += '"';
}

void append_table(std::string& to, const Table& table) {
  to += "[[table]]\nschema = ";
  append_string(to, table.name.schema);
  to += "\nname = ";
  append_string(to, table.name.table);
  if (table.learned) to += "\nlearned = true";
  to += "\nkey = [";
  for (const std::string& column : table.key) {
    if (&column != &table.key.front()) to += ", ";
    append_string(to, column);
  }
  to += "]\ncolumns = [\n";
  for (const Column& column : table.columns) {
    to += "  { name = ";
    append_string(to, column.name);
    to += ", type = ";
    append_string(to, to_text(column.type));
    to += column.nullable ? " },\n" : ", nullable = false },\n";
  }
  to += "]\n";
}

// Reads one file's tree; every error names the file and the line.
class Reader {
 public:
  explicit Reader(const std::string& file_name) : file_name_(file_name) {}

  Result<Catalog> read(const TomlValue& root) const {
    static const std::vector<std::string> kMembers = {"table"};
    TRY(only_members(root, kMembers));
    Catalog catalog;
    const TomlValue* tables = member(root, "table");
    if (tables == nullptr) return catalog;
    if (!tables->is_array()) return at(*tables, "'table' must be written as [[table]]");
    for (const TomlValue& node : tables->as_array()) {
      if (!node.is_table()) return at(node, "'table' must be written as [[table]]");
      Table table = TRY(read_table(node));
      const change::TableName name = table.name;
      if (!catalog.tables.emplace(name, std::move(table)).second) {
        return at(node, "the table " + name.schema + "." + name.table + " stands here for the second time");
      }
    }
    return catalog;
  }

 private:
  Error at(const TomlValue& node, const std::string& what) const {
    return refused(file_name_ + ":" + std::to_string(line_of(node)) + ": " + what);
  }

  // Null when the table lacks it.
  static const TomlValue* member(const TomlValue& table, const char* name) {
    const auto found = table.as_table().find(name);
    return found == table.as_table().end() ? nullptr : &found->second;
  }

  Result<void> only_members(const TomlValue& table, const std::vector<std::string>& known) const {
    for (const auto& [name, value] : table.as_table()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      std::string what = "'" + name + "' is not a setting of a catalog";
      if (const std::optional<std::string> nearest = nearest_name(name, known)) {
        what += "; did you mean '" + *nearest + "'?";
      }
      return at(value, what);
    }
    return {};
  }

  Result<std::string> read_name(const TomlValue& table, const char* name) const {
    const TomlValue* node = member(table, name);
    if (node == nullptr) return at(table, std::string("'") + name + "' is missing");
    if (!node->is_string() || node->as_string().str.empty())
      return at(*node, std::string("'") + name + "' must be a string");
    return node->as_string().str;
  }

  Result<Table> read_table(const TomlValue& from) const {
    static const std::vector<std::string> kMembers = {"schema", "name", "learned", "key", "columns"};
    TRY(only_members(from, kMembers));
    Table table;
    table.name.schema = member(from, "schema") != nullptr ? TRY(read_name(from, "schema")) : "public";
    table.name.table = TRY(read_name(from, "name"));
    if (const TomlValue* learned = member(from, "learned")) {
      if (!learned->is_boolean()) return at(*learned, "'learned' must be true or false");
      table.learned = learned->as_boolean();
    }
    TRY(read_columns(from, table));
    TRY(read_key(from, table));
    return table;
  }

  Result<void> read_columns(const TomlValue& from, Table& table) const {
    const TomlValue* node = member(from, "columns");
    if (node == nullptr) return {};
    if (!node->is_array()) return at(*node, "'columns' must be an array of {name = ..., type = ...}");
    std::set<std::string> names;
    for (const TomlValue& entry : node->as_array()) {
      if (!entry.is_table()) return at(entry, "a column must be written as {name = ..., type = ...}");
      Column column = TRY(read_column(entry));
      if (!names.insert(column.name).second) {
        return at(entry, "the column '" + column.name + "' stands here for the second time");
      }
      table.columns.push_back(std::move(column));
    }
    return {};
  }

  Result<Column> read_column(const TomlValue& from) const {
    static const std::vector<std::string> kMembers = {"name", "type", "nullable"};
    TRY(only_members(from, kMembers));
    Column column;
    column.name = TRY(read_name(from, "name"));
    Result<ColumnType> type = parse_column_type(TRY(read_name(from, "type")));
    if (!type) return at(*member(from, "type"), type.error().message);
    column.type = type.value();
    if (const TomlValue* nullable = member(from, "nullable")) {
      if (!nullable->is_boolean()) return at(*nullable, "'nullable' must be true or false");
      column.nullable = nullable->as_boolean();
    }
    return column;
  }

  Result<void> read_key(const TomlValue& from, Table& table) const {
    const TomlValue* node = member(from, "key");
    if (node == nullptr) return {};
    if (!node->is_array()) return at(*node, "'key' must be an array of column names");
    for (const TomlValue& entry : node->as_array()) {
      if (!entry.is_string()) return at(entry, "'key' must be an array of column names");
      const std::string& name = entry.as_string().str;
      const bool known = std::any_of(table.columns.begin(), table.columns.end(),
                                     [&](const Column& column) { return column.name == name; });
      if (!known) return at(entry, "the key names '" + name + "', which is not among the columns");
      if (std::find(table.key.begin(), table.key.end(), name) != table.key.end()) {
        return at(entry, "the key names '" + name + "' twice");
      }
      table.key.push_back(name);
    }
    return {};
  }

  const std::string& file_name_;
};

}  // namespace

std::string to_toml(const Catalog& catalog) {
  std::string text =
      "# The source's tables: their columns, types and keys. Written by `sluice catalog read`.\n"
      "# A column is nullable unless it says otherwise; `key` is the primary key in key order.\n";
  const bool any_learned =
      std::ranges::any_of(catalog.tables, [](const auto& entry) { return entry.second.learned; });
  if (any_learned) {
    text +=
        "# `learned` tables were made by `sluice catalog learn` from what events have shown: a number may be "
        "a "
        "date or a\n"
        "# time, a string a numeric. Correct the types; remove the mark once the key is known to be right.\n";
  }
  for (const auto& [name, table] : catalog.tables) {
    text += '\n';
    append_table(text, table);
  }
  return text;
}

Result<Catalog> parse_toml(std::string_view text, const std::string& file_name) {
  return Reader(file_name).read(TRY(parse_toml_text(text, file_name)));
}

Result<Catalog> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return refused(
        "cannot read the catalog " + path +
        ": there is no such file, it is empty, or it may not be read. Make one with `sluice catalog "
        "read`.");
  }
  return parse_toml(text.str(), path);
}

}  // namespace sluice::catalog
