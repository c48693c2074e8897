// A program under test: started with its output caught, signalled, waited for, and killed with its owner.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "tests/folder.h"

namespace legume::test {

// Looks again and again until it is so, a minute at the most: machines are slow, and how slow is not what is tested.
bool eventually(const std::function<bool()>& so);

class Child {
  public:
    explicit Child(std::vector<std::string> command);  // throws std::runtime_error when it cannot be started
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    const std::string& output();  // of stdout and stderr together, so far
    std::vector<std::string> lines();
    bool says(const std::string& text);  // soon enough
    bool running();
    pid_t pid() const { return pid_; }
    void signal(int number);
    int wait();  // its exit code, minus the signal that ended it, or -1000 when a minute did not end it

  private:
    void collect();
    pid_t pid_ = 0;
    int from_ = -1;
    std::string output_;
    bool over_ = false;
    int status_ = 0;
};

// What the program says when it is given this, to stdout and stderr; the test fails unless it ends with that exit code.
std::string said(int code, std::vector<std::string> command, std::string program = built("legume"));

}  // namespace legume::test
