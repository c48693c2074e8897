// How values are read, bent and printed.
// SPDX-License-Identifier: MIT
#include "graph/base/range.h"

#include <doctest/doctest.h>

#include <limits>

#include "graph/base/math.h"

using namespace legume;

TEST_CASE("a quantity reads as people write it") {
    CHECK(*parse_quantity("2 kHz", Unit::hertz).value == 2000);
    CHECK(*parse_quantity("440", Unit::hertz).value == 440);
    CHECK(*parse_quantity("20ms", Unit::seconds).value == doctest::Approx(0.02));
    CHECK(*parse_quantity("2 min", Unit::seconds).value == 120);
    CHECK(*parse_quantity("-6 dB", Unit::decibels).value == -6);
    CHECK(*parse_quantity("50 ct", Unit::semitones).value == doctest::Approx(0.5));
    CHECK(*parse_quantity("50 %", Unit::none).value == doctest::Approx(0.5));
    CHECK(*parse_quantity("1/8", Unit::beats).value == doctest::Approx(0.5));
    CHECK(*parse_quantity("800 MB", Unit::gigabytes).value == doctest::Approx(0.8));
    CHECK(*parse_quantity("true", Unit::flag).value == 1);
    CHECK(*parse_quantity("+3", Unit::none).value == 3);
}

TEST_CASE("a quantity with the wrong unit or none at all is an error that says what is wanted") {
    CHECK(parse_quantity("2 kHz", Unit::seconds).error == "\"2 kHz\" is not a time such as 0.5, 0.5 s or 20 ms");
    CHECK(parse_quantity("loud", Unit::decibels).error == "\"loud\" is not a level such as -6 or -6 dB");
    CHECK(parse_quantity("1.5", Unit::count).error == "\"1.5\" is not a whole number");
    for (const char* text : {"", " ", "nan", "inf", "1e999", "1 2", "0x10", "1/0", "--1", "+-5", "++5", "+", "true"})
        CHECK_FALSE(parse_quantity(text, Unit::beats).value);
    CHECK_FALSE(parse_quantity("2", Unit::flag).value);
}

TEST_CASE("a logarithmic range is even in octaves and meets its ends") {
    const Range range{.min = 20, .max = 20'000, .initial = 1'000, .unit = Unit::hertz, .curve = Curve::log};
    CHECK(range.denormalise(0) == 20);
    CHECK(range.denormalise(1) == 20'000);
    CHECK(range.denormalise(0.5f) == doctest::Approx(632.456));
    for (float share : {0.0f, 0.1f, 0.5f, 0.9f, 1.0f})
        CHECK(range.normalise(range.denormalise(share)) == doctest::Approx(share));
    CHECK(range.clamp(std::numeric_limits<float>::quiet_NaN()) == 1'000);
    CHECK(range.clamp(1e9f) == 20'000);
    CHECK(range.denormalise(std::numeric_limits<float>::quiet_NaN()) == 20);
}

TEST_CASE("values print in the player's units") {
    const Range hertz{.min = 0, .max = 20'000, .unit = Unit::hertz};
    CHECK(hertz.print(1'200) == "1.2 kHz");
    CHECK(hertz.print(0.1f) == "0.1 Hz");
    CHECK(Range{.unit = Unit::seconds}.print(0.02f) == "20 ms");
    CHECK(Range{.unit = Unit::flag}.print(1) == "true");
    CHECK(Range{.min = -90, .max = 24, .unit = Unit::decibels}.limits() == "-90 dB to 24 dB");
}

TEST_CASE("the way between two values is even in octaves for hertz, and in power for levels") {
    const Range hertz{.min = 20, .max = 20'000, .initial = 440, .unit = Unit::hertz, .curve = Curve::log};
    CHECK(hertz.between(100, 6'400, 0.5f) == doctest::Approx(800).epsilon(1e-4));
    const Range level{.min = -90, .max = 24, .unit = Unit::decibels};
    for (const float share : {0.1f, 0.25f, 0.5f, 0.8f}) {
        const double out = math::amplitude(static_cast<double>(level.between(-6, -90, share)));
        const double in = math::amplitude(static_cast<double>(level.between(-90, -6, share)));
        CHECK(out * out + in * in == doctest::Approx(math::amplitude(-6) * math::amplitude(-6)).epsilon(1e-4));
    }
    CHECK(level.between(-90, -6, 0) == -90);
    CHECK(level.between(-90, -6, 1) == -6);
    CHECK(level.between(-90, -90, 0.5f) == -90);
    CHECK(level.between(-90, -6, std::numeric_limits<float>::quiet_NaN()) == -90);
    const Range flag{.unit = Unit::flag};
    CHECK(flag.between(0, 1, 0.4f) == 0);
    CHECK(flag.between(0, 1, 0.6f) == 1);
}
