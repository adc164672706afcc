#include "app/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/help.h"
#include "base/text.h"

namespace sluice::app {
namespace {

Error unknown_command(const std::string& typed) {
  std::vector<std::string> names;
  for (const Command& command : all_commands()) names.emplace_back(command.words);
  const auto nearest = nearest_name(typed, names);
  return refused(fmt::format(
      "there is no command '{}'. {}", typed,
      nearest ? fmt::format("Do you mean `sluice {}`?", *nearest) : "`sluice --help` lists the commands."));
}

// The command whose words begin `words`; `used` is how many they are.
const Command* find_command(std::span<const std::string> words, size_t& used) {
  for (const size_t count : {size_t{2}, size_t{1}}) {
    if (words.size() < count) continue;
    const std::string joined = count == 2 ? words[0] + " " + words[1] : words[0];
    for (const Command& command : all_commands()) {
      if (command.words == joined) {
        used = count;
        return &command;
      }
    }
  }
  return nullptr;
}

bool begins_a_command(const std::string& word) {
  return std::any_of(all_commands().begin(), all_commands().end(),
                     [&](const Command& command) { return command.words.starts_with(word + " "); });
}

// One flag of the command while CLI11 collects what was typed for it.
struct Collected {
  const Setting* setting = nullptr;
  CLI::Option* option = nullptr;
  std::vector<std::string> texts;
};

Error unknown_flag(const Command& command, const std::string& typed) {
  const std::string name = typed.substr(0, typed.find('='));
  std::vector<std::string> names = {"--help", "--config"};
  for (const Setting* setting : flags_of(command)) names.push_back(flag_of(*setting));
  const auto nearest = nearest_name(name, names);
  return refused(fmt::format("`sluice {}` has no flag {}. {}", command.words, name,
                             nearest ? fmt::format("Do you mean {}?", *nearest)
                                     : fmt::format("`sluice {} --help` lists its flags.", command.words)));
}

// CLI11's own errors, in our words. It names the option before a colon.
Error parse_error(const Command& command, const CLI::ParseError& error) {
  const std::string what = error.what();
  const std::string name = what.substr(0, what.find(':'));
  for (const Setting* setting : flags_of(command)) {
    if (flag_of(*setting) != name) continue;
    if (setting->kind == Kind::Switch) return refused(fmt::format("{} takes no value, true or false.", name));
    return refused(fmt::format("{} needs a value: {}.", name, setting->help));
  }
  if (name == "--config") return refused("--config needs a value: the configuration file.");
  return refused(fmt::format("{}. `sluice {} --help` has examples.", what, command.words));
}

Result<void> take_flag(const Collected& flag, Layer& layer) {
  const Setting& setting = *flag.setting;
  const std::string name = flag_of(setting);
  if (flag.option->count() == 0) return {};
  if (setting.kind == Kind::Keys) {
    for (const std::string& text : flag.texts) layer.keys.push_back(TRY(parse_key(text, Origin::Flag, name)));
    return {};
  }
  const std::vector<std::string> texts = setting.kind == Kind::Switch ? flag.option->results() : flag.texts;
  if (texts.size() != 1)
    return refused(fmt::format("{} is given {} times; once is enough.", name, texts.size()));
  layer.values.emplace(setting.name, TRY(parse_value(setting, texts.front(), Origin::Flag, name)));
  return {};
}

Result<Request> parse_flags(const Command& command, std::span<const std::string> words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  Request request{
      .text_to_print = {}, .command = &command, .flags = {}, .positionals = {}, .config_path = {}};
  const CLI::Option* help = app.add_flag("-h,--help");
  std::vector<std::string> configs;
  app.add_option("--config", configs)->allow_extra_args(false);
  const CLI::Option* until_end = nullptr;
  std::vector<Collected> flags;
  for (const Setting* setting : flags_of(command)) flags.push_back({setting, nullptr, {}});
  for (Collected& flag : flags) {
    const std::string name = flag_of(*flag.setting);
    flag.option = flag.setting->kind == Kind::Switch
                      ? app.add_flag(name)
                      : app.add_option(name, flag.texts)->allow_extra_args(false);
    if (flag.setting->name == "follow" && command.settings == kRun) until_end = app.add_flag("--until-end");
  }
  if (!command.positional.empty()) app.add_option("positional", request.positionals);
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (std::find(words.begin(), words.end(), "--help") != words.end()) {
      request.text_to_print = help_text(command);
      return request;
    }
    return parse_error(command, error);
  }
  if (help->count() > 0) {
    request.text_to_print = help_text(command);
    return request;
  }
  for (const std::string& extra : app.remaining()) {
    if (extra == "--") continue;  // what ends the flags
    if (extra.size() > 1 && extra.front() == '-') return unknown_flag(command, extra);
    return refused(fmt::format("`sluice {}` does not know what to do with '{}'. Its flags begin with --.",
                               command.words, extra));
  }
  if (request.positionals.size() > 1 && !command.many_positionals) {
    return refused(
        fmt::format("`sluice {}` takes one {}; put it in quotes.", command.words, command.positional));
  }
  if (configs.size() > 1)
    return refused("--config is given more than once; there is one configuration file.");
  if (!configs.empty()) request.config_path = configs.front();
  for (const Collected& flag : flags) TRY(take_flag(flag, request.flags));
  if (until_end != nullptr && until_end->count() > 0) {
    const auto follow = request.flags.values.find("follow");
    if (follow != request.flags.values.end() && follow->second.on) {
      return refused("--follow and --until-end contradict each other; give one of them.");
    }
    request.flags.values["follow"] = {"false", Origin::Flag, "--until-end", 0, 0, false};
  }
  return request;
}

}  // namespace

Result<Request> parse_command_line(std::span<const std::string> words) {
  Request request;
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    size_t used = 0;
    const Command* command = words.size() > 1 ? find_command(words.subspan(1), used) : nullptr;
    request.text_to_print = command != nullptr ? help_text(*command) : help_text();
    return request;
  }
  if (words[0] == "--version" || words[0] == "version") {
    request.text_to_print = version_text();
    return request;
  }
  size_t used = 0;
  const Command* command = find_command(words, used);
  if (command != nullptr) return parse_flags(*command, words.subspan(used));
  if (!begins_a_command(words[0])) return unknown_command(words[0]);
  if (words.size() == 1 || words[1].starts_with("-")) {
    request.text_to_print = help_text(words[0]);
    return request;
  }
  return unknown_command(words[0] + " " + words[1]);
}

Result<Options> resolve_options(Request request, const Environment& environment) {
  std::string path = request.config_path;
  for (const auto& [name, text] : environment) {
    if (name == "SLUICE_CONFIG" && path.empty()) path = text;
  }
  Layer file;
  if (!path.empty()) file = TRY(read_config_file(path));
  Layer from_environment = TRY(environment_layer(environment));
  return Options(*request.command, std::move(request.flags), std::move(request.positionals),
                 std::move(from_environment), std::move(file));
}

}  // namespace sluice::app
