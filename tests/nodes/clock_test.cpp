// When the clock's pulses come.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Rig clock_rig(const Settings& settings, double rate = 48'000) {
    return Rig({{"c", "clock", settings}, {"t", "tap", {}}}, {"c -> t"}, {.rate = rate});
}
std::vector<std::size_t> rises(const Samples& x) {
    std::vector<std::size_t> at;
    for (std::size_t i = 0; i < x.size(); ++i)
        if (x[i] >= 0.5f && (i == 0 || x[i - 1] < 0.5f)) at.push_back(i);
    return at;
}
std::vector<std::size_t> first(std::vector<std::size_t> at, std::size_t count) {
    at.resize(std::min(at.size(), count));
    return at;
}

}  // namespace

TEST_CASE("a clock pulses at its rate, each pulse for its width") {
    for (const double rate : {44'100.0, 96'000.0}) {
        const auto y = clock_rig({{"rate", "10 Hz"}, {"width", "0.25"}}, rate).run(static_cast<std::size_t>(rate))[0];
        const auto at = rises(y);
        REQUIRE(at.size() >= 10);
        for (std::size_t i = 0; i < 10; ++i)
            CHECK(at[i] == doctest::Approx(rate / 10 * static_cast<double>(i)).epsilon(1e-3));
        double open = 0;
        for (const float gate : y) open += gate;
        CHECK(open / static_cast<double>(y.size()) == doctest::Approx(0.25).epsilon(0.02));
    }
}

TEST_CASE("in sync its pulses fall on the transport's lines to the frame, and rest with it") {
    auto rig = clock_rig({{"sync", "1/16"}, {"rate", "7 Hz"}});
    const auto at = rises(rig.run(48'000)[0]);
    REQUIRE(at.size() >= 8);
    for (std::size_t i = 0; i < 8; ++i) CHECK(at[i] == i * 6'000);
    rig.fire("transport", "stop");
    CHECK(peak(rig.run(24'000)[0]) == 0);
    rig.fire("transport", "start");
    CHECK(rises(rig.run(5'000)[0]) == std::vector<std::size_t>{0});
}

TEST_CASE("swing moves every second pulse back, and divide lets fewer through") {
    const auto swung = rises(clock_rig({{"sync", "1/8"}, {"swing", "0.625"}}).run(48'000)[0]);
    CHECK(first(swung, 4) == std::vector<std::size_t>{0, 15'000, 24'000, 39'000});
    const auto third = rises(clock_rig({{"sync", "1/8"}, {"divide", "3"}}).run(96'000)[0]);
    CHECK(first(third, 3) == std::vector<std::size_t>{0, 36'000, 72'000});
}

TEST_CASE("reset begins anew with a pulse") {
    auto rig = clock_rig({{"rate", "1 Hz"}});
    CHECK(rig.run(24'000)[0].back() == 0);
    rig.fire("c", "reset");
    CHECK(rises(rig.run(47'000)[0]) == std::vector<std::size_t>{0});
}
