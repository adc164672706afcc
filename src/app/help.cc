#include "app/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/exit_code.h"
#include "app/text_width.h"

namespace sluice::app {
namespace {

constexpr size_t kWidth = 100;
constexpr size_t kFlagColumn = 28;

std::string flag_line(const std::string& flag, std::string_view value, const std::string& help) {
  std::string left = "  " + flag;
  if (!value.empty()) left += fmt::format(" {}", value);
  std::string gap = left.size() + 2 > kFlagColumn ? "\n" + std::string(kFlagColumn, ' ')
                                                  : std::string(kFlagColumn - left.size(), ' ');
  return left + gap + wrap_words(help, kFlagColumn, kWidth) + "\n";
}

std::string flag_line(const Setting& setting) {
  std::string help(setting.help);
  if (setting.kind == Kind::Choice) {
    std::string choices(setting.choices);
    for (size_t at = 0; (at = choices.find('|', at)) != std::string::npos; at += 2)
      choices.replace(at, 1, ", ");
    help += ": " + choices;
  }
  if (!setting.fallback.empty() && setting.kind != Kind::Switch)
    help += fmt::format(" (default {})", setting.fallback);
  return flag_line(flag_of(setting), setting.value, help);
}

std::string command_list(std::string_view prefix) {
  std::string text;
  for (const Command& command : all_commands()) {
    if (command.words.starts_with(prefix))
      text += fmt::format("  {:<20}{}\n", command.words, command.summary);
  }
  return text;
}

// What a command has many flags of gets a heading of its own behind the command's.
struct FlagGroup {
  std::string_view heading;
  std::string_view names;  // each between spaces; what begins with `prefix` belongs to it, too
  std::string_view prefix;
};
constexpr std::array kFlagGroups = {
    FlagGroup{"Where AWS is", " region profile endpoint_url ", ""},
    FlagGroup{"For DuckDB", " memory_limit threads ", ""},
    FlagGroup{"For Redshift", " state ", "redshift_"},
};

bool belongs_to(const FlagGroup& group, const Setting& setting) {
  return group.names.find(fmt::format(" {} ", setting.name)) != std::string_view::npos ||
         (!group.prefix.empty() && setting.name.starts_with(group.prefix));
}

}  // namespace

std::string version_text() { return fmt::format("sluice {}\n", SLUICE_VERSION); }

std::string help_text() {
  return "sluice keeps an analytics store true to a database: it appends every change of an Aurora DSQL "
         "change\n"
         "stream to one log, cdc_events, and shows the present through *_current views.\n\n"
         "Usage: sluice COMMAND [flags]\n\nCommands:\n" +
         command_list("") +
         "\nA first run, without any database:\n"
         "  sluice generate --seed 1 --changes 10000 --out changes.ndjson --truth truth.ndjson\n"
         "  sluice run --from file:changes.ndjson --to duckdb:shop.duckdb\n"
         "  sluice query --db shop.duckdb \"SELECT operation, count(*) FROM cdc_events GROUP BY ALL\"\n\n"
         "`sluice COMMAND --help` explains a command with examples. Every setting is a flag, a variable\n"
         "SLUICE_NAME and a line in the file that --config names; `sluice config show` prints what is in "
         "force.\n\n" +
         std::string(kExitCodesText);
}

std::string help_text(const std::string& group) {
  return fmt::format(
      "Usage: sluice {} COMMAND [flags]\n\nCommands:\n{}\n`sluice {} COMMAND --help` explains each.\n", group,
      command_list(group + " "), group);
}

std::string help_text(const Command& command) {
  std::string text =
      fmt::format("sluice {}: {}\n\nUsage: sluice {} {}\n\n{}\n\nExamples:\n{}\n\nFlags:\n", command.words,
                  command.summary, command.words, command.usage, command.about, command.examples);
  std::array<std::string, kFlagGroups.size()> grouped;
  for (const Setting* setting : flags_of(command)) {
    const auto group = std::ranges::find_if(
        kFlagGroups, [setting](const FlagGroup& one) { return belongs_to(one, *setting); });
    if (group != kFlagGroups.end()) {
      grouped[static_cast<size_t>(group - kFlagGroups.begin())] += flag_line(*setting);
      continue;
    }
    text += flag_line(*setting);
    if (setting->name == "follow" && command.settings == kRun) {
      text += flag_line("--until-end", "", "the opposite of --follow, and the default");
    }
  }
  text += flag_line("--config", "FILE", "a TOML file with settings; also SLUICE_CONFIG");
  text += flag_line("-h, --help", "", "this text");
  for (size_t i = 0; i < grouped.size(); ++i)
    if (!grouped[i].empty()) text += fmt::format("\n{}:\n{}", kFlagGroups[i].heading, grouped[i]);
  return text + "\n" + kExitCodesText;
}

}  // namespace sluice::app
