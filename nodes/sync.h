// A length in beats that the patch may set, by which a node follows the transport instead of its own time.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "graph/node.h"

namespace legume {

class Sync : public NumberOption {
  public:
    Sync(Node* owner, std::string member_doc)
        : NumberOption(owner, "sync", {.min = 1.0f / 32, .max = 256, .initial = 1, .unit = Unit::beats},
                       std::move(member_doc), "off") {}
    bool on() const { return !is_word(); }
    // How often it has gone round since beat 0, at a frame; what falls on the frame but for rounding is on it.
    double turns(const Block& b, int frame) const {
        const auto& now = b.transport();
        return (now.at(frame) + 1e-3 * now.step) / static_cast<double>(value());
    }
    double seconds(const Block& b) const { return static_cast<double>(value()) * 60 / b.transport().tempo; }
};

}  // namespace legume
