// Keys as they are pressed, without Return, from a terminal; none where there is no terminal.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>

namespace legume {

class Keys {
  public:
    Keys();
    ~Keys();  // the terminal is as it was, and so it is when the program crashes
    Keys(const Keys&) = delete;
    Keys& operator=(const Keys&) = delete;

    bool open() const { return before_ != nullptr; }
    std::optional<char> take();  // never waits

  private:
    struct Terminal;
    std::unique_ptr<Terminal> before_;
};

}  // namespace legume
