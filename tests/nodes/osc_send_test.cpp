// The signal that leaves by OSC is the one that comes in.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "graph/abilities.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

TEST_CASE("what is sent is the newest sample, and nothing without a wire") {
    Rig rig({{"a", "input", {}}, {"s", "osc-send", {{"to", "127.0.0.1:9000"}}}, {"t", "tap", {}}}, {"a -> s", "a -> t"},
            {.inputs = 1});
    Samples ramp(256);
    for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i);
    rig.run(256, {ramp});
    CHECK(rig.meter("s", "value").value() == 255);
    Rig alone({{"s", "osc-send", {}}}, {}, Rig::Setup{});
    alone.run(64);
    CHECK(alone.meter("s", "value").value() == 0);
    CHECK(as<SendsOsc>(alone.node("s"))->osc_out().to.value() == "127.0.0.1:9001");
}
