// What all commands do alike when they fail, begin or take long.
// SPDX-License-Identifier: MIT
#include "host/system/command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>

#include "host/system/terminal.h"

namespace legume {

bool print_problems(const Problems& problems) {
    for (const auto& problem : problems) std::fprintf(stderr, "%s\n", to_string(problem).c_str());
    return !problems.empty();
}

int attempt(const std::function<void()>& command) {
    try {
        command();
        return 0;
    } catch (const std::runtime_error& error) {  // CommandError, or the network's, the sound's
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}

std::uint64_t choose_seed(std::optional<std::uint64_t> asked, const Patch& patch) {
    if (asked) return *asked;
    if (patch.seed) return *patch.seed;
    return std::random_device{}();  // 32 bits: short enough to read out and type again
}

Progress::Progress() : terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::show(const std::string& line, double share) {
    if (terminal_) {
        const int columns = line_columns(STDERR_FILENO);
        const int width = std::min(24, columns - columns_of(line) - 3);  // what the text leaves
        std::string bar;
        if (width >= 4) {
            const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * width);
            bar = "[" + std::string(full, '#') + std::string(static_cast<std::size_t>(width) - full, '.') + "] ";
        }
        redraw(stderr, fit(bar + line, columns));
        drawn_ = true;
    } else if (share >= next_) {
        std::fprintf(stderr, "%s\n", line.c_str());
        next_ = share + 0.1;
    }
}

void Progress::finish() {
    if (drawn_) std::fprintf(stderr, "\n");
    drawn_ = false;
}

}  // namespace legume
