// Silences stderr while it lives: sound libraries print dozens of lines where a server or a card is missing.
// SPDX-License-Identifier: MIT
#pragma once

namespace legume {

// The whole process's stderr, so keep its life short. Nested and concurrent ones are counted.
class Quiet {
  public:
    explicit Quiet(bool verbose);  // verbose: does nothing
    ~Quiet();
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

  private:
    const bool verbose_;
};

}  // namespace legume
