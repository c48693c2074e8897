// A pseudo terminal, read whenever somebody asks.
// SPDX-License-Identifier: MIT
#include "tests/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "tests/child.h"

namespace legume::test {

Terminal::Terminal(int columns) {
    ours_ = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (ours_ < 0 || grantpt(ours_) != 0 || unlockpt(ours_) != 0) throw std::runtime_error("no pseudo terminal");
    name_ = ptsname(ours_);
    theirs_ = open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (theirs_ < 0) throw std::runtime_error("no pseudo terminal " + name_);
    resize(columns);
}

Terminal::~Terminal() {
    close(theirs_);
    close(ours_);
}

void Terminal::resize(int columns) {
    winsize size{};
    size.ws_row = 24;
    size.ws_col = static_cast<unsigned short>(columns);
    ioctl(ours_, TIOCSWINSZ, &size);
}

bool Terminal::type(const std::string& keys) const {
    return write(ours_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size());
}

const std::vector<std::string>& Terminal::lines() {
    char piece[4096];
    for (ssize_t n = 0; (n = read(ours_, piece, sizeof piece)) > 0;)
        for (const char c : std::string(piece, static_cast<std::size_t>(n))) {
            auto& line = lines_.back();
            if (line.ends_with("\033[K")) line.resize(line.size() - 3);
            if (c != '\r' && c != '\n')
                line += c;
            else if (!line.empty())
                lines_.emplace_back();
        }
    return lines_;
}

bool Terminal::shows(const std::string& text) {
    return eventually([&] {
        return std::any_of(lines().begin(), lines().end(),
                           [&](const std::string& line) { return line.find(text) != line.npos; });
    });
}

}  // namespace legume::test
