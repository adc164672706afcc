// The terminal, if there is one.
#pragma once

#include <cstddef>
#include <cstdio>

namespace sluice::app {

bool is_terminal(std::FILE* stream);
// Colour is for terminals whose owner has not set NO_COLOR or TERM=dumb.
bool takes_colour(std::FILE* stream);
// Columns of the terminal, 80 when it does not say.
size_t terminal_width(std::FILE* stream);

}  // namespace sluice::app
