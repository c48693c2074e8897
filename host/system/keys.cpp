// Only the program in front may read a terminal: one in the background would be stopped for trying.
// SPDX-License-Identifier: MIT
#include "host/system/keys.h"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace legume {
namespace {

termios as_it_was;  // for what ends the program from under its feet

constexpr std::array ends{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};

void give_back(int signal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
    std::signal(signal, SIG_DFL);
    raise(signal);
}

bool in_front() {
    const auto front = tcgetpgrp(STDIN_FILENO);  // -1: not the terminal that this program belongs to
    return isatty(STDIN_FILENO) && (front < 0 || front == getpgrp());
}

}  // namespace

struct Keys::Terminal {
    termios mode;
};

Keys::Keys() {
    Terminal terminal;
    if (!in_front() || tcgetattr(STDIN_FILENO, &terminal.mode) != 0) return;
    before_ = std::make_unique<Terminal>(terminal);
    as_it_was = terminal.mode;
    for (const int signal : ends) {
        struct sigaction now {};
        if (sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) std::signal(signal, give_back);
    }
    terminal.mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C stays what it is
    terminal.mode.c_cc[VMIN] = 0;
    terminal.mode.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal.mode);
}

Keys::~Keys() {
    if (!before_) return;
    for (const int signal : ends) {
        struct sigaction now {};
        if (sigaction(signal, nullptr, &now) == 0 && now.sa_handler == give_back) std::signal(signal, SIG_DFL);
    }
    if (in_front()) tcsetattr(STDIN_FILENO, TCSANOW, &before_->mode);
}

std::optional<char> Keys::take() {
    char key = 0;
    if (!before_ || !in_front() || read(STDIN_FILENO, &key, 1) != 1) return std::nullopt;
    return key;
}

}  // namespace legume
