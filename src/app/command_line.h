// The command line: from words to a Request.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/options.h"
#include "base/result.h"

namespace sluice::app {

// What the words ask for: a text to print (help, version), or a command with its flags.
struct Request {
  std::string text_to_print;  // when not empty, nothing else counts
  const Command* command = nullptr;
  Layer flags;
  std::vector<std::string> positionals;
  std::string config_path;  // --config; empty: not given
};

// `words` without the program's name. Fails Refused with what is wrong and the nearest right name.
Result<Request> parse_command_line(std::span<const std::string> words);

// Everything together: parses, then reads the configuration file that the flag or SLUICE_CONFIG names.
Result<Options> resolve_options(Request request, const Environment& environment);

}  // namespace sluice::app
