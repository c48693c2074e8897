// Faders are faders whatever they pass, and endless knobs are told by both their directions.
// SPDX-License-Identifier: MIT
#include "host/midi/dialect.h"

#include <doctest/doctest.h>

#include <vector>

using namespace legume;
using Relative = MidiSource::Relative;

namespace {

// What it is held to be, and after how many values; nothing when these do not say.
std::optional<Relative> told(const std::vector<int>& values) {
    Dialect dialect;
    for (const int value : values)
        if (const auto relative = dialect.hear(value)) return relative;
    return {};
}

}  // namespace

TEST_CASE("a fader is told from wherever it starts, and a switch is") {
    CHECK(told({30}) == Relative::no);
    CHECK(told({0}) == Relative::no);
    CHECK(told({64}) == Relative::no);
    CHECK(told({127, 0}) == Relative::no);
    for (const int start : {1, 60, 66, 126})
        for (const int way : {1, -1, 2, -2, 5, -5}) {
            CAPTURE(start);
            CAPTURE(way);
            std::vector<int> values;
            for (int value = start; value >= 0 && value <= 127; value += way) values.push_back(value);
            for (int value = start; value >= 0 && value <= 127; value -= way) values.push_back(value);
            CHECK(told(values) == Relative::no);
        }
}

TEST_CASE("an endless knob is told in each dialect once it was turned both ways, and not before") {
    CHECK(told({1, 1, 2, 1, 127, 127}) == Relative::twos);
    CHECK(told({127, 126, 127, 127, 1}) == Relative::twos);
    CHECK(told({1, 1, 1, 65, 65}) == Relative::sign);
    CHECK(told({65, 65, 65, 63, 63}) == Relative::offset);
    CHECK(told({63, 65, 62, 66, 63, 63}) == Relative::offset);
    for (const int click : {1, 63, 65, 127}) {
        Dialect dialect;
        for (int i = 0; i < 3; ++i) {
            CHECK(!dialect.hear(click));
            CHECK(!dialect.one_way());
        }
        CHECK(!dialect.hear(click));
        CHECK(dialect.one_way());
    }
}
