// What all commands do alike when they fail, begin or take long.
// SPDX-License-Identifier: MIT
#include "host/system/command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>

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
        constexpr int width = 24;
        const int full = static_cast<int>(std::clamp(share, 0.0, 1.0) * width);
        std::fprintf(stderr, "\r[%s%s] %s\033[K", std::string(static_cast<std::size_t>(full), '#').c_str(),
                     std::string(static_cast<std::size_t>(width - full), '.').c_str(), line.c_str());
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
