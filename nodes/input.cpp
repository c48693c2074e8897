// What the audio device hears.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "graph/node.h"

namespace legume {
namespace {

struct Input final : Node {
    Out out{this, "out", "The device's inputs, from its first on."};
    NumberOption channels{this,
                          "channels",
                          {.min = 1, .max = max_channels, .initial = 1, .unit = Unit::count},
                          "How many inputs of the device; those that it lacks are silent."};

    int channels_of(const Out&, int) const override { return channels.count(); }
    int device_inputs() const override { return channels.count(); }
    void process(const Block& b) noexcept RT_SAFE override {
        const Signal& device = b.device_in();
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto y = out.write(b, ch);
            if (ch < device.channels)
                std::copy_n(device.data[static_cast<std::size_t>(ch)], block_frames, y.begin());
            else
                std::fill(y.begin(), y.end(), 0.0f);
        }
    }
};

}  // namespace

extern const NodeType input_node{"input", "Brings in what the audio device hears.", make_node<Input>};

}  // namespace legume
