// How wide a text is on a terminal, and what of it is safe to show there.
//
// A small table of ranges instead of the C library's, which depends on the locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::app {

// Columns that `text` takes: 2 for East Asian wide characters and emoji, 0 for what combines with the
// character before, 1 for the rest. Bytes that are not UTF-8 count 1 each.
size_t display_width(std::string_view text);

// `text` cut to `width` columns, the last one "…", when it is wider.
std::string cut_to_width(std::string_view text, size_t width);

// `text` broken between words, so that lines stay within `width`; lines after the first begin with `indent`
// spaces, and the first one is taken to begin there too.
std::string wrap_words(std::string_view text, size_t indent, size_t width);

// `text` with every character escaped that a terminal would obey or that would break a line: \n, \t, \x1b,
// \u0085; bytes that are not UTF-8 become \xff. A backslash stays as it is.
std::string printable(std::string_view text);

}  // namespace sluice::app
