// Environment: the variables of the process, so that a test can say what they are.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace sluice::net {

// A variable's value; nothing when it is not set or empty (the AWS tools read both alike).
// Threads: as safe as getenv, which is safe while nobody changes the environment.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

Environment process_environment();
Environment environment_of(std::map<std::string, std::string> variables);

}  // namespace sluice::net
