// The log of a performance: all that was moved, and at which frame; and the cues that play it again.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <filesystem>

#include "host/runner.h"

namespace legume {

// A line each: frame, seconds, target, value, seconds of the glide ("own": the param's). Written as it is played.
class Log {
  public:
    // Throws std::runtime_error when the file cannot be written. The runner's stamps go here from now on.
    Log(const std::filesystem::path& file, Runner& runner);
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

  private:
    void write(const Applied& applied);
    Runner& runner_;
    std::FILE* file_;
};

int print_cues(const std::filesystem::path& log);  // exit code

}  // namespace legume
