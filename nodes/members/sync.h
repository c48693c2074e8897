// A length in beats that the patch may set, by which a node follows the transport instead of its own time.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {

class Sync : public NumberOption {
  public:
    Sync(Node* node, std::string member_doc)
        : NumberOption(node, "sync", {.min = 1.0f / 32, .max = 256, .initial = 1, .unit = Unit::beats},
                       std::move(member_doc), "off") {}
    bool on() const { return !is_word(); }
    // How often it has gone round since beat 0, at a frame; what falls on the frame but for rounding is on it.
    double turns(const Block& b, int frame) const {
        const auto& now = b.transport();
        return (now.at(frame) + 1e-3 * now.step) / static_cast<double>(value());
    }
    double seconds(const Block& b) const { return static_cast<double>(value()) * 60 / b.transport().tempo; }
};

// The beginnings of a sync's rounds as time goes by them: each once, also where the tempo bends.
class Lines {
  public:
    explicit Lines(const Sync& sync) : sync_(sync) {}
    // Once a block, before its frames.
    void begin(const Block& b) noexcept RT_SAFE {
        const auto& now = b.transport();
        if (now.beat != expected_) line_ = math::floor(sync_.turns(b, -1));
        expected_ = now.running ? now.at(block_frames) : nowhere;
    }
    // Of each frame in turn: whether a round begins there.
    bool falls(const Block& b, int frame) noexcept RT_SAFE {
        const double was = std::exchange(line_, math::floor(sync_.turns(b, frame)));
        return line_ != was;
    }
    double count() const noexcept RT_SAFE { return line_; }  // of the round at hand; the first is 0
    void reset() noexcept RT_SAFE { expected_ = nowhere; }

  private:
    static constexpr double nowhere = -1;  // no beat is before the first
    const Sync& sync_;
    double line_ = 0, expected_ = nowhere;
};

}  // namespace legume
