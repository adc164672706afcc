// TOML text as a tree, read with toml11.
//
// Untrusted text gives a tree or an error, never a stopped program: size, nesting and bytes are checked
// before the library sees them. (toml++ 3.3 ends the program by an assertion on some malformed headers.)
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <toml.hpp>
#include <vector>

#include "base/result.h"

namespace sluice {

// Tables are in the order of their keys' bytes, not of the text.
using TomlValue = toml::basic_value<toml::discard_comments, std::map, std::vector>;
using TomlTable = TomlValue::table_type;

// The document's table. Errors: Refused, as `FILE:LINE: not TOML: what is wrong.` A text over 1 MiB or with
// more than 100 brackets open at once is refused too.
Result<TomlValue> parse_toml_text(std::string_view text, const std::string& file_name);

// The line, from 1, where a value stands. For messages: it counts lines from the beginning.
size_t line_of(const TomlValue& value);

}  // namespace sluice
