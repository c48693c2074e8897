// What a live patch says of this machine, and what is heard when the machine is too slow for a network.
// SPDX-License-Identifier: MIT
#include "host/engine/admission.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "nodes/samplernn/engine/shared.h"
#include "nodes/samplernn/engine/speed.h"
#include "nodes/sound/sound_file.h"
#include "tests/child.h"
#include "tests/folder.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/waves.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;

namespace {

constexpr double rate = 48'000;
using Settings = std::vector<std::pair<std::string, std::string>>;

// A run's folder with its checkpoint, on a machine whose speed the test decides.
struct Stage {
    explicit Stage(const Checkpoint& checkpoint) {
        std::filesystem::create_directories(folder / "checkpoints");
        write_checkpoint(file, checkpoint, Storage::f32);
    }
    // As many times real time as this machine shall make the network.
    void speed(double times, int voices = 1) {
        model = shared_model(store, file, Precision::fp32);
        const double a_second = times * model->config.sample_rate;
        speeds.push_back(store.get<Speed>(speed_key(*model, voices),
                                          [&] { return std::make_shared<const Speed>(Speed{a_second}); }));
        REQUIRE(speeds.back()->samples_per_second == a_second);
    }
    void take(const char* name, double hertz, double file_rate = rate, std::size_t channels = 1) const {
        std::filesystem::create_directories(folder / "takes");
        const auto wave = sine(hertz, file_rate, static_cast<std::size_t>(0.5 * file_rate), 0.5f);
        SoundWriter writer(folder / "takes" / name, file_rate, static_cast<int>(channels), SoundFormat::flac_24);
        for (const float x : wave) writer.write(std::vector<float>(channels, x));
        writer.finish();
    }
    Patch patch(Settings settings, int generators = 1) const {
        settings.insert(settings.begin(), {"model", folder.path.string()});
        std::vector<NodeText> nodes{{"tap", "tap", {}}};
        std::vector<std::string> wires;
        for (int i = 0; i < generators; ++i) {
            const auto id = std::string(1, static_cast<char>('a' + i));
            nodes.push_back({id, "samplernn", settings});
            wires.push_back(id + " -> tap");
        }
        return make_patch(nodes, wires);
    }
    Compiled compiled(const Patch& text, bool live = true, const Schedule* before = nullptr,
                      const Patch* patch_before = nullptr) {
        return compile(check(text, test_types()), {rate, 1, store, {}, live}, before ? &before->plan() : nullptr,
                       patch_before);
    }
    std::unique_ptr<Schedule> play(const Settings& settings, int generators = 1, bool live = true) {
        auto result = compiled(patch(settings, generators), live);
        for (const auto& problem : result.problems) FAIL(problem.message);
        return std::move(result.schedule);
    }
    std::string refusal(const Settings& settings) {
        const auto result = compiled(patch(settings));
        REQUIRE(result.problems.size() == 1);
        return result.problems[0].message;
    }
    Folder folder;
    const std::filesystem::path file = folder / "checkpoints" / "00000001.safetensors";
    Store store;
    std::shared_ptr<const Model> model;
    std::vector<std::shared_ptr<const Speed>> speeds;
};

Channels hear(Schedule& schedule, double seconds, int channels = 1) {
    std::vector<Samples> blocks(static_cast<std::size_t>(channels), Samples(block_frames));
    Signal out;
    out.channels = channels;
    Channels heard(blocks.size());
    for (std::size_t c = 0; c < blocks.size(); ++c) out.data[c] = blocks[c].data();
    for (std::uint64_t frame = 0; static_cast<double>(frame) < seconds * rate; frame += block_frames) {
        schedule.process(frame, {}, Signal{}, out);
        for (std::size_t c = 0; c < heard.size(); ++c)
            heard[c].insert(heard[c].end(), blocks[c].begin(), blocks[c].end());
        for (bool worked = true; worked;) {
            worked = false;
            for (auto* work : schedule.works()) worked = work->run() || worked;
        }
    }
    return heard;
}

double pitch(const Samples& heard, double from_seconds, double seconds) {
    return loudest_hertz(
        part(heard, static_cast<std::size_t>(from_seconds * rate), static_cast<std::size_t>(seconds * rate)), rate);
}
bool has(const std::string& text, const std::string& what) { return text.find(what) != text.npos; }
float covering(Schedule& schedule) { return static_cast<Meter*>(schedule.find("a")->find("covering"))->value(); }

}  // namespace

TEST_CASE("a network that keeps up sounds live as it does offline, and says how fast it is") {
    Stage stage(sawtooth());
    stage.speed(1.1);
    const auto live = stage.play({{"temperature", "0.5"}});
    const auto lines = admission(*live, 1);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0] == std::string("a: 1.1 x real time at 8 kHz (fp32, ") + stage.model->kernels.isa +
                          "); 26 ms from a knob to its sound");
    const auto offline = stage.play({{"temperature", "0.5"}}, 1, false);
    CHECK(hear(*live, 1) == hear(*offline, 1));
}

TEST_CASE("offline nothing depends on how fast this machine is") {
    Stage stage(sawtooth());
    stage.speed(0.1);
    for (const char* way : {"slow", "takes", "refuse"}) {
        const auto offline = stage.play({{"temperature", "0"}, {"when_slow", way}}, 1, false);
        CHECK(admission(*offline, 1).empty());
        CHECK(pitch(hear(*offline, 1)[0], 0.5, 0.4) == doctest::Approx(1'000).epsilon(0.002));
    }
}

TEST_CASE("a network that is too slow plays lower by whole semitones, steadily, and says so") {
    Stage stage(sawtooth());
    stage.speed(0.6);
    const auto schedule = stage.play({{"temperature", "0"}});
    const auto lines = admission(*schedule, 1);
    REQUIRE(lines.size() == 2);
    CHECK(has(lines[0], "a: 0.60 x real time at 8 kHz"));
    CHECK(lines[1] ==
          "a: too slow for this machine, where 1.1 x is needed: plays 11 semitones lower and 1.9 times as long; what "
          "helps: precision: int8, a pruned or smaller model, or one of a lower sample rate");
    const auto heard = hear(*schedule, 2)[0];
    const double lower = 1'000 * std::exp2(-11 / 12.0);
    for (const double from : {0.2, 0.8, 1.4}) CHECK(pitch(heard, from, 0.5) == doctest::Approx(lower).epsilon(0.002));
    CHECK(amplitude_at(part(heard, 24'000, 48'000), rate, lower) == doctest::Approx(0.653).epsilon(0.01));
    CHECK(covering(*schedule) == 0);
}

TEST_CASE("voices are measured together, and named") {
    Stage stage(sawtooth());
    stage.speed(3, 1);
    stage.speed(0.55, 4);
    const auto schedule = stage.play({{"voices", "4"}, {"temperature", "0"}});
    const auto lines = admission(*schedule, 1);
    REQUIRE(lines.size() == 2);
    CHECK(has(lines[0], "a: 4 voices, 0.55 x real time"));
    CHECK(has(lines[1], "plays 12 semitones lower and 2 times as long; what helps: precision: int8, fewer voices"));
    for (const auto& voice : hear(*schedule, 1, 4))
        CHECK(pitch(voice, 0.5, 0.4) == doctest::Approx(500).epsilon(0.002));
}

TEST_CASE("a network that is far too slow to be heard is refused, however it is told to play") {
    Stage stage(sawtooth());
    stage.speed(0.001);
    CHECK(has(stage.refusal({}), "too slow for this machine, where 1.1 x is needed: plays 122 semitones lower"));
    CHECK(has(stage.refusal({}), "too low to be heard; what helps: precision: int8"));
}

TEST_CASE("when_slow: refuse refuses at its setting, and only what is too slow") {
    Stage stage(sawtooth());
    stage.speed(1.09);
    const auto said = stage.refusal({{"when_slow", "refuse"}});
    CHECK(has(said, "1.1 x real time at 8 kHz"));
    CHECK(has(said, "too slow for this machine, where 1.1 x is needed; what helps: precision: int8, "));
    CHECK(has(said, "or when_slow: slow"));
    stage.speed(1.2, 2);
    CHECK(stage.play({{"when_slow", "refuse"}, {"voices", "2"}}));
}

TEST_CASE("when_slow: takes plays the takes of the training, the newest first, each voice from another on") {
    Stage stage(sawtooth());
    stage.speed(0.5, 2);
    stage.take("00000100.flac", 300);
    stage.take("00000200.flac", 600, 22'050);  // of another rate, and of two channels
    stage.take("00000300.flac", 900, rate, 2);
    const auto schedule = stage.play({{"when_slow", "takes"}, {"voices", "2"}});
    const auto lines = admission(*schedule, 1);
    REQUIRE(lines.size() == 2);
    CHECK(has(lines[0], "a: 2 voices, 0.50 x real time"));
    CHECK(
        has(lines[1], "plays 3 of the takes of its training; temperature, reset and reseed do nothing; what helps: "));
    const auto heard = hear(*schedule, 4, 2);
    // Takes of half a second, 50 ms of each shared with the next: 1.35 s, round and round.
    const double newest[] = {900, 600, 300}, second[] = {600, 300, 900};
    for (int round = 0; round < 2; ++round)
        for (int t = 0; t < 3; ++t) {
            const double from = 0.45 * (3 * round + t) + 0.06;
            CHECK(pitch(heard[0], from, 0.36) == doctest::Approx(newest[t]).epsilon(0.01));
            CHECK(pitch(heard[1], from, 0.36) == doctest::Approx(second[t]).epsilon(0.01));
        }
    for (const auto& voice : heard) {
        CHECK(largest_step(voice) < 0.5 * 1.42 * 2 * 3.1416 * 900 / rate + 1.0 / 2'400);
        for (std::size_t at = 0; at + 2'400 <= voice.size(); at += 2'400) CHECK(rms(part(voice, at, 2'400)) > 0.15);
    }
    schedule->find("a")->reset();
    CHECK(part(hear(*schedule, 1, 2)[0], 0, 48'000) == part(heard[0], 0, 48'000));
}

TEST_CASE("takes that are not there or cannot be read are said") {
    Stage stage(sawtooth());
    stage.speed(0.5);
    const Settings takes{{"when_slow", "takes"}};
    CHECK(
        has(stage.refusal(takes), "has no takes: there is no folder " + (stage.folder / "checkpoints/takes").string()));
    CHECK(has(stage.refusal(takes), "choose when_slow: slow"));
    std::filesystem::create_directories(stage.folder / "takes");
    CHECK(has(stage.refusal(takes), (stage.folder / "takes").string() + " holds no take (*.flac)"));
    std::ofstream(stage.folder / "takes" / "1.flac") << "this is no sound";
    CHECK(has(stage.refusal(takes), (stage.folder / "takes" / "1.flac").string()));
    stage.take("1.flac", 440);
    const auto schedule = stage.play(takes);
    CHECK(pitch(hear(*schedule, 2)[0], 0.3, 1.5) == doctest::Approx(440).epsilon(0.01));  // one take, round and round
}

TEST_CASE("generators together may be too much where each alone is not") {
    Stage stage(sawtooth());
    stage.speed(1.2);
    const auto schedule = stage.play({}, 2);
    auto lines = admission(*schedule, 1);
    REQUIRE(lines.size() == 3);
    CHECK(has(lines[2], "the generators together need 1.7 of 1 worker thread, which is too much"));
    CHECK(has(lines[2], "for a: precision: int8"));
    lines = admission(*schedule, 2);
    REQUIRE(lines.size() == 3);
    CHECK(lines[2] == "the generators together need 1.7 of 2 worker threads");
}

TEST_CASE("an edit leaves a running generator as it was decided, and asks no stopwatch again") {
    Stage stage(sawtooth());
    stage.speed(0.6);
    const auto first = stage.patch({{"temperature", "0"}});
    const auto playing = stage.compiled(first);
    REQUIRE(playing.schedule);
    const auto lines = admission(*playing.schedule, 1);
    stage.speeds.clear();  // the node alone remembers
    const auto turned = stage.compiled(stage.patch({{"temperature", "0.5"}}), true, playing.schedule.get(), &first);
    REQUIRE(turned.schedule);
    CHECK(turned.last->find("a") == playing.schedule->find("a"));
    CHECK(admission(*turned.last, 1) == lines);
    const auto rebuilt =
        stage.compiled(stage.patch({{"temperature", "0"}, {"seed", "1"}}), true, playing.schedule.get(), &first);
    REQUIRE(rebuilt.schedule);
    CHECK(rebuilt.last->find("a") != playing.schedule->find("a"));
    CHECK(admission(*rebuilt.last, 1) == lines);
}

TEST_CASE("play says how fast each network is before it begins, and check --measure says it without playing") {
    const Folder folder;
    setenv("XDG_CONFIG_HOME", folder.path.c_str(), 1);  // what this machine remembers is not what is tested
    write_checkpoint(folder / "net.safetensors", sawtooth(), Storage::f32);
    std::ofstream(folder / "two.yaml") << "legume: 1\nnodes:\n  dream: {type: samplernn, model: net.safetensors}\n"
                                          "  other: {type: samplernn, model: net.safetensors, voices: 2}\n"
                                          "  out: {type: output}\nwires: [dream -> out, other -> out]\n";
    const auto patch = (folder / "two.yaml").string();
    for (const auto& more :
         {std::vector<std::string>{"check", "--measure", patch},
          std::vector<std::string>{"play", patch, "--device", "null", "--no-osc", "--seconds", "0.1"}}) {
        auto command = more;
        command.insert(command.begin(), built("legume"));
        Child legume(command);
        CHECK_MESSAGE(legume.wait() == 0, legume.output());
        CHECK_MESSAGE(has(legume.output(), "\ndream: "), legume.output());
        CHECK_MESSAGE(has(legume.output(), " x real time at 8 kHz (fp32, "), legume.output());
        CHECK_MESSAGE(has(legume.output(), "\nother: 2 voices, "), legume.output());
        CHECK_MESSAGE(has(legume.output(), "\nthe generators together need "), legume.output());
    }
    Child plain({built("legume"), "check", patch});
    CHECK(plain.wait() == 0);
    CHECK(!has(plain.output(), "real time"));
    std::filesystem::remove(folder / "net.safetensors");
    Child gone({built("legume"), "check", "--measure", patch});
    CHECK(gone.wait() == 1);
    CHECK(!has(gone.output(), "real time"));
}
