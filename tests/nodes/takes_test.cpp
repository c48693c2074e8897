// A run's takes in every order, under a slow disk, with files that vanish, and never a gap or a click.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "graph/reads.h"
#include "nodes/sound/sound_file.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

// Takes of a second each, every one at a level of its own: 0.1 for the first, 0.2 for the second ...
struct Run {
    Folder folder;
    explicit Run(std::vector<int> steps = {10, 20, 40, 80, 100}, double rate = 16'000) {
        std::filesystem::create_directories(folder / "takes");
        float level = 0;
        for (const int step : steps) write(step, Samples(static_cast<std::size_t>(rate), level += 0.1f), rate);
    }
    std::filesystem::path file(int step, int seed = 1) const {
        const auto number = std::to_string(step);
        return folder / ("takes/" + std::string(8 - number.size(), '0') + number + "-seed" + std::to_string(seed) +
                         "-voice00-t0.9-1s.flac");
    }
    void write(int step, const Samples& x, double rate, int seed = 1) const {
        SoundWriter writer(file(step, seed), rate, 1, SoundFormat::flac_16);
        writer.write(x);
        writer.finish();
    }
    void picks(const std::string& text) const { std::ofstream(folder / "picks.yaml") << text; }
    Rig play(Settings settings = {}, double rate = 48'000) const {
        settings.emplace_back("run", folder.path.string());
        return Rig({{"k", "takes", settings}, {"t", "tap", {}}}, {"k -> t"}, {.rate = rate});
    }
};

int playing(Rig& rig) { return static_cast<int>(rig.meter("k", "take").value()); }
// Which takes play, one after the other, looked at once a second where each is alone.
std::vector<int> row(Rig& rig, int count, std::size_t frames = 48'000 - 9'600) {
    std::vector<int> takes;
    rig.run(4'800 * 4);
    for (int i = 0; i < count; ++i) {
        takes.push_back(playing(rig));
        rig.run(frames);
    }
    return takes;
}
std::vector<std::string> problems(const std::string& run, Settings settings = {}) {
    settings.emplace_back("run", run);
    return problems_of({{"k", "takes", settings}});
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
double quietest(const Samples& x) {  // of 10 ms at a time
    double least = 1e9;
    for (std::size_t i = 0; i + 480 <= x.size(); i += 480) least = std::min(least, rms(part(x, i, 480)));
    return least;
}

}  // namespace

TEST_CASE("takes follow each other through the ages, and begin anew after the last") {
    const Run run;
    auto older = run.play();
    CHECK(row(older, 6) == std::vector{1, 2, 3, 4, 5, 1});
    auto younger = run.play({{"order", "younger"}, {"age", "1"}});
    CHECK(row(younger, 6) == std::vector{5, 4, 3, 2, 1, 5});
    CHECK(younger.meter("k", "step").value() == 80);
}

TEST_CASE("a take sounds as it was made, at its own pitch and level") {
    Run run({10});
    run.write(10, sine(440, 16'000, 64'000, 0.5f), 16'000);
    for (const double rate : {44'100.0, 48'000.0, 96'000.0, 192'000.0}) {
        auto rig = run.play({}, rate);
        rig.run(static_cast<std::size_t>(rate) / 4);
        const auto heard = part(rig.run(70'000)[0], 0, 65'536);
        CHECK(loudest_hertz(heard, rate) == doctest::Approx(440).epsilon(0.001));
        CHECK(amplitude_at(heard, rate, 440) == doctest::Approx(0.5).epsilon(0.01));
    }
}

TEST_CASE("age goes to the takes of that share of the training, fading over without a click") {
    const Run run;
    auto rig = run.play({{"order", "age"}, {"crossfade", "50 ms"}});
    auto heard = rig.run(24'000)[0];
    for (const auto& [age, take] : {std::pair{0.19f, 2}, {0.85f, 4}, {0.0f, 1}, {1.0f, 5}, {0.42f, 3}}) {
        rig.set("k", "age", age);
        const auto next = rig.run(96'000)[0];  // and there it stays
        heard.insert(heard.end(), next.begin(), next.end());
        CHECK(playing(rig) == take);
        CHECK(heard.back() == doctest::Approx(0.1 * take).epsilon(0.45));
    }
    CHECK(largest_step(heard) < 0.5 * 3.2 / (0.05 * 48'000));
    CHECK(quietest(part(heard, 4'800, heard.size() - 4'800)) > 0.09);
}

TEST_CASE("takes of one age take turns") {
    Run run({10, 20});
    run.write(20, Samples(16'000, 0.3f), 16'000, 2);
    run.write(20, Samples(16'000, 0.4f), 16'000, 3);
    auto rig = run.play({{"order", "age"}, {"age", "1"}});
    const auto takes = row(rig, 6);
    CHECK(std::set<int>(takes.begin(), takes.end()) == std::set{2, 3, 4});
    CHECK(takes[0] != takes[1]);
    CHECK(takes[1] != takes[2]);
}

TEST_CASE("at random no take comes twice in a row and all come; a walk goes no further than its stride") {
    const Run run({1, 2, 3, 4, 5, 6, 7, 8});
    auto any = run.play({{"order", "random"}});
    const auto takes = row(any, 60);
    for (std::size_t i = 1; i < takes.size(); ++i) CHECK(takes[i] != takes[i - 1]);
    CHECK(std::set<int>(takes.begin(), takes.end()).size() == 8);
    auto walk = run.play({{"order", "walk"}, {"stride", "2"}, {"age", "0.5"}});
    const auto steps = row(walk, 60);
    for (std::size_t i = 1; i < steps.size(); ++i) {
        CHECK(steps[i] != steps[i - 1]);
        CHECK(std::abs(steps[i] - steps[i - 1]) <= 2);
    }
    CHECK(std::set<int>(steps.begin(), steps.end()).size() > 4);
}

TEST_CASE("next goes on and previous goes back the way that was heard") {
    const Run run;
    auto rig = run.play({{"order", "random"}, {"crossfade", "20 ms"}});
    rig.run(4'800);
    std::vector<int> way{playing(rig)};
    for (int i = 0; i < 5; ++i) {
        rig.fire("k", "next");
        rig.run(4'800);
        way.push_back(playing(rig));
    }
    for (std::size_t i = way.size() - 1; i-- > 0;) {
        rig.fire("k", "previous");
        rig.run(4'800);
        CHECK(playing(rig) == way[i]);
    }
}

TEST_CASE("hold stays with a take for as long as it is on") {
    const Run run;
    auto rig = run.play({{"hold", "true"}, {"age", "0.4"}});
    CHECK(row(rig, 5) == std::vector{3, 3, 3, 3, 3});
    rig.set("k", "hold", 0);
    rig.run(30'000);
    CHECK(playing(rig) == 4);
}

TEST_CASE("stop falls silent, start plays from the age that is set, and neither clicks") {
    const Run run;
    auto rig = run.play({{"age", "0.4"}});
    auto heard = rig.run(24'000)[0];
    const auto go_on = [&](const std::string& what) {
        rig.fire("k", what);
        const auto next = rig.run(24'000)[0];
        heard.insert(heard.end(), next.begin(), next.end());
        return next.back();
    };
    CHECK(go_on("stop") == 0);
    CHECK(playing(rig) == 0);
    CHECK(go_on("start") == doctest::Approx(0.3).epsilon(0.01));
    CHECK(largest_step(heard) < 0.001);
}

TEST_CASE("stars alone play when they are asked for, and what was dropped never does") {
    const Run run;
    run.picks("# Takes.\npicks:\n  - {file: \"takes/" + run.file(20).filename().string() +
              "\", star: true, step: 20, seed: 1}\n  - {file: \"takes/" + run.file(40).filename().string() +
              "\", star: false, step: 40}\n  - takes/" + run.file(100).filename().string() + "\n");
    auto rig = run.play({{"stars", "true"}});
    rig.run(4'800);
    CHECK(rig.meter("k", "step").value() == 20);
    rig.run(48'000);
    CHECK(rig.meter("k", "step").value() == 100);
    auto all = run.play();
    CHECK(row(all, 5) == std::vector{1, 2, 3, 4, 1});
    CHECK(all.meter("k", "step").value() != 40);
}

TEST_CASE("picks that a hand wrote are read as any YAML") {
    const Run run;
    run.picks("picks:\n# The dark one.\n- star: yes\n  file: \"./takes/" + run.file(40).filename().string() +
              "\"  # listen to its end\n-   {file: takes/" + run.file(80).filename().string() + ", star: no}\n");
    auto rig = run.play({{"stars", "true"}});
    rig.run(48'000 * 3);
    CHECK(rig.meter("k", "step").value() == 40);
}

TEST_CASE("however slow the disk is, takes never starve") {
    const Run run;
    for (const auto* order : {"older", "random", "walk"}) {
        auto quick = run.play({{"order", order}}), slow = run.play({{"order", order}});
        slow.lag = 300;  // 0.4 s from one turn to the next
        const auto heard = slow.run(480'000);
        CHECK(heard == quick.run(480'000));
        CHECK(slow.meter("k", "late").value() == 0);
    }
}

TEST_CASE("when the disk brings nothing more the take at hand goes round, and when it comes back the row goes on") {
    const Run run;
    auto rig = run.play({{"crossfade", "20 ms"}});
    rig.run(4'800);
    rig.lag = 1 << 20;
    auto heard = rig.run(480'000)[0];
    CHECK(quietest(heard) > 0.09);
    rig.fire("k", "next");
    rig.fire("k", "next");
    rig.set("k", "age", 0.8f);
    const auto more = rig.run(96'000)[0];
    heard.insert(heard.end(), more.begin(), more.end());
    CHECK(quietest(more) > 0.09);
    rig.lag = 1;
    const auto after = rig.run(24'000)[0];
    heard.insert(heard.end(), after.begin(), after.end());
    CHECK(rig.meter("k", "step").value() >= 80);
    CHECK(largest_step(heard) < 0.5 * 3.2 / (0.005 * 48'000));
}

TEST_CASE("a hand on age that never rests does not click, nor do triggers without end") {
    const Run run;
    auto rig = run.play({{"crossfade", "500 ms"}, {"law", "linear"}});
    Samples heard;
    std::uint64_t draw = 0;
    for (int i = 0; i < 400; ++i) {
        rig.set("k", "age", static_cast<float>(i * 37 % 101) / 100);
        if (++draw % 3 == 0) rig.fire("k", draw % 2 ? "next" : "previous");
        const auto next = rig.run(192)[0];
        heard.insert(heard.end(), next.begin(), next.end());
    }
    CHECK(largest_step(heard) < 8 * 0.5 / (0.005 * 48'000));
    CHECK(quietest(part(heard, 9'600, heard.size() - 9'600)) > 0.02);
}

TEST_CASE("a take that vanishes is passed over and said, and the others play on") {
    const Run run;
    auto rig = run.play({{"crossfade", "20 ms"}});
    rig.run(640);
    std::filesystem::remove(run.file(40));
    std::filesystem::remove(run.file(80));
    const auto heard = rig.run(48'000 * 8)[0];
    CHECK(quietest(part(heard, 4'800, heard.size() - 4'800)) > 0.09);
    CHECK(peak(heard) < 0.75);
    CHECK(std::any_of(rig.told.begin(), rig.told.end(), [](const std::string& line) {
        return has(line, "00000040-seed1") && has(line, "does not exist");
    }));
}

TEST_CASE("takes of several rates and widths play beside each other") {
    const Run run({10});
    {
        SoundWriter writer(run.file(20), 48'000, 2, SoundFormat::flac_16);
        Samples both;
        for (int i = 0; i < 48'000; ++i) both.insert(both.end(), {0.2f, 0.4f});
        writer.write(both);
        writer.finish();
    }
    auto rig = run.play();
    auto heard = rig.run(24'000);
    CHECK(heard[0].back() == doctest::Approx(0.1).epsilon(0.01));
    CHECK(heard[1].back() == doctest::Approx(0.1).epsilon(0.01));
    heard = rig.run(48'000);
    CHECK(heard[0].back() == doctest::Approx(0.2).epsilon(0.01));
    CHECK(heard[1].back() == doctest::Approx(0.4).epsilon(0.01));
}

TEST_CASE("what is no run is refused plainly, and a take that cannot be read is left out") {
    const Run run;
    const Folder empty;
    const auto one = [&](const std::filesystem::path& path, Settings settings = {}) {
        const auto lines = problems(path.string(), std::move(settings));
        return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " problems";
    };
    CHECK(has(one(empty.path), "has no takes"));
    CHECK(has(one(empty / "none"), "does not exist"));
    CHECK(has(one(run.file(10)), "is no folder"));
    CHECK(has(one(run.folder.path, {{"stars", "true"}}), "has no starred takes"));
    run.picks("picks:\n  - {star: true}\n");
    CHECK(has(one(run.folder.path), "picks.yaml:2:5: a pick wants a file"));
    std::string dropped = "picks:\n";
    for (const int step : {10, 20, 40, 80, 100})
        dropped += "  - {file: \"takes/" + run.file(step).filename().string() + "\", star: false}\n";
    run.picks(dropped);
    CHECK(has(one(run.folder.path), "drops every take"));
    std::filesystem::remove(run.folder / "picks.yaml");
    std::ofstream(run.file(40)) << "no sound";
    auto rig = run.play();
    REQUIRE(rig.told.size() == 1);
    CHECK(has(rig.told[0], "it is left out"));
    CHECK(row(rig, 5) == std::vector{1, 2, 3, 4, 1});
}

TEST_CASE("a pack takes a run's takes and picks along, and not its checkpoints") {
    const Run run({10, 20});
    std::ofstream(run.folder / "big.safetensors") << "weights";
    run.picks("picks:\n  - takes/" + run.file(20).filename().string() + "\n");
    auto rig = run.play();
    const auto* reads = as<Reads>(rig.node("k"));
    REQUIRE(reads);
    auto files = reads->reads(*rig.node("k").options().front());
    std::sort(files.begin(), files.end());
    std::vector<std::filesystem::path> expected{run.folder / "picks.yaml", run.file(10), run.file(20)};
    std::sort(expected.begin(), expected.end());
    CHECK(files == expected);
}
