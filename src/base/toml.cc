#include "base/toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <sstream>

#include "base/text.h"

namespace sluice {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
// The library parses a value inside a value by recursion.
constexpr size_t kMaxOpenBrackets = 100;

Error not_toml(const std::string& file_name, size_t line, std::string_view what) {
  return refused(fmt::format("{}:{}: not TOML: {}.", file_name, line, what));
}

// The line on which too many brackets are open, or 0. Brackets in strings and comments count as well: they
// close again, or nobody writes a hundred of them.
size_t line_nested_too_deep(std::string_view text) {
  size_t open = 0;
  size_t line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (open > kMaxOpenBrackets) return line;
  }
  return 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '.' || text.back() == ' ' || text.back() == ':'))
    text.remove_suffix(1);
  return text;
}

// The line with a byte that TOML does not allow anywhere, or 0. The library reads past its buffer when a
// quoted key holds malformed UTF-8.
size_t line_with_odd_byte(std::string_view text) {
  size_t line = 1;
  for (size_t begin = 0; begin < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view bytes = text.substr(begin, end - begin);
    const bool control = std::ranges::any_of(bytes, [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r') || c == 0x7F;
    });
    if (control || !is_utf8(bytes)) return line;
    begin = end + 1;
  }
  return 0;
}

// The library's message is a drawing of several lines: `[error] function: what`, the line, and a mark below
// it with a remark.
std::string sentence_of(std::string_view drawn) {
  std::string_view what = drawn.substr(0, drawn.find('\n'));
  const size_t function_end = what.find(": ");
  if (function_end != std::string_view::npos) what.remove_prefix(function_end + 2);
  what = trimmed(what);
  if (what.empty())
    return "a value is no text in quotes, no number, true, false or date, no list and no table";
  const size_t mark = drawn.rfind("--- ");
  const std::string_view remark = mark == std::string_view::npos ? "" : trimmed(drawn.substr(mark + 4));
  if (remark.empty() || remark == "here" || remark.find('\n') != std::string_view::npos)
    return std::string(what);
  return fmt::format("{}: {}", what, remark);
}

}  // namespace

Result<TomlValue> parse_toml_text(std::string_view text, const std::string& file_name) {
  if (text.size() > kMaxBytes) return not_toml(file_name, 1, "it is larger than 1 MiB");
  if (const size_t line = line_nested_too_deep(text); line > 0)
    return not_toml(file_name, line, fmt::format("more than {} brackets are open", kMaxOpenBrackets));
  if (const size_t line = line_with_odd_byte(text); line > 0)
    return not_toml(file_name, line, "a byte stands there that is neither UTF-8 text nor a tab");
  std::istringstream stream{std::string(text)};
  try {
    return toml::parse<toml::discard_comments, std::map, std::vector>(stream, file_name);
  } catch (const toml::exception& wrong) {
    return not_toml(file_name, wrong.location().line(), sentence_of(wrong.what()));
  } catch (const std::exception& wrong) {
    return not_toml(file_name, 1, sentence_of(wrong.what()));
  }
}

size_t line_of(const TomlValue& value) { return value.location().line(); }

}  // namespace sluice
