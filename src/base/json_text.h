// JSON strings as text: taking escapes out and putting them in. Not a parser.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Appends what a JSON string's inside (between its quotes) means, as UTF-8. `inside` must already be known to
// be a legal JSON string body without lone surrogates; what is not is copied as it stands.
void append_unescaped(std::string& to, std::string_view inside);

// Appends `text` as a JSON string with its quotes, with the fewest escapes that JSON demands: quote,
// backslash and the control characters, as \b \t \n \f \r or \u00xx. Everything else goes through byte for
// byte.
void append_json_string(std::string& to, std::string_view text);

}  // namespace sluice
