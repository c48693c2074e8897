// Only the program in front may read a terminal: one in the background would be stopped for trying.
// SPDX-License-Identifier: MIT
#include "host/models/keys.h"

#include <termios.h>
#include <unistd.h>

namespace legume {

struct Keys::Terminal {
    termios mode;
};

Keys::Keys() {
    const auto front = tcgetpgrp(STDIN_FILENO);  // -1: not the terminal that this program belongs to
    Terminal terminal;
    if (!isatty(STDIN_FILENO) || (front >= 0 && front != getpgrp()) || tcgetattr(STDIN_FILENO, &terminal.mode) != 0)
        return;
    before_ = std::make_unique<Terminal>(terminal);
    terminal.mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C stays what it is
    terminal.mode.c_cc[VMIN] = 0;
    terminal.mode.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal.mode);
}

Keys::~Keys() {
    if (before_) tcsetattr(STDIN_FILENO, TCSANOW, &before_->mode);
}

std::optional<char> Keys::take() {
    char key = 0;
    if (!before_ || read(STDIN_FILENO, &key, 1) != 1) return std::nullopt;
    return key;
}

}  // namespace legume
