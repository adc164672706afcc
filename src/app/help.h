// The texts of --help and --version, made from the tables of commands and settings.
#pragma once

#include <string>

#include "app/commands.h"

namespace sluice::app {

std::string help_text();
std::string help_text(const Command& command);
// Of a group: `quarantine` for list, show, retry and export.
std::string help_text(const std::string& group);
std::string version_text();

}  // namespace sluice::app
