// From one patch to another by what is heard: no click, no hole, the same bytes, and nothing left behind.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "host/engine/changeover.h"
#include "host/engine/runner.h"
#include "host/patch/yaml.h"
#include "nodes/registry.h"
#include "tests/harness.h"
#include "tests/heap_trap.h"

using namespace legume;

namespace {

constexpr std::size_t second = 48'000;

std::string tone(const std::string& hertz, const std::string& gain = "-12 dB", const std::string& head = "") {
    return "legume: 1\n" + head + "nodes:\n  tone: {type: oscillator, frequency: " + hertz + " Hz, gain: " + gain +
           "}\n  out: {type: output}\nwires: [tone -> out]\n";
}

Checked load(const std::string& text, const std::string& name = "t.yaml") {
    auto loaded = load_patch_text(text, name);
    for (const auto& problem : loaded.problems) FAIL(to_string(problem));
    auto checked = check(std::move(loaded.patch), node_types());
    for (const auto& problem : checked.problems) FAIL(to_string(problem));
    return checked;
}

struct Band {
    Runner runner{{48'000, 0, 2, 3, {}}};
    test::Samples heard;
    int piece = 64;
    int sprung = 0;  // how often the audio thread touched the heap or a lock

    explicit Band(const std::string& text) { REQUIRE(runner.edit(load(text)).empty()); }
    void pull(std::size_t frames) {
        std::vector<float> left(static_cast<std::size_t>(piece)), right(left);
        float* out[] = {left.data(), right.data()};
        for (const auto end = heard.size() + frames; heard.size() < end;) {
            {
                const test::HeapTrap trap;
                runner.play(nullptr, 0, out, 2, piece);
                sprung += trap.sprung();
            }
            runner.tick();
            heard.insert(heard.end(), left.begin(), left.end());
        }
    }
    void settle() {
        while (!runner.settled()) pull(64);
    }
    void change(const std::string& text, const Crossfade& over) {
        settle();
        auto next = runner.prepare(load(text), 3);
        REQUIRE(next.problems.empty());
        runner.change(std::move(next), over);
    }
    double beep(double hertz, std::size_t from, std::size_t count = 4'800) const {
        return test::amplitude_at(test::part(heard, from, count), 48'000, hertz);
    }
};

double largest_step(const test::Samples& x, std::size_t from) {
    return test::largest_step(test::part(x, from, x.size() - from));
}

std::size_t longest_silence(const test::Samples& x, std::size_t from) {
    std::size_t longest = 0, run = 0;
    for (std::size_t i = from; i < x.size(); ++i) {
        run = x[i] == 0 ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

std::string edited(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != text.npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("two patches whose nodes have the same names change with even power, without a click and without the heap") {
    Band band(tone("300"));
    band.pull(2 * second);
    const auto* before = band.runner.find("tone");
    band.change(tone("500"), {1, 4});
    CHECK(band.runner.find("tone") != before);
    band.pull(2 * second);
    CHECK(band.sprung == 0);
    // A sine of -12 dB steps by 0.25 * 2 pi f / 48000 at the most; while both sound, by both at their gains.
    CHECK(largest_step(band.heard, second) < 0.25 * 2 * 3.1416 * (300 + 500) / 48'000);
    CHECK(longest_silence(band.heard, second) < 64);
    const auto middle = 2 * second + second / 2 - 2'400;
    CHECK(band.beep(300, middle) == doctest::Approx(0.25 * std::sqrt(0.5)).epsilon(0.03));
    CHECK(band.beep(500, middle) == doctest::Approx(0.25 * std::sqrt(0.5)).epsilon(0.03));
    CHECK(band.beep(300, 3 * second + 500) < 1e-4);
    CHECK(band.beep(500, 3 * second + 500) == doctest::Approx(0.25).epsilon(0.01));
    CHECK_FALSE(band.runner.leaving());  // nothing of it rings
}

TEST_CASE("after a cut the echo of the old patch rings on, for as long as it may") {
    const auto echo = R"(legume: 1
nodes:
  tone: {type: oscillator, frequency: 300 Hz, gain: -12 dB}
  echo: {type: delay, time: 0.5, feedback: 0.9}
  out:  {type: output}
wires: [tone -> echo -> out, tone -> out]
)";
    Band band(echo);
    band.pull(2 * second);
    band.change(tone("500"), {0, 2});
    band.pull(second);
    const double just_after = band.beep(300, 2 * second + 4'800);
    CHECK(just_after > 0.2);                           // what was said half a second ago
    CHECK(band.beep(300, 3 * second - 4'800) > 0.05);  // and its echo
    CHECK(band.runner.leaving());
    band.pull(2 * second);
    CHECK_FALSE(band.runner.leaving());
    CHECK(band.beep(300, 4 * second + 4'800) < 1e-4);
    CHECK(band.beep(500, 4 * second + 4'800) == doctest::Approx(0.25).epsilon(0.01));
}

TEST_CASE("a pitch that comes by a wire does not fall while its patch leaves") {
    const auto played = R"(legume: 1
nodes:
  step: {type: math, expression: "69"}
  tone: {type: oscillator, gain: -12 dB}
  echo: {type: delay, time: 0.2}
  out:  {type: output}
wires: [step -> tone.pitch, tone -> echo -> out, tone -> out]
)";
    Band band(played);
    band.pull(2 * second);
    CHECK(band.beep(440, second) > 0.2);
    band.change(tone("2000"), {1, 0.5});
    band.pull(second);
    const auto end = test::part(band.heard, 2 * second + 38'400, 4'800);
    CHECK(test::amplitude_at(end, 48'000, 440) > 10 * test::amplitude_at(end, 48'000, 415));
    CHECK(test::amplitude_at(end, 48'000, 440) > 0.03);
}

TEST_CASE("a change at the same frame is the same sound, whatever the device's block size") {
    std::vector<test::Samples> all;
    for (const int piece : {64, 64, 320, 640}) {
        Band band(tone("300", "-3 dB"));
        band.piece = piece;
        band.pull(64'000);
        band.change(tone("500", "-3 dB"), {0.4, 0.2});
        band.pull(6'400);
        band.change(tone("700", "-3 dB"), {0.4, 0.2});
        band.pull(64'000);
        all.push_back(std::move(band.heard));
    }
    for (const auto& sound : all) {
        REQUIRE(sound.size() == all[0].size());
        CHECK(std::memcmp(sound.data(), all[0].data(), sound.size() * sizeof(float)) == 0);
    }
}

TEST_CASE("two loud patches together stay below the ceiling of each") {
    Band band(tone("300", "0 dB"));
    band.pull(2 * second);
    band.change(tone("470", "0 dB"), {1, 0});
    band.pull(3 * second);
    CHECK(test::peak(band.heard) <= 0.8913);
    CHECK(band.beep(470, 4 * second) == doctest::Approx(0.89).epsilon(0.02));
}

TEST_CASE("who goes on before a change is over is let through, and the oldest makes room without a click") {
    Band band(tone("300"));
    band.pull(2 * second);
    for (const char* next : {"400", "500", "600", "700"}) {
        band.change(tone(next), {4, 4});
        band.pull(64);
        while (!band.runner.settled()) band.pull(64);
        band.pull(2'400);
    }
    CHECK(band.runner.arrival().number == 4);
    CHECK(band.heard.size() < 3 * second);  // none of them had to be waited for
    band.pull(5 * second);
    CHECK_FALSE(band.runner.leaving());
    CHECK(largest_step(band.heard, second) < 0.25 * 2 * 3.1416 * (500 + 600 + 700) / 48'000);
    CHECK(band.beep(700, 7 * second) == doctest::Approx(0.25).epsilon(0.01));
    CHECK(band.beep(600, 7 * second) < 1e-4);
}

TEST_CASE("a patch with a tempo of its own begins at its first beat, and one without goes on in the time there is") {
    Band band(tone("300", "-12 dB", "tempo: 90\n"));
    band.pull(2 * second);
    const auto beat = [&] { return band.runner.beat(); };
    CHECK(beat() == doctest::Approx(3).epsilon(0.001));
    band.change(tone("300"), {0.1, 0});
    band.pull(second);
    CHECK(beat() == doctest::Approx(4.5).epsilon(0.001));
    band.change(tone("300", "-12 dB", "tempo: 200\nmeter: 3/4\n"), {0.1, 0});
    band.pull(second);
    CHECK(beat() == doctest::Approx(200.0 / 60).epsilon(0.001));
    CHECK(band.runner.moment().time.bar_beats == 3);
    CHECK(band.runner.transport().tempo.own() == 200);
    CHECK(band.runner.arrival().beat == 0);
}

TEST_CASE("an edit of what comes in need not wait for what leaves, and one of what left touches nothing") {
    Band band(tone("300"));
    band.pull(2 * second);
    band.change(tone("500"), {2, 4});
    band.pull(4'800);
    REQUIRE(band.runner.settled());
    REQUIRE(band.runner.leaving());
    REQUIRE(band.runner.edit(load(tone("800"))).empty());
    band.pull(3 * second);
    CHECK(band.beep(800, 4 * second + 4'800) == doctest::Approx(0.25).epsilon(0.01));
    CHECK(band.beep(500, 4 * second + 4'800) < 1e-3);
    CHECK(largest_step(band.heard, second) < 0.25 * 2 * 3.1416 * (300 + 800) / 48'000 * 1.1);
}

TEST_CASE("a storm of 200 reloads and 50 changes of patch: no click, no hole, and only what plays is in memory") {
    const std::vector<std::string> patches{R"(legume: 1
nodes:
  tone: {type: oscillator, frequency: 300 Hz, gain: -18 dB}
  low:  {type: oscillator, frequency: 110 Hz, gain: -18 dB}
  echo: {type: delay, time: 0.11, feedback: 0.4}
  out:  {type: output}
wires: [tone -> out, low -> echo -> out, low -> out]
)",
                                           R"(legume: 1
tempo: 140
nodes:
  tone: {type: oscillator, frequency: 440 Hz, gain: -18 dB}
  low:  {type: oscillator, frequency: 90 Hz, gain: -18 dB}
  out:  {type: output}
wires: [tone -> out, low -> out]
)",
                                           R"(legume: 1
nodes:
  tone: {type: oscillator, frequency: 250 Hz, gain: -18 dB}
  room: {type: reverb, decay: 2 s}
  wet:  {type: gain, gain: -12 dB}
  out:  {type: output}
wires: [tone -> out, tone -> room -> wet -> out]
)"};
    Band band(patches[0]);
    band.pull(2 * second);
    std::size_t playing = 0;
    std::vector<std::weak_ptr<Node>> all;
    const auto note_nodes = [&] {
        for (const auto& node : band.runner.schedule().plan().nodes) all.emplace_back(node);
    };
    note_nodes();
    std::uint32_t chance = 7;
    const auto draw = [&](std::uint32_t below) {
        chance = chance * 1'664'525u + 1'013'904'223u;
        return (chance >> 8) % below;
    };
    for (int event = 0; event < 250; ++event) {
        band.settle();
        if (event % 5 == 4) {
            playing = (playing + 1 + draw(2)) % patches.size();
            band.change(patches[playing], {0.05 * draw(10), 0.1 * draw(5)});
        } else {
            auto text = patches[playing];
            if (event % 5 == 0) text = edited(text, "tone -> out, ", "");
            if (event % 5 == 1) text = edited(text, "gain: -18 dB", "gain: -24 dB");
            if (event % 5 == 2) text = edited(text, "  out:", "  idle: {type: gain}\n  out:");
            REQUIRE(band.runner.edit(load(text)).empty());
        }
        note_nodes();
        band.pull(64 * (1 + draw(60)));
    }
    band.settle();
    band.pull(2 * second);
    CHECK(band.sprung == 0);
    CHECK(band.runner.changes() == 50);
    // No patch steps by more than its sines: 0.126 * 2 pi (440 + 90) / 48000 the highest; three sound at once at the
    // most, and the echo and the room repeat what was.
    CHECK(largest_step(band.heard, second) < 3 * 0.126 * 2 * 3.1416 * (440 + 90) / 48'000 * 1.2);
    CHECK(longest_silence(band.heard, second) < 64);
    std::vector<const Node*> alive;
    for (const auto& node : all)
        if (const auto held = node.lock(); held && std::find(alive.begin(), alive.end(), held.get()) == alive.end())
            alive.push_back(held.get());
    CHECK(alive.size() == band.runner.schedule().plan().nodes.size());
}
