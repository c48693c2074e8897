// Regions in a row: lengths to the frame, fades, order, slow disks, vanished files, and what makes no sense.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "host/patch/yaml.h"
#include "nodes/samplernn/takes/picks.h"
#include "nodes/sound/sound_file.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::test;

namespace {

// Two files of noise and one of a steady sound, two seconds each.
struct Sounds {
    Folder folder;
    Samples a = noise(96'000, 1, 0.5f), b = noise(96'000, 2, 0.5f);
    Sounds() {
        write_wav(folder / "a.wav", {a}, 48'000);
        write_wav(folder / "b.wav", {b}, 48'000);
        write_wav(folder / "steady.wav", {Samples(96'000, 0.5f)}, 48'000);
    }
    LoadedPatch text(const std::string& settings) const {
        return load_patch_text(
            "legume: 1\nnodes:\n  c: {type: cut, " + settings + "}\n  t: {type: tap}\nwires: [c -> t]\n",
            (folder / "p.yaml").string());
    }
    Rig play(const std::string& settings, double rate = 48'000) const {
        auto loaded = text(settings);
        REQUIRE(loaded.problems.empty());
        return Rig(std::move(loaded.patch), {.rate = rate});
    }
    std::vector<std::string> problems(const std::string& settings) const {
        auto checked = check(text(settings).patch, test_types());
        std::vector<std::string> lines;
        for (const auto& problem : checked.problems)
            lines.push_back(std::to_string(problem.place.column) + ": " + problem.message);
        return lines;
    }
    std::string problem(const std::string& settings) const {
        const auto lines = problems(settings);
        return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " problems";
    }
};
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("regions play in their order, each at its length to the frame, and begin again") {
    const Sounds sounds;
    for (const auto* stream : {"memory", "disk"}) {
        auto rig = sounds.play(
            "regions: [{file: a.wav, from: 1 s, to: 1.5 s}, {file: b.wav, to: 0.25 s, gain: -6 dB}], "
            "fade: 1 ms, stream: " +
            std::string(stream));
        const auto heard = rig.run(96'000)[0];
        for (const std::size_t round : {std::size_t{0}, std::size_t{36'000}}) {
            CHECK(part(heard, round + 100, 23'800) == part(sounds.a, 48'100, 23'800));
            for (std::size_t i = 24'100; i < 35'900; ++i)
                REQUIRE(double{heard[round + i]} ==
                        doctest::Approx(0.501187 * double{sounds.b[i - 24'000]}).epsilon(1e-4));
        }
    }
}

TEST_CASE("order takes regions by number, as often as it likes") {
    const Sounds sounds;
    auto rig =
        sounds.play("regions: [{file: a.wav, to: 100 ms}, {file: b.wav, to: 100 ms}], order: [2, 2, 1], fade: 1 ms");
    const auto heard = rig.run(24'000)[0];
    CHECK(part(heard, 100, 4'600) == part(sounds.b, 100, 4'600));
    CHECK(part(heard, 4'900, 4'600) == part(sounds.b, 100, 4'600));
    CHECK(part(heard, 9'700, 4'600) == part(sounds.a, 100, 4'600));
    CHECK(part(heard, 14'500, 4'600) == part(sounds.b, 100, 4'600));
}

TEST_CASE("a region backwards and a region at double speed take the time that they say") {
    const Sounds sounds;
    auto rig = sounds.play(
        "regions: [{file: a.wav, from: 0.5 s, to: 1 s, speed: -1}, {file: b.wav, to: 1 s, speed: 2}], "
        "fade: 1 ms");
    const auto heard = rig.run(96'000);
    for (std::size_t i = 100; i < 23'900; ++i) REQUIRE(heard[0][i] == sounds.a[47'999 - i]);
    CHECK(rms(part(heard[0], 24'100, 23'800)) > 0.1);
    for (std::size_t i = 48'100; i < 71'900; ++i) REQUIRE(heard[0][i] == sounds.a[95'999 - i]);
}

TEST_CASE("one region fades into the next without a gap, a step, or a change of power") {
    const Sounds sounds;
    // An uncut sound stays what it was.
    auto whole = sounds.play("regions: [{file: a.wav, to: 1 s}, {file: a.wav, from: 1 s}], law: linear, fade: 50 ms");
    const auto uncut = part(whole.run(95'000)[0], 4'800, 88'000);
    const auto made = part(sounds.a, 4'800, 88'000);
    double apart = 0;
    for (std::size_t i = 0; i < uncut.size(); ++i)
        apart = std::max(apart, std::abs(double{uncut[i]} - double{made[i]}));
    CHECK(apart < 1e-4);
    // Two sounds that have nothing to do with each other keep their power.
    auto two = sounds.play("regions: [{file: a.wav, to: 1 s}, {file: b.wav, to: 1 s}], fade: 200 ms");
    const auto heard = two.run(96'000)[0];
    CHECK(rms(part(heard, 50'400, 4'800)) == doctest::Approx(0.5 / std::sqrt(3)).epsilon(0.05));
    auto steady =
        sounds.play("regions: [{file: steady.wav, to: 37 ms}, {file: steady.wav, from: 1 s, to: 1.1 s}], fade: 5 ms");
    CHECK(largest_step(steady.run(96'000)[0]) < 0.004);
}

TEST_CASE("without loop the row ends, with hold a region stays") {
    const Sounds sounds;
    auto once = sounds.play("regions: [{file: steady.wav, to: 0.2 s}, {file: steady.wav, to: 0.3 s}], loop: false");
    const auto heard = once.run(48'000)[0];
    CHECK(heard[20'000] == doctest::Approx(0.5));
    CHECK(peak(part(heard, 26'400, 20'000)) == 0);
    CHECK(largest_step(heard) < 0.004);
    CHECK(once.meter("c", "region").value() == 0);
    auto held = sounds.play("regions: [{file: a.wav, to: 0.2 s}, {file: b.wav, to: 0.3 s}], hold: true");
    held.run(48'000);
    CHECK(held.meter("c", "region").value() == 1);
    held.set("c", "hold", 0);
    held.run(10'000);
    CHECK(held.meter("c", "region").value() == 2);
}

TEST_CASE("next, previous, start and stop go where they say, and none clicks") {
    const Sounds sounds;
    auto rig = sounds.play(
        "regions: [{file: steady.wav, to: 1 s}, {file: steady.wav, to: 1.2 s}, {file: steady.wav}], "
        "autostart: false");
    CHECK(peak(rig.run(4'800)[0]) == 0);
    Samples heard;
    const auto go = [&](const std::string& trigger) {
        rig.fire("c", trigger);
        const auto next = rig.run(2'400)[0];
        heard.insert(heard.end(), next.begin(), next.end());
        return static_cast<int>(rig.meter("c", "region").value());
    };
    CHECK(go("start") == 1);
    CHECK(go("next") == 2);
    CHECK(go("next") == 3);
    CHECK(go("next") == 1);
    CHECK(go("previous") == 3);
    CHECK(go("previous") == 2);
    CHECK(go("start") == 1);
    CHECK(go("stop") == 0);
    CHECK(heard.back() == 0);
    for (int i = 0; i < 40; ++i) {
        rig.fire("c", i % 3 ? "next" : "start");
        const auto next = rig.run(64)[0];
        heard.insert(heard.end(), next.begin(), next.end());
    }
    CHECK(largest_step(heard) < 0.03);
}

TEST_CASE("files of other rates and widths lie side by side in a row") {
    const Sounds sounds;
    write_wav(sounds.folder / "slow.wav", {sine(440, 16'000, 32'000, 0.5f), sine(660, 16'000, 32'000, 0.5f)}, 16'000);
    write_wav(sounds.folder / "fast.wav", {sine(440, 96'000, 192'000, 0.5f)}, 96'000);
    for (const double rate : {44'100.0, 96'000.0, 192'000.0}) {
        auto rig = sounds.play("regions: [slow.wav, fast.wav]", rate);
        const auto one = rig.run(static_cast<std::size_t>(2 * rate)), two = rig.run(static_cast<std::size_t>(2 * rate));
        CHECK(loudest_hertz(part(one[0], 4'000, 65'536), rate) == doctest::Approx(440).epsilon(0.002));
        CHECK(loudest_hertz(part(one[1], 4'000, 65'536), rate) == doctest::Approx(660).epsilon(0.002));
        CHECK(loudest_hertz(part(two[0], 4'000, 65'536), rate) == doctest::Approx(440).epsilon(0.002));
        CHECK(part(two[0], 4'000, 65'536) == part(two[1], 4'000, 65'536));  // a mono sound is heard on both
    }
}

TEST_CASE("from the disk it plays the same as from memory, however slow the disk is") {
    const Sounds sounds;
    const std::string row =
        "regions: [{file: a.wav, to: 0.7 s}, {file: b.wav, from: 1 s, to: 1.4 s, speed: -1}, "
        "{file: a.wav, from: 0.2 s, to: 0.3 s}, {file: b.wav, speed: 1.5}], stream: ";
    auto memory = sounds.play(row + "memory"), disk = sounds.play(row + "disk");
    disk.lag = 300;  // 0.4 s from one turn to the next
    CHECK(disk.run(480'000) == memory.run(480'000));
    CHECK(disk.meter("c", "late").value() == 0);
}

TEST_CASE("what the disk did not bring in time is faded over, counted and said, and the row goes on in time") {
    const Sounds sounds;
    Samples long_one(1'920'000, 0.5f);
    write_wav(sounds.folder / "long.wav", {long_one}, 48'000);
    auto rig = sounds.play("regions: [long.wav], stream: disk");
    auto heard = rig.run(4'800)[0];
    rig.lag = 1 << 20;
    for (const std::size_t frames : {std::size_t{240'000}, std::size_t{48'000}}) {
        const auto next = rig.run(frames)[0];
        heard.insert(heard.end(), next.begin(), next.end());
        rig.lag = 1;
    }
    CHECK(peak(part(heard, 230'000, 10'000)) == 0);
    CHECK(heard.back() == 0.5f);
    CHECK(largest_step(heard) < 0.006);
    CHECK(rig.meter("c", "late").value() == 1);
    REQUIRE(rig.told.size() == 1);
    CHECK(has(rig.told[0], "came too late from the disk"));
}

TEST_CASE("a file that vanishes or is cut off is passed over and said, and the row plays on") {
    const Sounds sounds;
    write_wav(sounds.folder / "gone.wav", {Samples(480'000, 0.25f)}, 48'000);
    auto rig = sounds.play(
        "regions: [{file: steady.wav, to: 1 s}, {file: gone.wav, from: 8 s, to: 9 s}, "
        "{file: steady.wav, to: 1 s}], stream: disk, order: [1, 3, 1, 3, 1, 3, 2]");
    auto heard = rig.run(48'000)[0];
    std::filesystem::resize_file(sounds.folder / "gone.wav", 400'000);
    const auto more = rig.run(480'000)[0];
    heard.insert(heard.end(), more.begin(), more.end());
    CHECK(largest_step(heard) < 0.006);
    CHECK(*std::min_element(heard.begin() + 4'800, heard.end()) > 0.2f);
}

TEST_CASE("a training run stands for its starred takes, as legume writes its picks") {
    const Sounds sounds;
    const auto run = sounds.folder / "run";
    std::filesystem::create_directories(run / "takes");
    for (const auto& [name, level] :
         {std::pair{"00000010-a.flac", 0.1f}, {"00000020-b.flac", 0.2f}, {"00000030-c.flac", 0.3f}}) {
        SoundWriter writer(run / "takes" / name, 16'000, 1, SoundFormat::flac_16);
        writer.write(Samples(16'000, level));
        writer.finish();
    }
    CHECK(has(sounds.problem("regions: run"), "holds no sound, and no picks.yaml"));
    write_picks(run, {{"takes/00000010-a.flac", {.star = true, .step = 10, .seed = 7}},
                      {"takes/00000020-b.flac", {.star = false, .step = 20, .seed = std::nullopt}},
                      {"takes/00000030-c.flac", {.star = true, .step = 30, .seed = std::nullopt}}});
    auto rig = sounds.play("regions: run");
    const auto heard = rig.run(144'000)[0];
    for (const auto& [at, level] : {std::pair{24'000, 0.1}, {72'000, 0.3}, {120'000, 0.1}})
        CHECK(heard[static_cast<std::size_t>(at)] == doctest::Approx(level).epsilon(0.001));
    // A hand's order is the order in which they are heard.
    std::ofstream(run / "picks.yaml") << "# The end first.\npicks:\n- file: takes/00000030-c.flac  # bright\n"
                                         "  star: yes\n- 'takes/00000020-b.flac'\n";
    auto by_hand = sounds.play("regions: run");
    const auto turned = by_hand.run(96'000)[0];
    for (const auto& [at, level] : {std::pair{24'000, 0.3}, {72'000, 0.2}})
        CHECK(turned[static_cast<std::size_t>(at)] == doctest::Approx(level).epsilon(0.001));
    std::ofstream(run / "picks.yaml") << "picks:\n- {file: [a}\n";
    CHECK(has(sounds.problem("regions: run"), "picks.yaml:2:12: this is not YAML"));
}

TEST_CASE("what makes no sense is said at its place, with the next step") {
    const Sounds sounds;
    CHECK(has(sounds.problem("regions: [a.wav, {file: none.wav}]"), "none.wav does not exist"));
    CHECK(has(sounds.problem("regions: [{file: a.wav, from: 3 s}]"), "from is at 3 s, but"));
    CHECK(has(sounds.problem("regions: [{file: a.wav, to: 3 s}]"), "is only 2 s long"));
    CHECK(has(sounds.problem("regions: [{file: a.wav, from: 1 s, to: 1 s}]"), "there is nothing to hear"));
    CHECK(has(sounds.problem("regions: [{file: a.wav, from: 1 s, to: 0.5 s}]"), "there is nothing to hear"));
    CHECK(has(sounds.problem("regions: [{file: a.wav, speed: 0}]"), "would never end"));
    CHECK(has(sounds.problem("regions: [{file: a.wav, form: 1 s}]"), "a region has no setting \"form\""));
    CHECK(has(sounds.problem("regions: [{from: 1 s}]"), "a region needs \"file\""));
    CHECK(has(sounds.problem("regions: [{file: a.wav, fade: 5 Hz}]"), "fade: "));
    CHECK(has(sounds.problem("regions: a.wav, order: [1, 2]"), "there is no region 2; there are 1"));
    CHECK(has(sounds.problem("regions: []"), "the list is empty"));
    CHECK(sounds.problem("regions: [a.wav, {file: b.wav, from: 7 s}]").substr(0, 4) == "42: ");
    std::filesystem::create_directories(sounds.folder / "empty");
    CHECK(has(sounds.problem("regions: [empty]"), "holds no sound"));
    CHECK(sounds.problems("regions: [{file: a.wav, from: 1 s}, b.wav]").empty());
}
