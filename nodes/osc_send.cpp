// A signal that leaves by OSC, for pictures and other programs: the host looks at its meter and sends it.
// SPDX-License-Identifier: MIT
#include "graph/abilities.h"

namespace legume {
namespace {

struct OscSend final : Node, SendsOsc {
    In in{this, "in", {.channels = 1}, "Signal to send."};
    Meter value{this, "value", Unit::none, "What the signal is now."};
    TextOption to{this, "to", "127.0.0.1:9001", "The address and port that it goes to."};
    TextOption address{this, "address", "", "The OSC address that it has there; the node's own when not given."};
    NumberOption rate{this,
                      "rate",
                      {.min = 10, .max = 100, .initial = 30, .unit = Unit::hertz},
                      "How often it goes out at the most; what does not change is not sent."};
    const OscOut out{value, to, address, rate};

    const OscOut& osc_out() const override { return out; }
    void process(const Block& b) noexcept RT_SAFE override { value.set(in.read(b, 0)[block_frames - 1]); }
    void reset() noexcept RT_SAFE override { value.set(0); }
};

}  // namespace

extern const NodeType osc_send_node{"osc-send", "Sends a signal to another program by OSC.", make_node<OscSend>};

}  // namespace legume
