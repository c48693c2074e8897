// The time that reading weights takes at the least: where they lie decides, and nothing about it is timed here.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/bench/roofline.h"

#include <doctest/doctest.h>

using namespace legume::samplernn;

namespace {

Machine machine_of(std::size_t l2, std::size_t l3) {
    Machine machine;
    machine.l2 = l2;
    machine.l3 = l3;
    machine.l2_rate = l2 ? 100 : 0;
    machine.l3_rate = l3 ? 50 : 0;
    machine.memory_rate = 10;
    return machine;
}

}  // namespace

TEST_CASE("weights are read from the first levels that hold them") {
    const auto machine = machine_of(4000, 40'000);  // hold 3000 and 30000
    CHECK(reading_seconds(machine, 1000, 3000) == doctest::Approx(1000 / 100.0));
    CHECK(reading_seconds(machine, 1000, 6000) == doctest::Approx(500 / 100.0 + 500 / 50.0));
    CHECK(reading_seconds(machine, 1000, 66'000) ==
          doctest::Approx(1000 * (3 / 66.0 / 100 + 30 / 66.0 / 50 + 33 / 66.0 / 10)));
}

TEST_CASE("a machine without a third level, or that tells of none, reads from memory") {
    CHECK(reading_seconds(machine_of(4000, 0), 1000, 6000) == doctest::Approx(500 / 100.0 + 500 / 10.0));
    CHECK(reading_seconds(machine_of(0, 0), 1000, 6000) == doctest::Approx(1000 / 10.0));
}

TEST_CASE("this machine has a name, cores, and reads from every level that it has") {
    const auto machine = measure_machine();
    CHECK(!machine.cpu.empty());
    CHECK(machine.cores >= 1);
    CHECK((machine.l2_rate > 0) == (machine.l2 > 0));
    CHECK((machine.l3_rate > 0) == (machine.l3 > 0));
    CHECK(machine.memory_rate > 0);
}
