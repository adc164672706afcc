// The shared files ~/.aws/config and ~/.aws/credentials, as text turned into profiles.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/environment.h"

namespace sluice::net {

// A nested setting (a line that is indented) is called "outer.inner".
using Settings = std::map<std::string, std::string>;

struct SharedConfig {
  std::map<std::string, Settings> profiles;
  std::map<std::string, Settings> services;  // [services NAME]
  // Which files there were, for messages: "~/.aws/config and ~/.aws/credentials (neither exists)".
  std::string looked_at;
};

enum class SharedFile {
  Config,       // [default], [profile NAME], [services NAME]; other sections are nobody's here
  Credentials,  // [NAME]
};

// Adds what `text` says; a setting that is there already is replaced. Refused with the number of a line that
// is neither [section] nor name = value; the line itself may hold a secret and is not repeated.
Result<void> parse_shared_file(std::string_view text, SharedFile file, SharedConfig& to);

// Both files, from where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say; the credentials file wins. A
// file that does not exist is empty; one that cannot be read or is over 1 MiB is Refused.
Result<SharedConfig> read_shared_config(const Environment& environment);

// AWS_PROFILE, otherwise AWS_DEFAULT_PROFILE, otherwise "default".
std::string profile_name(const Environment& environment);

// A setting of the profile; nothing when either is missing.
std::optional<std::string> setting_of(const SharedConfig& config, const std::string& profile,
                                      const std::string& name);

// The whole of a small file. `missing` is set instead of an error when there is none. The error has no text
// of the file.
Result<std::string> read_small_file(const std::string& path, bool* missing = nullptr);

}  // namespace sluice::net
