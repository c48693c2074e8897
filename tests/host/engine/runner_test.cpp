// The runner: re-blocking, edits while it plays, the log of control, and live equal to offline.
// SPDX-License-Identifier: MIT
#include "host/engine/runner.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>

#include "host/patch/yaml.h"
#include "nodes/registry.h"
#include "tests/harness.h"

using namespace legume;

namespace {

const std::string tones = R"(legume: 1
seed: 3
nodes:
  tone: {type: oscillator, frequency: 220 Hz, gain: -12 dB}
  hiss: {type: noise, gain: -20 dB}
  sway: {type: lfo, rate: 3 Hz}
  soft: {type: filter, cutoff: 2 kHz}
  echo: {type: delay, time: 0.1, feedback: 0.5}
  out:  {type: output}
wires:
  - tone -> soft -> out
  - hiss -> soft
  - soft -> echo -> out
  - {wire: sway -> soft.cutoff, depth: 0.2}
)";

Checked load(const std::string& text) {
    auto loaded = load_patch_text(text, "t.yaml");
    for (const auto& problem : loaded.problems) FAIL(to_string(problem));
    return check(std::move(loaded.patch), node_types());
}

// Asks the runner for `total` frames in pieces of `piece`, as a device would.
std::vector<float> pull(Runner& runner, std::size_t total, int piece, const std::vector<float>* in = nullptr) {
    std::vector<float> heard;
    std::vector<float> left(static_cast<std::size_t>(piece)), right(left);
    float* out[] = {left.data(), right.data()};
    while (heard.size() < total) {
        const float* ins[] = {in ? in->data() + heard.size() : nullptr};
        runner.play(in ? ins : nullptr, in ? 1 : 0, out, 2, piece);
        runner.tick();
        heard.insert(heard.end(), left.begin(), left.end());
    }
    heard.resize(total);
    return heard;
}

std::vector<float> played(int piece) {
    Runner runner({48'000, 0, 2, 3, {}});
    REQUIRE(runner.edit(load(tones)).empty());
    return pull(runner, 32'000, piece);
}

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

float largest_step(const std::vector<float>& x, std::size_t from = 1) {
    float most = 0;
    for (std::size_t i = std::max<std::size_t>(from, 1); i < x.size(); ++i)
        most = std::max(most, std::abs(x[i] - x[i - 1]));
    return most;
}

std::string edited(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != text.npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("the sound is the same whatever the device's block size, and the same twice") {
    const auto sound = played(64);
    CHECK(test::rms(sound) > 0.01);
    for (const int piece : {64, 32, 100, 512, 1, 333}) CHECK(same_bytes(played(piece), sound));
}

TEST_CASE("musical time goes by the frames played, whatever the device's block size") {
    auto text = edited(tones, "rate: 3 Hz", "shape: square, sync: 1/16");
    text = edited(edited(text, "time: 0.1", "sync: 3/16"), "seed: 3", "seed: 3\ntempo: 173");
    std::vector<float> first;
    for (const int piece : {64, 100, 512}) {
        Runner runner({48'000, 0, 2, 3, {}});
        REQUIRE(runner.edit(load(text)).empty());
        auto heard = pull(runner, 32'000, piece);
        if (first.empty()) first = heard;
        CHECK(same_bytes(heard, first));
        const auto moment = runner.moment();
        CHECK(moment.time.beat == doctest::Approx(static_cast<double>(moment.frame) * 173 / 60 / 48'000));
    }
    CHECK_FALSE(same_bytes(first, played(64)));
}

TEST_CASE("what the device hears comes one block later, for any block size") {
    const std::string through =
        "legume: 1\nnodes:\n  in: {type: input}\n  out: {type: output, ceiling: false}\nwires: [in -> out]\n";
    const auto in = test::sine(440, 48'000, 96'512, 0.5f);
    std::vector<float> first;
    for (const int piece : {64, 100, 512}) {
        Runner runner({48'000, 1, 2, 3, {}});
        REQUIRE(runner.edit(load(through)).empty());
        const auto heard = pull(runner, 96'000, piece, &in);
        if (first.empty()) first = heard;
        CHECK(same_bytes(heard, first));
    }
    // After the first second's fade-in; the DC block turns a 440 Hz sine by half a degree, no more.
    for (std::size_t i = 60'000; i < 61'000; ++i)
        CHECK(first[i] == doctest::Approx(in[i - 64]).epsilon(0.05).scale(0.5));
}

TEST_CASE("an edit while it plays keeps what stays, does not click, and a broken one changes nothing") {
    const auto steady = played(64);
    Runner runner({48'000, 0, 2, 3, {}});
    REQUIRE(runner.edit(load(tones)).empty());
    auto heard = pull(runner, 16'000, 64);
    const auto broken = load(edited(tones, "frequency: 220 Hz", "frequency: 220 dB"));
    REQUIRE(broken.problems.size() == 1);
    CHECK(runner.edit(load(edited(tones, "frequency: 220 Hz", "frequency: 220 dB"))).size() == 1);
    CHECK(runner.settled());
    auto more = pull(runner, 16'000, 64);
    heard.insert(heard.end(), more.begin(), more.end());
    CHECK(same_bytes(heard, steady));

    // A node that nobody hears: the oscillator, the echo and the noise go on as if nothing had been.
    Runner other({48'000, 0, 2, 3, {}});
    REQUIRE(other.edit(load(tones)).empty());
    heard = pull(other, 16'000, 64);
    REQUIRE(other.edit(load(edited(tones, "  out:", "  idle: {type: oscillator}\n  out:"))).empty());
    more = pull(other, 16'000, 64);
    heard.insert(heard.end(), more.begin(), more.end());
    CHECK(same_bytes(heard, steady));
    CHECK(other.settled());

    // Wires that go, wires that move, a node of another type: no step beyond the material's own.
    const std::vector<std::string> edits{edited(tones, "  - soft -> echo -> out\n", ""),
                                         edited(tones, "- hiss -> soft", "- hiss -> out"),
                                         edited(edited(tones, "type: filter, cutoff: 2 kHz", "type: gain"),
                                                "  - {wire: sway -> soft.cutoff, depth: 0.2}\n", "")};
    for (const auto& change : edits) {
        Runner changing({48'000, 0, 2, 3, {}});
        REQUIRE(changing.edit(load(tones)).empty());
        heard = pull(changing, 56'000, 64);
        REQUIRE(changing.edit(load(change)).empty());
        const auto during = pull(changing, 2'048, 64);  // the fade and the block before it
        const auto after = pull(changing, 8'000, 64);
        const float material = std::max(largest_step(heard, 48'000), largest_step(after));
        heard.insert(heard.end(), during.begin(), during.end());
        CHECK(largest_step(heard, 55'990) <= material * 1.2f);
        CHECK(changing.settled());
    }
}

TEST_CASE("two hundred edits in a row: no click, and nothing is left behind") {
    const std::string plain = R"(legume: 1
nodes:
  a: {type: oscillator, frequency: 110 Hz, gain: -12 dB}
  b: {type: oscillator, frequency: 165 Hz, gain: -12 dB}
  out: {type: output}
wires: [a -> out]
)";
    Runner runner({48'000, 0, 2, 3, {}});
    REQUIRE(runner.edit(load(plain)).empty());
    auto heard = pull(runner, 48'000, 64);
    for (int i = 0; i < 200; ++i) {
        REQUIRE(runner.settled());
        REQUIRE(runner.edit(load(edited(plain, "a -> out", i % 2 ? "a -> out" : "b -> out"))).empty());
        const auto more = pull(runner, 1'280, 64);
        heard.insert(heard.end(), more.begin(), more.end());
    }
    // Two sines of 0.25 step by 0.25 (110 + 165) 2 pi / 48000 at the most while both sound;
    // the fade adds 0.5 pi / 2 / 960.
    CHECK(largest_step(heard, 48'000) < 0.0105f);
    CHECK(test::rms(test::part(heard, 48'000, heard.size() - 48'000)) > 0.1);
}

TEST_CASE("an edit that changes a param's text moves that param, and no other") {
    Runner runner({48'000, 0, 2, 3, {}});
    REQUIRE(runner.edit(load(tones)).empty());
    pull(runner, 640, 64);
    auto* cutoff = static_cast<Param*>(runner.find("soft")->find("cutoff"));
    auto* gain = static_cast<Param*>(runner.find("tone")->find("gain"));
    runner.control().post(*cutoff, "soft/cutoff", 500, "midi cc 1");
    pull(runner, 6'400, 64);
    REQUIRE(runner.edit(load(edited(tones, "gain: -12 dB", "gain: -30 dB"))).empty());
    pull(runner, 6'400, 64);
    CHECK(gain->own() == -30);
    CHECK(cutoff->own() == 500);
    CHECK(runner.find("soft")->find("cutoff") == cutoff);
}

TEST_CASE("a performance rendered again from its log is the performance") {
    std::vector<Applied> log;
    const auto play = [&](bool live) {
        Runner runner({48'000, 0, 2, 3, {}});
        REQUIRE(runner.edit(load(tones)).empty());
        if (live) runner.on_applied = [&](const Applied& applied) { log.push_back(applied); };
        std::vector<float> heard;
        std::size_t next = 0;
        for (int block = 0; block < 500; ++block) {
            const auto post = [&](const char* node, const char* param, float value, const std::string& source) {
                runner.control().post(*static_cast<Param*>(runner.find(node)->find(param)),
                                      std::string(node) + "/" + param, value, source);
            };
            if (live) {
                if (block % 37 == 5) post("soft", "cutoff", 300.0f + static_cast<float>(block) * 9, "midi cc 1");
                if (block % 91 == 7) post("tone", "frequency", 100.0f + static_cast<float>(block), "osc /f");
            } else {
                for (; next < log.size() && log[next].frame == static_cast<std::uint64_t>(block) * 64; ++next) {
                    const auto slash = log[next].target.find('/');
                    post(log[next].target.substr(0, slash).c_str(), log[next].target.substr(slash + 1).c_str(),
                         log[next].value, "replay");
                }
            }
            const auto more = pull(runner, 64, 64);
            heard.insert(heard.end(), more.begin(), more.end());
        }
        return heard;
    };
    const auto first = play(true);
    CHECK(log.size() == 20);
    CHECK(same_bytes(play(false), first));
}

TEST_CASE(
    "control that was applied before an edit came in is of the node that played then, and after it of one that goes") {
    Runner runner({48'000, 0, 2, 3, {}});
    REQUIRE(runner.edit(load(tones)).empty());
    std::vector<Applied> log;
    runner.on_applied = [&](const Applied& applied) { log.push_back(applied); };
    std::vector<float> left(64), right(64);
    float* out[] = {left.data(), right.data()};
    const auto block = [&] { runner.play(nullptr, 0, out, 2, 64); };
    auto* pitch = static_cast<Param*>(runner.find("tone")->find("frequency"));
    const auto turn = [&](float hertz) { runner.control().post(*pitch, "tone/frequency", hertz, "osc /f"); };
    turn(300);
    block();  // while the edit is made ready
    REQUIRE(runner.edit(load(edited(tones, "frequency: 220 Hz", "shape: saw"))).empty());
    turn(400);
    block();
    runner.tick();
    REQUIRE(log.size() == 2);
    CHECK(log[0].target == "tone/frequency");
    CHECK(log[0].value == 300);
    CHECK(log[0].frame == 0);
    CHECK_FALSE(log[0].leaving);
    CHECK(log[1].value == 400);
    CHECK(log[1].frame == 64);
    CHECK(log[1].leaving);
}

TEST_CASE("asked to stop it fades to silence without a click") {
    Runner runner({48'000, 0, 2, 3, {}});
    REQUIRE(runner.edit(load(tones)).empty());
    auto heard = pull(runner, 64'000, 64);
    const float material = largest_step(heard, 48'000);
    CHECK_FALSE(runner.silent());
    runner.fade_out();
    const auto fade = pull(runner, 16'000, 64);
    CHECK(runner.silent());
    heard.insert(heard.end(), fade.begin(), fade.end());
    CHECK(heard.back() == 0);
    CHECK(largest_step(heard, 63'990) <= material * 1.05f);
}

TEST_CASE("patches are edited on one thread while another plays") {
    // Nothing here depends on when what happens: ThreadSanitizer watches, and the sound stays finite and is never lost.
    test::Folder folder;
    test::write_wav(folder / "loop.wav", {test::sine(330, 48'000, 4'800, 0.3f)}, 48'000);
    const std::string text =
        edited(tones, "  out:",
               "  loop: {type: player, file: " + (folder / "loop.wav").string() +
                   "}\n  rec: {type: recorder, file: " + (folder / "rec.wav").string() + "}\n  out:") +
        "  - loop -> out\n  - loop -> rec\n";
    Runner runner({48'000, 0, 2, 3, {}});
    REQUIRE(runner.edit(load(text)).empty());
    runner.start_pools();
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    std::thread audio([&] {
        std::vector<float> left(128), right(128);
        float* out[] = {left.data(), right.data()};
        while (!done.load()) {
            runner.play(nullptr, 0, out, 2, 128);
            for (const float x : left) wrong += !(std::abs(x) <= 1.0f);
            std::this_thread::yield();
        }
    });
    auto* cutoff = static_cast<Param*>(runner.find("soft")->find("cutoff"));
    for (int i = 0; i < 20; ++i) {
        while (!runner.settled()) {
            runner.control().post(*cutoff, "soft/cutoff", 200.0f + static_cast<float>(i), "osc");
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        auto next = i % 3 == 0   ? edited(text, "220 Hz", std::to_string(200 + i) + " Hz")
                    : i % 3 == 1 ? edited(text, "  - soft -> echo -> out\n", "")
                                 : edited(text, "type: noise, gain: -20 dB", "type: noise, colour: pink, gain: -20 dB");
        REQUIRE(runner.edit(load(next)).empty());
    }
    while (!runner.settled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    done = true;
    audio.join();
    CHECK(wrong == 0);
    CHECK(runner.find("soft")->find("cutoff") == cutoff);
}
