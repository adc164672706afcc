// The documentation of settings and exit codes against the tables that the program itself works by.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/exit_code.h"
#include "app/settings.h"

namespace sluice::app {
namespace {

using testing::HasSubstr;

std::string document(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(std::string(SLUICE_DOCS_DIR) + "/" + name).rdbuf();
  return text.str();
}

// As a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string settings_table() {
  std::string table = "| setting | flag | default | meaning |\n|---|---|---|---|\n";
  for (const Setting& setting : all_settings()) {
    std::string meaning(setting.help);
    if (setting.kind != Kind::Text && setting.kind != Kind::Secret && setting.kind != Kind::Switch &&
        setting.kind != Kind::Keys) {
      const std::string right = expectation_of(setting);
      meaning += fmt::format(" ({})", right.substr(0, right.find(", for example")));
    }
    const std::string value = setting.value.empty() ? "" : fmt::format(" {}", setting.value);
    const std::string fallback = setting.fallback.empty() ? "" : fmt::format("`{}`", setting.fallback);
    table += fmt::format("| `{}` | `{}{}` | {} | {} |\n", setting.name, flag_of(setting), value, fallback,
                         cell(meaning));
  }
  return table;
}

TEST(Docs, configuration_has_the_table_of_all_settings) {
  const std::string text = document("configuration.md");
  EXPECT_TRUE(text.ends_with("## Settings\n\n" + settings_table()))
      << "docs/configuration.md must end with:\n\n"
      << settings_table();
}

TEST(Docs, operations_explains_every_exit_code_as_the_help_does) {
  const std::string text = document("OPERATIONS.md");
  std::istringstream lines(kExitCodesText);
  std::string line;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line)) {
    const size_t code = line.find_first_not_of(' ');
    const size_t meaning = line.find_first_not_of(' ', line.find(' ', code));
    EXPECT_THAT(text, HasSubstr(fmt::format("| {} | {} |", line.substr(code, line.find(' ', code) - code),
                                            line.substr(meaning))));
  }
}

}  // namespace
}  // namespace sluice::app
