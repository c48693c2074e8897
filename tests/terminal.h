// A terminal of the test's own: what a program under test types into, and what it would see there.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace legume::test {

class Terminal {
  public:
    explicit Terminal(int columns = 80);  // throws std::runtime_error when the system has none left
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void resize(int columns);
    bool type(const std::string& keys) const;
    int descriptor() const { return theirs_; }         // a program's end
    const std::string& name() const { return name_; }  // of that end, a file
    // What was written there so far, cut where a line ended or began anew; without what clears a line's rest.
    const std::vector<std::string>& lines();
    bool shows(const std::string& text);  // soon enough

  private:
    int ours_ = -1, theirs_ = -1;
    std::string name_;
    std::vector<std::string> lines_{""};
};

}  // namespace legume::test
