// Which steps are not to be trusted: spikes, and what is no number; not the new state of things.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "nodes/samplernn/torch/spike_guard.h"

using legume::samplernn::SpikeGuard;

namespace {

SpikeGuard after(int steps, double bits = 2, double norm = 0.5) {
    SpikeGuard guard;
    for (int i = 0; i < steps; ++i) {
        guard.saw_bits(bits);
        guard.saw_norm(norm);
        guard.learned();
    }
    return guard;
}

}  // namespace

TEST_CASE("while little is known, everything is learned") {
    CHECK(std::isinf(SpikeGuard().most_bits()));
    CHECK(std::isinf(after(31).most_norm()));
    CHECK(std::isfinite(after(32).most_norm()));
}

TEST_CASE("a spike is far above the median, which it does not move") {
    SpikeGuard guard = after(100);
    CHECK(guard.most_norm() == 5);
    CHECK(guard.most_bits() == 4);
    guard.saw_norm(1e9);
    guard.skipped(true);
    CHECK(guard.most_norm() == 5);
    CHECK(guard.skips() == 1);
}

TEST_CASE("what lasts is no spike: after eight steps it is learned") {
    SpikeGuard guard = after(100);
    for (int i = 0; i < 8; ++i) {
        CHECK(std::isfinite(guard.most_norm()));
        guard.skipped(true);
    }
    CHECK(std::isinf(guard.most_norm()));
    CHECK(std::isinf(guard.most_bits()));
    guard.learned();
    CHECK(std::isfinite(guard.most_norm()));
}

TEST_CASE("five steps in a row without a finite number are hopeless, and none of them is remembered") {
    SpikeGuard guard = after(100);
    for (int i = 0; i < 5; ++i) {
        CHECK(!guard.hopeless());
        guard.saw_bits(std::nan(""));
        guard.saw_norm(INFINITY);
        guard.skipped(false);
    }
    CHECK(guard.hopeless());
    CHECK(guard.usual_bits() == 2);
    CHECK(guard.usual_norm() == 0.5);
}

TEST_CASE("a guard that was saved goes on as itself") {
    SpikeGuard guard = after(150, 3, 0.25), other;
    guard.skipped(true);
    other.load(guard.save());
    CHECK(other.save() == guard.save());
    CHECK(other.most_bits() == guard.most_bits());
    CHECK(other.most_norm() == guard.most_norm());
    CHECK(other.skips() == 1);
}
