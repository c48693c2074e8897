// A few threads that take one piece of work apart, the same way each time: who is faster never fixes a byte.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace legume::samplernn {

class Team {
  public:
    explicit Team(int lanes);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int lanes() const;
    // Lane 0 is the caller's thread. Returns when all are through; throws what a lane threw.
    void each(const std::function<void(int lane)>& work);
    // Inside `work`: waits for the other lanes. Throws when one of them has thrown.
    void meet();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

// A lane's part of `count` things in a row.
struct Share {
    std::int64_t from = 0, count = 0;
};
Share share(std::int64_t count, int lane, int lanes);

}  // namespace legume::samplernn
