// Grains: how many, how long, how high, from where, and what freezing keeps.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Cloud {
    Folder folder;
    std::unique_ptr<Rig> rig;
    Cloud(const Channels& sound, Settings settings, double file_rate = 48'000, std::uint64_t seed = 1) {
        write_wav(folder / "sound.wav", sound, file_rate);
        settings.emplace_back("file", (folder / "sound.wav").string());
        rig = std::make_unique<Rig>(std::vector<NodeText>{{"g", "granulator", settings}, {"t", "tap", {}}},
                                    std::vector<std::string>{"g -> t"}, Rig::Setup{.seed = seed});
    }
};
Rig live(Settings settings) {
    return Rig({{"i", "input", {{"channels", "2"}}}, {"g", "granulator", settings}, {"t", "tap", {}}},
               {"i -> g", "g -> t"}, {.inputs = 2});
}
// Lengths of what is not silent.
std::vector<std::size_t> bursts(const Samples& x) {
    std::vector<std::size_t> lengths;
    for (std::size_t i = 0; i < x.size(); ++i) {
        if (x[i] == 0) continue;
        if (i == 0 || x[i - 1] == 0) lengths.push_back(0);
        ++lengths.back();
    }
    return lengths;
}

}  // namespace

TEST_CASE("so many grains a second, each as long as the size says") {
    Cloud cloud({Samples(96'000, 0.5f)}, {{"density", "10 Hz"}, {"size", "20 ms"}, {"jitter", "0.8"}});
    auto lengths = bursts(cloud.rig->run(480'000)[0]);
    lengths.pop_back();  // it may not be over yet
    CHECK(static_cast<double>(lengths.size()) == doctest::Approx(100).epsilon(0.05));
    for (const auto length : lengths) CHECK(static_cast<double>(length) == doctest::Approx(960).epsilon(0.01));
}

TEST_CASE("pitch moves grains and leaves their length, whatever the file's rate") {
    for (const auto& [pitch, rate] : {std::pair{12.0f, 48'000.0}, {-12.0f, 48'000.0}, {7.0f, 44'100.0}}) {
        Cloud cloud({sine(440, rate, 200'000, 0.5f)},
                    {{"pitch", std::to_string(pitch)}, {"size", "300 ms"}, {"density", "1 Hz"}}, rate);
        const auto heard = cloud.rig->run(48'000)[0];
        CHECK(loudest_hertz(part(heard, 0, 16'384), 48'000) ==
              doctest::Approx(440 * std::exp2(static_cast<double>(pitch) / 12)).epsilon(0.003));
        CHECK(static_cast<double>(bursts(part(heard, 0, 40'000))[0]) > 14'000);
    }
}

TEST_CASE("position and spray choose where in the sound grains come from") {
    Samples halves(96'000, 0.2f);
    std::fill(halves.begin() + 48'000, halves.end(), 0.8f);
    const Settings one{{"density", "5 Hz"}, {"size", "100 ms"}};
    for (const auto& [position, level] : {std::pair{"0.1", 0.2}, {"0.9", 0.8}}) {
        auto settings = one;
        settings.emplace_back("position", position);
        CHECK(peak(Cloud({halves}, settings).rig->run(48'000)[0]) == doctest::Approx(level).epsilon(0.01));
    }
    auto sprayed = one;
    sprayed.insert(sprayed.end(), {{"position", "0.5"}, {"spray", "1 s"}, {"jitter", "0"}});
    const auto heard = Cloud({halves}, sprayed).rig->run(480'000)[0];
    int low = 0, high = 0;
    for (std::size_t g = 0; g + 9'600 <= heard.size(); g += 9'600)
        (peak(part(heard, g, 9'600)) < 0.3 ? low : high) += 1;
    CHECK(low > 12);
    CHECK(high > 12);
}

TEST_CASE("two hundred grains sound at once, about as loud as one, and no more than that") {
    Cloud cloud({noise(96'000, 1, 0.5f)}, {{"density", "2000 Hz"}, {"size", "2 s"}, {"spray", "1 s"}});
    const auto heard = part(cloud.rig->run(192'000)[0], 96'000, 90'000);
    CHECK(cloud.rig->meter("g", "sounding").value() == 200);
    CHECK(peak(heard) < 1);
    Cloud few({noise(96'000, 1, 0.5f)}, {{"density", "100 Hz"}, {"size", "1 s"}, {"spray", "1 s"}}),
        many({noise(96'000, 1, 0.5f)}, {{"density", "180 Hz"}, {"size", "1 s"}, {"spray", "1 s"}});
    CHECK(decibels(rms(part(few.rig->run(192'000)[0], 96'000, 90'000)) /
                   rms(part(many.rig->run(192'000)[0], 96'000, 90'000))) == doctest::Approx(0).epsilon(1).scale(1.5));
}

TEST_CASE("every window rises and falls without a click, forwards and backwards") {
    for (const auto* window : {"hann", "triangle", "flat"})
        for (const auto* backwards : {"0", "1"}) {
            Cloud cloud({Samples(96'000, 0.5f)},
                        {{"window", window}, {"backwards", backwards}, {"size", "50 ms"}, {"spray", "1 s"}});
            CHECK(largest_step(cloud.rig->run(96'000)[0]) < 0.03);
        }
}

TEST_CASE("what comes in is granulated, stereo apart, and frozen it goes on when nothing comes any more") {
    auto rig = live({{"buffer", "1 s"}, {"density", "40 Hz"}, {"position", "0.3"}});
    const auto left = sine(440, 48'000, 96'000, 0.5f), right = sine(1'000, 48'000, 96'000, 0.5f);
    rig.run(96'000, {left, right});
    rig.set("g", "freeze", 1);
    rig.run(9'600, {left, right});
    const auto frozen = rig.run(240'000);
    const auto tail = part(frozen[0], 170'000, 65'536);
    CHECK(loudest_hertz(tail, 48'000) == doctest::Approx(440).epsilon(0.01));
    CHECK(loudest_hertz(part(frozen[1], 170'000, 65'536), 48'000) == doctest::Approx(1'000).epsilon(0.01));
    CHECK(amplitude_at(tail, 48'000, 1'000) < 0.002);
    CHECK(largest_step(frozen[0]) < 0.15);
    rig.set("g", "freeze", 0);
    CHECK(peak(part(rig.run(192'000)[0], 144'000, 40'000)) == 0);
}

TEST_CASE("moving every param from end to end makes no click, and the same seed gives the same cloud") {
    const auto sweep = [](std::uint64_t seed) {
        Cloud cloud({sine(200, 48'000, 96'000, 0.5f)}, {{"size", "100 ms"}}, 48'000, seed);
        Samples heard;
        for (const auto* param : {"position", "spray", "jitter", "backwards", "density", "size"})
            for (const float value : {1.0f, 0.0f, 0.5f}) {
                cloud.rig->set("g", param, value);
                const auto next = cloud.rig->run(9'600)[0];
                heard.insert(heard.end(), next.begin(), next.end());
            }
        return heard;
    };
    const auto heard = sweep(3);
    CHECK(largest_step(heard) < 0.1);
    CHECK(heard == sweep(3));
    CHECK(heard != sweep(4));
}

TEST_CASE("a file that is not there is refused plainly") {
    const auto lines = problems_of({{"g", "granulator", {{"file", "nowhere.wav"}}}});
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("does not exist") != std::string::npos);
}
