// What a node is that sounds on for a while when its Ins fall silent, as an echo or a room does.
// SPDX-License-Identifier: MIT
#pragma once

namespace legume {

// A node is one beside being a Node. When another patch takes over, it is fed no more and rings on.
class HasTail {
  public:
    virtual ~HasTail() = default;
};

}  // namespace legume
