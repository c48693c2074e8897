// A terminal's width and lines that fit it: a line that is redrawn in place must not wrap, or the screen scrolls away.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace legume {

// Columns for a line on the terminal behind this descriptor, as wide as it is now: one less than it has, since behind
// the last one some wrap. Of 80 where nobody can tell.
int line_columns(int descriptor);

// Columns that UTF-8 text takes. What may be two wide (from U+3000 on) counts as two: too short is better than wrapped.
int columns_of(std::string_view text);

// The beginning or the end of the text, with "..." for the rest, no wider than that and never cut within a character.
std::string fit(std::string_view text, int columns);
std::string fit_end(std::string_view text, int columns);

// In the place of the line that was drawn before. What would be more than its column, a tab or a line break, is a
// space.
void redraw(std::FILE* terminal, std::string line);

}  // namespace legume
