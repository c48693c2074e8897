// What each OSC address means: a node's own params and triggers, and those that bindings lead to.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/control/controls.h"
#include "host/control/mapping.h"
#include "host/osc/osc.h"

namespace legume {

// Control thread.
class OscRouter {
  public:
    explicit OscRouter(Controls& controls) : controls_(controls) {}
    void bind();  // after every edit, and after the controls
    // What is wrong with the message, with its next step; empty when it was taken.
    std::string take(const OscMessage& message);
    std::uint64_t refused() const { return refused_; }

  private:
    struct Bound {
        Binding binding;
        Target target;
        Mapping mapping;
    };
    std::string give(const Target& target, const OscMessage& message, bool unit, const Bound* bound);
    std::string unknown(const std::string& address) const;
    Controls& controls_;
    std::vector<Bound> bound_;
    std::uint64_t refused_ = 0;
};

}  // namespace legume
