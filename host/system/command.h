// How a command fails, says so, and shows how far it is.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "graph/patch/patch.h"

namespace legume {

// Prints them to stderr, a line each; true when there were any.
bool print_problems(const Problems& problems);

// A command that cannot do what was asked: the place, the fact and the next step.
struct CommandError : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// Runs a command and gives its exit code. What it throws is a line on stderr, and 1.
int attempt(const std::function<void()>& command);

// The command line's seed, else the patch's, else a new one.
std::uint64_t choose_seed(std::optional<std::uint64_t> asked, const Patch& patch);

// A progress line: redrawn in place on a terminal, otherwise printed now and then.
class Progress {
  public:
    Progress();
    void show(const std::string& line, double share);  // share 0..1
    void finish();

  private:
    bool terminal_;
    double next_ = 0;
    bool drawn_ = false;
};

}  // namespace legume
