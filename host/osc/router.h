// What each OSC address means: a node's own params and triggers, and those that bindings lead to.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
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
    // What is wrong with the message, with its next step; empty when it was taken. A name that is near is looked for
    // only when `advise`, for that costs more than all else.
    std::string take(const OscMessage& message, bool advise = true);
    // Its number, when it does no more than set params: then only the newest of several at its address counts.
    std::optional<float> settles(const OscMessage& message);
    std::uint64_t refused() const { return refused_; }

  private:
    struct Bound {
        Binding binding;
        Target target;
        Mapping mapping;
    };
    struct Hit {
        Target target;
        bool unit = false;                    // from 0 to 1
        std::size_t bound = ~std::size_t{0};  // in bound_; beyond its end: the node's own address
    };
    using Hits = std::vector<Hit>;
    const Hits& hits(const std::string& address);
    std::string give(const Hit& hit, const OscMessage& message);
    std::string unknown(const std::string& address, bool advise) const;
    Controls& controls_;
    std::vector<Bound> bound_;
    std::unordered_map<std::string, Hits> known_;  // what was looked up since the last edit
    std::uint64_t refused_ = 0;
};

}  // namespace legume
