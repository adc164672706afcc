// The commands: what each is called, what it takes, what its help says and which function performs it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "app/settings.h"

namespace sluice::app {

class Options;

struct Command {
  std::string_view words;     // "quarantine list"
  std::string_view summary;   // one line for the list of commands, without a full stop
  std::string_view usage;     // what follows `sluice` in the usage line
  std::string_view about;     // a paragraph; lines of at most 100 characters
  std::string_view examples;  // lines to copy
  unsigned settings = 0;      // the Uses whose settings it takes
  std::span<const Setting> arguments;
  std::string_view positional;  // its name in messages; empty: takes none
  bool many_positionals = false;
};

std::span<const Command> all_commands();

// The Lambda executable as a command: no words of `sluice`, but the same settings, from the environment.
const Command& function_command();

// Every flag that a command takes: its own arguments, then its settings.
std::vector<const Setting*> flags_of(const Command& command);

// Each performs one command and gives its exit code; main.cc says which is whose.
int run_command(const Options& options);
int multilang_command(const Options& options);
int query_command(const Options& options);
int views_command(const Options& options);
int schema_command(const Options& options);
int quarantine_list_command(const Options& options);
int quarantine_show_command(const Options& options);
int quarantine_retry_command(const Options& options);
int quarantine_export_command(const Options& options);
int redrive_command(const Options& options);
int generate_command(const Options& options);
int emulate_command(const Options& options);
int drive_command(const Options& options);
int catalog_read_command(const Options& options);
int catalog_diff_command(const Options& options);
int catalog_learn_command(const Options& options);
int verify_current_command(const Options& options);
int rekey_command(const Options& options);
int probe_redshift_command(const Options& options);
int probe_lambda_command(const Options& options);
int config_show_command(const Options& options);

}  // namespace sluice::app
