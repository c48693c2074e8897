// What follows the patch that plays, told of each edit and called as often as the loop turns.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace legume {

class Controls;

// Control thread. It follows from its making to its end, in the order in which they were made.
class Follower {
  public:
    explicit Follower(Controls& controls);
    virtual ~Follower();
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;

    // The controls have been looked up anew. another: what played has given way to another patch, and nothing that was
    // known of it is meant any more.
    virtual void bind(bool another) = 0;
    virtual void tick() {}
    virtual std::string summary() const { return ""; }  // for the line at the end: "; OSC: 100 messages"

  protected:
    Controls& controls_;
};

}  // namespace legume
