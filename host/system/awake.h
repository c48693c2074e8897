// Keeps the computer from falling asleep, and its screen from going dark, while it plays, where the system allows that.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

namespace legume {

// By systemd-inhibit; where that is missing or refuses, nothing happens and nothing is said.
class Awake {
  public:
    Awake();
    ~Awake();
    Awake(const Awake&) = delete;
    Awake& operator=(const Awake&) = delete;
    bool look();  // now and then: whether it still holds; what has ended is cleared away

  private:
    pid_t pid_ = -1;
    int held_ = -1;  // it lasts as long as this is open, so it ends with us however we end
};

}  // namespace legume
