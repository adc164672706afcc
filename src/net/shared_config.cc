#include "net/shared_config.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace sluice::net {
namespace {

constexpr size_t kMaxFileBytes = 1U << 20;
constexpr std::string_view kSpace = " \t\r\f\v";

std::string_view trimmed(std::string_view text) {
  const size_t start = text.find_first_not_of(kSpace);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kSpace) - start + 1);
}

// A comment behind a value begins with white space, so that a '#' within a secret is none.
std::string_view without_comment(std::string_view value) {
  for (size_t i = 0; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') &&
        (i == 0 || kSpace.find(value[i - 1]) != std::string_view::npos))
      return trimmed(value.substr(0, i));
  }
  return value;
}

// Where the settings of [inside] go; null: to nobody.
Settings* section(std::string_view inside, SharedFile file, SharedConfig& to) {
  inside = trimmed(inside);
  if (file == SharedFile::Credentials) return &to.profiles[std::string(inside)];
  const size_t space = inside.find_first_of(kSpace);
  const std::string_view kind = inside.substr(0, space);
  if (space == std::string_view::npos) return kind == "default" ? &to.profiles["default"] : nullptr;
  std::string_view name = trimmed(inside.substr(space));
  if (name.size() > 1 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front())
    name = name.substr(1, name.size() - 2);
  if (kind == "profile") return &to.profiles[std::string(name)];
  if (kind == "services") return &to.services[std::string(name)];
  return nullptr;
}

std::string home_file(const Environment& environment, const char* variable, const char* name) {
  if (const auto path = environment(variable)) {
    if (path->starts_with("~/")) return environment("HOME").value_or("") + path->substr(1);
    return *path;
  }
  return environment("HOME").value_or("") + "/.aws/" + name;
}

Result<bool> add_file(const std::string& path, SharedFile kind, SharedConfig& to) {
  bool missing = false;
  const std::string text = TRY(read_small_file(path, &missing));
  if (missing) return false;
  if (const auto parsed = parse_shared_file(text, kind, to); !parsed.ok())
    return refused("cannot read " + path + ": " + parsed.error().message);
  return true;
}

}  // namespace

Result<void> parse_shared_file(std::string_view text, SharedFile file, SharedConfig& to) {
  Settings* settings = nullptr;
  bool in_section = false;
  std::string outer;
  int number = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view whole = text.substr(start, end - start);
    const std::string_view line = trimmed(whole);
    start = end + 1;
    ++number;
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    const bool indented = whole.front() == ' ' || whole.front() == '\t';
    if (!indented && line.front() == '[') {
      const size_t close = line.find(']');
      if (close == std::string_view::npos)
        return refused("line " + std::to_string(number) + " has a [ without ].");
      settings = section(line.substr(1, close - 1), file, to);
      in_section = true;
      outer.clear();
      continue;
    }
    const size_t equals = line.find('=');
    if (indented && !outer.empty() && equals == std::string_view::npos) continue;  // a long value goes on
    if (equals == std::string_view::npos || equals == 0 || !in_section)
      return refused("line " + std::to_string(number) + " is neither [section] nor name = value.");
    if (settings == nullptr) continue;
    std::string name(trimmed(line.substr(0, equals)));
    if (indented && !outer.empty()) {
      name.insert(0, ".").insert(0, outer);
    } else {
      outer = name;
    }
    (*settings)[name] = without_comment(trimmed(line.substr(equals + 1)));
  }
  return {};
}

Result<SharedConfig> read_shared_config(const Environment& environment) {
  SharedConfig config;
  const std::string first = home_file(environment, "AWS_CONFIG_FILE", "config");
  const std::string second = home_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
  const bool has_first = TRY(add_file(first, SharedFile::Config, config));
  const bool has_second = TRY(add_file(second, SharedFile::Credentials, config));
  const auto named = [](const std::string& path, bool there) {
    return path + (there ? "" : " (no such file)");
  };
  config.looked_at = named(second, has_second) + ", " + named(first, has_first);
  return config;
}

std::string profile_name(const Environment& environment) {
  if (const auto name = environment("AWS_PROFILE")) return *name;
  return environment("AWS_DEFAULT_PROFILE").value_or("default");
}

std::optional<std::string> setting_of(const SharedConfig& config, const std::string& profile,
                                      const std::string& name) {
  const auto settings = config.profiles.find(profile);
  if (settings == config.profiles.end()) return std::nullopt;
  const auto setting = settings->second.find(name);
  if (setting == settings->second.end() || setting->second.empty()) return std::nullopt;
  return setting->second;
}

Result<std::string> read_small_file(const std::string& path, bool* missing) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (missing != nullptr && (errno == ENOENT || errno == ENOTDIR)) {
      *missing = true;
      return std::string();
    }
    return refused("cannot read " + path + ": " + std::generic_category().message(errno) + ".");
  }
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return refused("cannot read " + path + ".");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) return refused("cannot read " + path + ": it is over 1 MiB.");
  return text;
}

}  // namespace sluice::net
