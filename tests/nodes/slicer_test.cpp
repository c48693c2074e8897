// Where slices begin, which comes next, and what is no slice.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/harness.h"

using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

struct Bench {
    Folder folder;
    std::unique_ptr<Rig> rig;
    Bench(const Channels& sound, Settings settings, std::uint64_t seed = 1) {
        write_wav(folder / "sound.wav", sound, 48'000);
        settings.emplace_back("file", (folder / "sound.wav").string());
        rig = std::make_unique<Rig>(std::vector<NodeText>{{"s", "slicer", settings}, {"t", "tap", {}}},
                                    std::vector<std::string>{"s -> t"}, Rig::Setup{.seed = seed});
    }
    Samples play(std::size_t frames) {
        rig->fire("s", "play");
        return rig->run(frames)[0];
    }
    std::vector<int> orders(int count) {
        std::vector<int> all;
        for (int i = 0; i < count; ++i) {
            play(64);
            all.push_back(static_cast<int>(rig->meter("s", "slice").value()));
        }
        return all;
    }
};

std::string fault(const std::filesystem::path& file, Settings settings) {
    settings.emplace_back("file", file.string());
    const auto lines = problems_of({{"s", "slicer", settings}});
    return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " problems";
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a grid's slice is heard to the bit between its fades, then silence") {
    const auto left = noise(96'000, 1), right = noise(96'000, 2);
    Bench bench({left, right}, {{"slices", "8"}});
    bench.play(12'800);
    bench.rig->fire("s", "play");
    const auto heard = bench.rig->run(14'400);
    CHECK(part(heard[0], 200, 11'600) == part(left, 12'200, 11'600));
    CHECK(part(heard[1], 200, 11'600) == part(right, 12'200, 11'600));
    CHECK(peak(part(heard[0], 12'002, 2'000)) == 0);
}

TEST_CASE("slices begin where sounds begin") {
    Samples struck(144'000, 0.0f);
    const std::vector<std::size_t> strokes{12'000, 40'000, 61'000, 100'000};
    for (const auto at : strokes)
        for (std::size_t i = at; i < struck.size(); ++i) {
            const double t = static_cast<double>(i - at) / 48'000;
            struck[i] += static_cast<float>(0.5 * std::exp(-t / 0.1) * std::sin(2 * 3.14159265 * 300 * t));
        }
    Bench bench({struck}, {{"cut", "onsets"}});
    bench.rig->run(64);
    REQUIRE(bench.rig->meter("s", "count").value() == 5);
    bench.play(64);
    for (const auto stroke : strokes) {
        const auto heard = bench.play(9'600);
        const auto loud = std::find_if(heard.begin(), heard.end(), [](float x) { return std::abs(x) > 0.1f; });
        CHECK(loud - heard.begin() < 240);
        CHECK(part(heard, 600, 4'000) != part(heard, 601, 4'000));
        const auto shift = [&](std::size_t early) { return part(struck, stroke - early + 600, 4'000); };
        bool same = false;
        for (std::size_t early = 0; early < 240; ++early) same = same || shift(early) == part(heard, 600, 4'000);
        CHECK(same);
    }
}

TEST_CASE("orders: forward, backward, each once before any again, by weight, by position") {
    const Channels sound{noise(48'000)};
    CHECK(Bench(sound, {{"slices", "4"}}).orders(6) == std::vector<int>{1, 2, 3, 4, 1, 2});
    CHECK(Bench(sound, {{"slices", "4"}, {"order", "backward"}}).orders(6) == std::vector<int>{4, 3, 2, 1, 4, 3});
    const auto shuffled = Bench(sound, {{"slices", "8"}, {"order", "shuffled"}}).orders(32);
    for (std::size_t round = 0; round < 4; ++round) {
        const auto at = shuffled.begin() + static_cast<std::ptrdiff_t>(8 * round);
        CHECK(std::set<int>(at, at + 8).size() == 8);
    }
    CHECK(std::vector<int>(shuffled.begin(), shuffled.begin() + 8) !=
          std::vector<int>(shuffled.begin() + 8, shuffled.begin() + 16));
    std::map<int, int> drawn;
    for (const int slice : Bench(sound, {{"slices", "4"}, {"order", "random"}}).orders(2'000)) ++drawn[slice];
    for (int s = 1; s <= 4; ++s) CHECK(drawn[s] == doctest::Approx(500).epsilon(0.15));
    Bench positioned(sound, {{"slices", "4"}, {"order", "position"}});
    for (const auto& [place, slice] : {std::pair{0.0f, 1}, {0.3f, 2}, {0.74f, 3}, {1.0f, 4}}) {
        positioned.rig->set("s", "position", place);
        CHECK(positioned.orders(1) == std::vector<int>{slice});
    }
}

TEST_CASE("a slice without weight is never drawn, and the same seed draws the same") {
    const Channels sound{noise(48'000)};
    Folder folder;
    write_wav(folder / "sound.wav", sound, 48'000);
    auto patch = make_patch(
        {{"s", "slicer", {{"file", (folder / "sound.wav").string()}, {"slices", "3"}, {"order", "weighted"}}},
         {"t", "tap", {}}},
        {"s -> t"});
    legume::Value list;
    list.kind = legume::Value::Kind::list;
    for (const auto* weight : {"3", "0", "1"}) {
        list.items.emplace_back();
        list.items.back().text = weight;
    }
    patch.nodes[0].settings.push_back({"weights", list, {}});
    std::map<int, int> drawn;
    Rig rig(patch, {});
    for (int i = 0; i < 2'000; ++i) {
        rig.fire("s", "play");
        rig.run(64);
        ++drawn[static_cast<int>(rig.meter("s", "slice").value())];
    }
    CHECK(drawn[2] == 0);
    CHECK(drawn[1] == doctest::Approx(1'500).epsilon(0.05));
    const Settings random{{"slices", "16"}, {"order", "random"}};
    CHECK(Bench(sound, random, 5).orders(50) == Bench(sound, random, 5).orders(50));
    CHECK(Bench(sound, random, 5).orders(50) != Bench(sound, random, 6).orders(50));
}

TEST_CASE("cutting in does not click, at any speed, and slices that run on are the sound itself") {
    for (const auto* speed : {"1", "-1", "0.6", "3"}) {
        Bench bench({Samples(96'000, 0.5f)}, {{"slices", "8"}, {"order", "random"}, {"speed", speed}});
        Samples heard;
        for (int i = 0; i < 30; ++i) {
            const auto next = bench.play(static_cast<std::size_t>(640 + 64 * (i % 7)));
            heard.insert(heard.end(), next.begin(), next.end());
        }
        CHECK(largest_step(heard) < 0.02);
    }
    const auto sound = noise(96'000);
    Bench bench({sound}, {{"slices", "16"}, {"run_on", "true"}});
    const auto heard = bench.play(96'000);
    double off = 0;
    for (std::size_t i = 200; i < 95'000; ++i) off = std::max(off, std::abs(double{heard[i]} - double{sound[i]}));
    CHECK(off < 1e-5);
}

TEST_CASE("in sync a slice begins on each line") {
    Bench bench({Samples(96'000, 0.5f)}, {{"slices", "16"}, {"sync", "1"}});
    const auto heard = bench.rig->run(96'000)[0];  // a beat is 24000 frames
    for (std::size_t beat = 0; beat < 4; ++beat) {
        CHECK(heard[beat * 24'000 + 3'000] == doctest::Approx(0.5));
        CHECK(peak(part(heard, beat * 24'000 + 6'100, 17'000)) == 0);
    }
}

TEST_CASE("slices that would be too short, and weights that draw nothing, are refused plainly") {
    Folder folder;
    write_wav(folder / "short.wav", {noise(4'800)}, 48'000);
    CHECK(has(fault(folder / "short.wav", {{"slices", "400"}}), "would be shorter than 5 ms; ask for 20 at the most"));
    CHECK(has(fault(folder / "none.wav", {}), "does not exist"));
    CHECK(has(fault(folder / "short.wav", {{"weights", "0"}, {"order", "weighted"}}), "weights are all 0"));
    CHECK(has(fault(folder / "short.wav", {{"weights", "1"}}), "the order is forward"));
    Bench silent({Samples(48'000, 0.0f)}, {{"cut", "onsets"}});
    REQUIRE(silent.rig->told.size() == 1);
    CHECK(has(silent.rig->told[0], "has no onset"));
}
