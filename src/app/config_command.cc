// sluice config show: every setting in force and where its value came from.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/address.h"
#include "app/commands.h"
#include "app/exit_code.h"
#include "app/options.h"
#include "app/text_width.h"
#include "base/json_text.h"

namespace sluice::app {
namespace {

struct Line {
  std::string name;
  std::string value;
  bool given = false;
  std::string from;
};

// A file's place without the setting's name, which stands beside it.
std::string origin_text(Origin origin, const std::string& where) {
  if (origin == Origin::Default) return "default";
  return origin == Origin::File ? where.substr(0, where.rfind(": ")) : where;
}

std::string text_of(const sql::TableOptions& chosen) {
  std::vector<std::string> parts;
  if (!chosen.include.empty()) parts.push_back(fmt::format("include {}", fmt::join(chosen.include, ",")));
  if (!chosen.exclude.empty()) parts.push_back(fmt::format("exclude {}", fmt::join(chosen.exclude, ",")));
  for (const auto& [column, name] : chosen.rename) parts.push_back(fmt::format("rename {}={}", column, name));
  if (!chosen.hash.empty()) parts.push_back(fmt::format("hash {}", fmt::join(chosen.hash, ",")));
  if (!chosen.unnest.empty()) parts.push_back(fmt::format("unnest {}", fmt::join(chosen.unnest, ",")));
  if (chosen.current_table) parts.push_back(*chosen.current_table ? "current table" : "current view");
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::vector<Line> lines_of(const Options& options) {
  std::vector<Line> lines;
  for (const Setting& setting : all_settings()) {
    if (setting.kind == Kind::Keys) {
      if (options.keys().empty()) lines.push_back({"keys", "", false, "not set"});
      for (const auto& [table, key] : options.keys()) {
        lines.push_back({fmt::format("keys.{}.{}", table.schema, table.table),
                         fmt::format("{}", fmt::join(key.columns, ",")), true,
                         origin_text(key.origin, key.where)});
      }
      continue;
    }
    const Value& value = options.value(setting.name);
    const bool given = !value.text.empty();
    const bool hidden = setting.kind == Kind::Secret && given;
    lines.push_back({std::string(setting.name), hidden ? "(not shown)" : without_secret(value.text), given,
                     given ? origin_text(value.origin, value.where) : "not set"});
  }
  for (const auto& [table, chosen] : options.views())
    lines.push_back({fmt::format("table.{}.{}", table.schema, table.table), text_of(chosen), true, "file"});
  return lines;
}

}  // namespace

int config_show_command(const Options& options) {
  const std::vector<Line> lines = lines_of(options);
  if (options.on("json")) {
    std::string out = "{";
    for (const Line& line : lines) {
      out += out.size() > 1 ? ",\n " : "\n ";
      append_json_string(out, line.name);
      out += ":{\"value\":";
      if (line.given) {
        append_json_string(out, line.value);
      } else {
        out += "null";
      }
      out += ",\"from\":";
      append_json_string(out, line.from);
      out += "}";
    }
    fmt::print("{}\n}}\n", out);
    return kOk;
  }
  size_t name_width = 0;
  size_t value_width = 0;
  for (const Line& line : lines) {
    name_width = std::max(name_width, display_width(printable(line.name)));
    value_width = std::max(value_width, display_width(printable(line.value)));
  }
  for (const Line& line : lines) {
    const std::string name = printable(line.name);
    const std::string value = printable(line.value);
    fmt::print("{}{}  {}{}  {}\n", name, std::string(name_width - display_width(name), ' '), value,
               std::string(value_width - display_width(value), ' '), printable(line.from));
  }
  return kOk;
}

}  // namespace sluice::app
