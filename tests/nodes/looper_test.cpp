// A loop as it was played, dubs and their undoing, speeds, bars, and no clicks anywhere.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Loop {
    Rig rig;
    explicit Loop(const Settings& settings = {}, int channels = 1, double rate = 48'000)
        : rig({{"i", "input", {{"channels", std::to_string(channels)}}}, {"l", "looper", settings}, {"t", "tap", {}}},
              {"i -> l", "l -> t"}, {.rate = rate, .inputs = channels}) {}
    void fire(const std::string& what) { rig.fire("l", what); }
    Samples run(std::size_t frames, const Samples& in = {}) { return rig.run(frames, {in})[0]; }
    float meter(const std::string& what) { return rig.meter("l", what).value(); }
    // Records or dubs so many frames of a steady sound, which goes on for a moment after.
    void take(std::size_t frames, float level) {
        for (const std::size_t count : {frames, std::size_t{640}}) {
            fire("record");
            run(count, Samples(count, level));
        }
    }
    void take(const Samples& in) {
        fire("record");
        run(in.size(), in);
        fire("record");
    }
};
// The most that two sounds differ.
double apart(const Samples& a, const Samples& b) {
    REQUIRE(a.size() == b.size());
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(double{a[i]} - double{b[i]}));
    return most;
}

}  // namespace

TEST_CASE("what was played comes round and round in its place, to the bit") {
    for (const double rate : {44'100.0, 96'000.0}) {
        Loop loop({}, 2, rate);
        const auto left = noise(25'600, 1), right = noise(25'600, 2);
        loop.fire("record");
        loop.rig.run(25'600, {left, right});
        loop.fire("record");
        const auto heard = loop.rig.run(76'800);
        CHECK(loop.meter("length") == doctest::Approx(25'600 / rate));
        for (const std::size_t round : {std::size_t{0}, std::size_t{25'600}, std::size_t{51'200}}) {
            CHECK(part(heard[0], round + 600, 24'000) == part(left, 600, 24'000));
            CHECK(part(heard[1], round + 600, 24'000) == part(right, 600, 24'000));
        }
    }
}

TEST_CASE("the loop's end leads into its beginning without a click") {
    Loop loop;
    const auto tone = sine(441.3, 48'000, 96'000, 0.5f);
    loop.fire("record");
    loop.run(25'600, tone);
    loop.fire("record");
    const auto heard = loop.run(96'000, part(tone, 25'600, 64'000));
    CHECK(largest_step(part(heard, 600, 90'000)) < 1.3 * largest_step(tone));
}

TEST_CASE("dubs are added, undone and brought back, without a click") {
    Loop loop;
    loop.take(25'600, 0.2f);
    loop.take(25'600, 0.3f);
    auto heard = loop.run(25'600);
    CHECK(heard[12'800] == doctest::Approx(0.5));
    for (const double level : {0.2, 0.5, 0.2}) {
        loop.fire("undo");
        const auto next = loop.run(25'600);
        heard.insert(heard.end(), next.begin(), next.end());
        CHECK(next[12'800] == doctest::Approx(level));
    }
    CHECK(largest_step(heard) < 0.004);
    // A second dub goes onto what is heard, and only it is undone.
    loop.take(25'600, 0.1f);
    CHECK(loop.run(25'600)[12'800] == doctest::Approx(0.3));
    loop.fire("undo");
    CHECK(loop.run(25'600)[12'800] == doctest::Approx(0.2));
}

TEST_CASE("a dub lies where it was played, at any speed") {
    for (const float speed : {1.0f, 2.0f, 0.5f, -1.0f}) {
        Loop loop;
        loop.take(Samples(48'000, 0.0f));
        loop.run(640);
        loop.rig.set("l", "speed", speed);
        loop.run(9'600);
        loop.fire("record");
        loop.run(1'280);
        const float before = loop.meter("position") * 48'000;
        Samples tick(6'400, 0.0f);
        for (std::size_t i = 3'000; i < 3'008; ++i) tick[i] = 0.5f;  // 8 frames, whose middle is 3004
        loop.run(6'400, tick);
        loop.fire("record");
        loop.run(640);
        // Where the loop was when the tick came, and where the tick is in it: read once around at full speed.
        const double struck = std::fmod(double{before} + 3'004 * double{speed} + 480'000, 48'000);
        loop.rig.set("l", "speed", 1);
        loop.run(9'600);
        const double from = double{loop.meter("position")} * 48'000;
        const auto heard = loop.run(48'000);
        double sum = 0, weighted = 0;
        for (std::size_t i = 0; i < heard.size(); ++i) {
            sum += double{heard[i]};
            weighted += double{heard[i]} * static_cast<double>(i);
        }
        CAPTURE(speed);
        REQUIRE(sum > 1);
        const double found = std::fmod(from + weighted / sum, 48'000);
        CHECK(std::abs(found - struck) < 2.5);
    }
}

TEST_CASE("turning round in the middle of a dub leaves no step, neither at once nor afterwards") {
    for (const float back : {-1.0f, -2.0f, -0.3f}) {
        Loop loop;
        loop.take(Samples(48'000, 0.0f));
        loop.run(4'800);
        loop.fire("record");
        auto heard = loop.run(9'600, Samples(9'600, 0.5f));
        for (const float speed : {back, 1.0f, back, 1.0f}) {
            loop.rig.set("l", "speed", speed);
            const auto next = loop.run(9'600, Samples(9'600, 0.5f));
            heard.insert(heard.end(), next.begin(), next.end());
        }
        loop.fire("record");
        const auto rest = loop.run(144'000, Samples(640, 0.5f));
        heard.insert(heard.end(), rest.begin(), rest.end());
        CAPTURE(back);
        CHECK(peak(heard) > 0.4);
        CHECK(largest_step(heard) < 0.02 * peak(heard));
    }
}

TEST_CASE("feedback says how much stays where it is dubbed over") {
    Loop loop(Settings{{"feedback", "0.25"}});
    loop.take(25'600, 0.4f);
    loop.run(6'400 - 640);
    loop.take(12'800, 0);
    loop.run(6'400 - 640);
    const auto heard = loop.run(25'600);
    CHECK(heard[3'200] == doctest::Approx(0.4));
    CHECK(heard[12'800] == doctest::Approx(0.1));
    CHECK(heard[22'000] == doctest::Approx(0.4));
    CHECK(largest_step(heard) < 0.01);
}

TEST_CASE("half and double speed and backwards: pitch and length go together") {
    const auto tone = sine(750, 48'000, 48'000, 0.5f);  // whole periods
    for (const auto& [speed, hertz] : {std::pair{0.5f, 375.0}, {2.0f, 1'500.0}, {-1.0f, 750.0}}) {
        Loop loop;
        loop.take(tone);
        loop.rig.set("l", "speed", speed);
        loop.run(9'600);
        const auto heard = loop.run(80'000);
        CHECK(loudest_hertz(part(heard, 0, 65'536), 48'000) == doctest::Approx(hertz).epsilon(0.001));
        CHECK(largest_step(heard) < 0.12);
    }
    Loop loop;
    const auto sound = noise(48'000);
    loop.take(sound);
    loop.rig.set("l", "speed", -1);
    loop.run(48'000);
    const auto once = loop.run(48'000), twice = loop.run(48'000);
    CHECK(apart(once, twice) < 1e-3);
}

TEST_CASE("what is dubbed at half speed is an octave up at full speed") {
    Loop loop;
    loop.take(Samples(48'000, 0.0f));
    loop.rig.set("l", "speed", 0.5f);
    loop.run(9'600);
    loop.fire("record");
    loop.run(192'000, sine(500, 48'000, 192'000, 0.3f));
    loop.fire("record");
    loop.run(640);
    loop.rig.set("l", "speed", 1);
    loop.run(9'600);
    CHECK(loudest_hertz(part(loop.run(40'000), 0, 32'768), 48'000) == doctest::Approx(1'000).epsilon(0.002));
}

TEST_CASE("in sync a loop begins and ends on lines, so it lasts whole bars") {
    Loop loop(Settings{{"sync", "4"}});  // a bar at 120 is 96000 frames
    loop.run(12'800);
    loop.fire("record");
    loop.run(96'000 + 12'800, Samples(200'000, 0.3f));
    loop.fire("record");
    loop.run(96'000, Samples(96'000, 0.3f));
    CHECK(loop.meter("length") == doctest::Approx(2));
    CHECK(loop.run(640)[600] == doctest::Approx(0.3));
}

TEST_CASE("stop is silent soon, play begins anew, clear forgets, and none of it clicks") {
    Loop loop;
    loop.take(48'000, 0.3f);
    auto heard = loop.run(9'600);
    const auto go_on = [&](const std::string& what) {
        loop.fire(what);
        const auto next = loop.run(9'600);
        heard.insert(heard.end(), next.begin(), next.end());
        return next.back();
    };
    CHECK(go_on("stop") == 0);
    CHECK(go_on("play") == doctest::Approx(0.3));
    CHECK(loop.meter("position") == doctest::Approx(0.2).epsilon(0.01));
    CHECK(go_on("play") == doctest::Approx(0.3));
    CHECK(loop.meter("position") == doctest::Approx(0.2).epsilon(0.01));
    CHECK(go_on("clear") == 0);
    CHECK(loop.meter("length") == 0);
    CHECK(go_on("play") == 0);
    loop.take(12'800, 0.1f);
    const auto anew = loop.run(25'600);
    CHECK(anew.back() == doctest::Approx(0.1));
    CHECK(peak(anew) < 0.101);
    CHECK(largest_step(heard) < 0.006);
}

TEST_CASE("a recording that is as long as a loop can be is closed by itself, and one too short is none") {
    Loop loop(Settings{{"longest", "1 s"}});
    loop.fire("record");
    loop.run(96'000, Samples(96'000, 0.2f));
    CHECK(loop.meter("length") == doctest::Approx(1));
    CHECK(loop.meter("recording") == 0);
    Loop brief;
    brief.fire("record");
    brief.run(64, Samples(64, 0.2f));
    brief.fire("stop");
    brief.run(9'600);
    CHECK(brief.meter("length") == 0);
}
