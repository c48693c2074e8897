// Counts UTF-8 by its first bytes, which tell how long a character is and nearly how wide.
// SPDX-License-Identifier: MIT
#include "host/system/terminal.h"

#include <sys/ioctl.h>

#include <algorithm>

namespace legume {
namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }  // a character begun before
int columns_of(char byte) { return continues(byte) ? 0 : static_cast<unsigned char>(byte) >= 0xe3 ? 2 : 1; }
std::string_view rest(int columns) { return columns >= 10 ? "..." : ""; }

}  // namespace

int line_columns(int descriptor) {
    winsize size{};
    return (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80) - 1;
}

int columns_of(std::string_view text) {
    int columns = 0;
    for (const char byte : text) columns += columns_of(byte);
    return columns;
}

std::string fit(std::string_view text, int columns) {
    int wide = columns_of(text);
    if (wide <= columns) return std::string(text);
    const auto more = rest(columns);
    auto end = text.size();
    while (end > 0 && (wide > columns - static_cast<int>(more.size()) || continues(text[end]))) {
        --end;
        wide -= columns_of(text[end]);
    }
    return std::string(text.substr(0, end)) + std::string(more);
}

std::string fit_end(std::string_view text, int columns) {
    int wide = columns_of(text);
    if (wide <= columns) return std::string(text);
    const auto more = rest(columns);
    std::size_t begin = 0;
    while (begin < text.size() && (wide > columns - static_cast<int>(more.size()) || continues(text[begin]))) {
        wide -= columns_of(text[begin]);
        ++begin;
    }
    return std::string(more) + std::string(text.substr(begin));
}

void redraw(std::FILE* terminal, std::string line) {
    std::replace_if(
        line.begin(), line.end(), [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, ' ');
    std::fprintf(terminal, "\r%s\033[K", line.c_str());
    std::fflush(terminal);
}

}  // namespace legume
