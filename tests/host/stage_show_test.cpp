// A show that was kept, and its replay: the same bytes, with all that was late, moved, edited and heard.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <array>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "host/session/open.h"
#include "host/show/line.h"
#include "host/show/recorder.h"
#include "host/show/show.h"
#include "host/system/command.h"
#include "nodes/dsp/random.h"
#include "tests/child.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::test;
namespace fs = std::filesystem;

namespace {

const char* const stage = R"(legume: 1
tempo: 100
nodes:
  dream: {type: samplernn, model: network.safetensors, voices: 2, ahead: 10 ms}
  tape:  {type: player, file: long.wav, stream: disk, speed: 1.5}
  mic:   {type: input, channels: 2}
  echo:  {type: delay, sync: 1/8, feedback: 0.5}
  keys:  {type: midi-note, voices: 2}
  tune:  {type: oscillator, gain: -20 dB}
  hiss:  {type: noise, gain: -40 dB}
  strip: {type: patch, file: strip.yaml}
  out:   {type: output}
wires:
  - dream -> strip -> out
  - tape -> out
  - mic -> echo -> out
  - keys.pitch -> tune.pitch
  - tune -> out
  - hiss -> out
)";
const char* const strip = R"(legume: 1
nodes:
  tone:  {type: filter, cutoff: 2 kHz}
  level: {type: gain, gain: -6 dB}
wires: [tone -> level]
ports: {in: tone, out: level}
)";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto at = text.find(what);
    REQUIRE_MESSAGE(at != text.npos, what);
    return text.replace(at, what.size(), with);
}

// A session without a sound card: the test is the device, and asks for blocks faster than the workers can.
struct Stage {
    Folder folder;
    std::vector<std::string> told;
    std::unique_ptr<Runner> runner;
    std::unique_ptr<Controls> controls;
    std::unique_ptr<ShowRecorder> kept;
    fs::path show;
    std::uint64_t dice = 0;

    explicit Stage(const std::string& patch = stage) {
        write("patch.yaml", patch);
        write("strip.yaml", strip);
        auto config = samplernn::small_config();
        config.dim = 16;
        write_checkpoint(folder / "network.safetensors", samplernn::network_of(config), samplernn::Storage::f32);
        write_wav(folder / "long.wav", {noise(700'000, 4, 0.1f)}, 44'100);
        runner = std::make_unique<Runner>(RunnerSetup{48'000, 2, 2, 7, {}, false, false});
        auto checked = open_patch(folder / "patch.yaml");
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        REQUIRE(runner->edit(std::move(checked)).empty());
        controls = std::make_unique<Controls>(*runner);
        controls->bind();
    }
    void write(const std::string& name, const std::string& text) const { std::ofstream(folder / name) << text; }
    void keep() {
        kept = std::make_unique<ShowRecorder>(folder / "shows", ShowRecorder::Device{"test", 64}, *controls,
                                              [this](std::string line) { told.push_back(std::move(line)); });
        show = kept->folder();
    }
    void edit(const std::string& text) {
        write("patch.yaml", text);
        while (!runner->settled()) play(1);
        auto checked = open_patch(folder / "patch.yaml");
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        REQUIRE(runner->edit(std::move(checked)).empty());
        kept->edited();
        controls->bind();
    }
    // Another patch, which shares nothing with what plays.
    void change(const std::string& text, const Crossfade& over) {
        write("other.yaml", text);
        while (!runner->settled()) play(1);
        auto checked = open_patch(folder / "other.yaml");
        for (const auto& problem : checked.problems) FAIL(to_string(problem));
        auto prepared = runner->prepare(std::move(checked), 11);
        REQUIRE(prepared.problems.empty());
        runner->change(std::move(prepared), over);
        kept->edited();
        controls->bind();
    }
    double chance() { return static_cast<double>(dsp::random_bits(5, dice++, 0) >> 40) / double(1 << 24); }
    void play(int blocks) {
        std::array<std::array<float, 64>, 4> planes;
        for (; blocks > 0; --blocks) {
            for (std::size_t c = 0; c < 2; ++c)
                for (float& x : planes[c]) x = static_cast<float>(0.2 * chance() - 0.1);
            const float* in[] = {planes[0].data(), planes[1].data()};
            float* out[] = {planes[2].data(), planes[3].data()};
            runner->play(in, 2, out, 2, 64);
            runner->tick();
            if (kept) kept->tick();
            if (chance() < 0.02) std::this_thread::sleep_for(std::chrono::milliseconds(3));  // the workers catch up
        }
    }
    const Target& target(const char* name) { return *controls->find(name); }
    void hands() {
        controls->move(target("dream/temperature"), static_cast<float>(0.5 + chance()), "osc /heat");
        controls->move(target("tape/speed"), static_cast<float>(3 * chance() - 1), "midi cc 1");
        controls->move(target("strip/tone/cutoff"), static_cast<float>(200 + 5'000 * chance()), "fader", 0.05f);
        if (chance() < 0.3) controls->fire(target("dream/reseed"), "pad");
        if (chance() < 0.3) controls->fire(target("tape/start"), "pad", {0.25f, false});
        if (chance() < 0.1) controls->fire(target("transport/start"), "pad", {0.5f, false});
        if (chance() < 0.1) controls->move(target("transport/tempo"), static_cast<float>(60 + 100 * chance()), "tap");
        const int key = 40 + static_cast<int>(30 * chance());
        controls->play(target("keys/notes"), {0, NoteEvent::Kind::on, key, 0.8f}, "keys");
        play(3);
        controls->play(target("keys/notes"), {0, NoteEvent::Kind::off, key, 0}, "keys");
    }
    std::string replay(std::vector<std::string> more = {}, int code = 0) const {
        std::vector<std::string> all{"render", "--replay", show.string(), "-o", (folder / "again.wav").string()};
        all.insert(all.end(), more.begin(), more.end());
        return said(code, all);
    }
};

std::string log_of(const fs::path& show) {
    std::ifstream in(show / "show.log", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

constexpr const char* same = "; the same as the recording, sample for sample\n";

}  // namespace

TEST_CASE("a line of the log gives its words back, and none when a byte of it is another") {
    const std::vector<std::string> words{"set", "", "a b", "\"\\\n\x01\x7f", "strip/tone/cutoff", "täg"};
    LineWriter writer;
    for (const auto& word : words) writer.word(word);
    auto line = writer.finish();
    REQUIRE(line.back() == '\n');
    line.pop_back();
    CHECK(line.find('\n') == line.npos);
    CHECK(words_of(line) == words);
    for (std::size_t i = 0; i < line.size(); ++i) {
        auto wrong = line;
        wrong[i] = static_cast<char>(wrong[i] ^ 1);
        CHECK(!words_of(wrong));
    }
    for (const float x : {0.1f, 1e-30f, 3.0f, -0.0f})
        CHECK(read_number<float>(
                  words_of(LineWriter().number(x).finish().substr(0, LineWriter().number(x).finish().size() - 1))
                      ->front()) == x);
}

TEST_CASE("a show with all that can be late, moved, played and edited replays to its own bytes") {
    Stage live;
    live.keep();
    live.play(60);  // nobody makes anything, on whatever machine
    live.runner->start_pools();
    for (int round = 0; round < 12; ++round) {
        for (int i = 0; i < 20; ++i) {
            live.hands();
            live.play(10);
        }
        switch (round) {
            case 1: live.edit(replaced(stage, "feedback: 0.5", "feedback: 0.7")); break;
            case 3: live.edit(replaced(stage, "tempo: 100", "tempo: 130\nmeter: 3/4")); break;
            case 5:
                live.controls->move(live.target("tune/gain"), -12, "osc");
                live.controls->fire(live.target("tape/start"), "pad");
                live.edit(
                    replaced(replaced(stage, "  - tune -> out\n", ""), "speed: 1.5", "speed: 1.5, autostart: false"));
                live.controls->fire(live.target("tape/start"), "pad");
                break;
            case 7: live.edit(replaced(stage, "ahead: 10 ms", "ahead: 20 ms, seed: 4")); break;
            case 8:
                live.write("strip.yaml", replaced(strip, "gain: -6 dB", "gain: -9 dB"));
                live.edit(stage);
                break;
            default: break;
        }
    }
    live.play(20);
    CHECK(live.kept->finish() == "The show is in " + live.show.string());
    CHECK(live.told == std::vector<std::string>{});
    const auto log = log_of(live.show);
    CHECK(has(log, " fate 0 dream lateness "));
    CHECK(has(log, " \"osc /heat\"\n"));
    CHECK(has(log, " held pad\n"));
    // The texts and not what is on the disk now.
    fs::remove(live.folder / "strip.yaml");
    live.write("patch.yaml", "nothing of a patch");
    const auto said = live.replay();
    CHECK_MESSAGE(has(said, same), said);
    const auto heard = read_sound(live.show / "recording.wav"), again = read_sound(live.folder / "again.wav");
    CHECK(heard.samples == again.samples);
    CHECK(heard.frames() == live.runner->frames());

    const auto clean = live.replay({"--without-dropouts"});
    CHECK(!has(clean, "recording"));
    CHECK(read_sound(live.folder / "again.wav").samples != heard.samples);
    CHECK(has(live.replay({"--seconds", "0.5"}), same));
    CHECK(read_sound(live.folder / "again.wav").frames() == 24'000);
}

TEST_CASE("another patch that comes in, and a reload while the one before still rings, replay to their own bytes") {
    Stage live;
    live.keep();
    live.play(60);
    live.runner->start_pools();
    live.hands();
    live.change(replaced(stage, "ahead: 10 ms", "ahead: 6 ms"), {0.5, 0.5});
    for (int i = 0; i < 10; ++i) live.hands();
    live.edit(replaced(stage, "feedback: 0.5", "feedback: 0.7"));
    for (int i = 0; i < 30; ++i) live.hands();
    live.change(replaced(stage, "tempo: 100", "tempo: 140"), {0.1, 0.2});
    for (int i = 0; i < 30; ++i) live.hands();
    live.play(200);
    live.kept->finish();
    const auto said = live.replay();
    CHECK_MESSAGE(has(said, same), said);
}

TEST_CASE("a node that is gone is let go while the show goes on") {
    Stage live;
    live.keep();
    live.play(10);
    const std::weak_ptr<Node> hiss = live.runner->schedule().plan().nodes[6];
    REQUIRE(live.runner->find("hiss") == hiss.lock().get());
    live.edit(replaced(replaced(stage, "  hiss:  {type: noise, gain: -40 dB}\n", ""), "  - hiss -> out\n", ""));
    CHECK(eventually([&] {
        live.play(10);
        return hiss.expired();
    }));
    live.kept->finish();
}

TEST_CASE("a log that is cut anywhere is read up to there, and damage in its middle is said") {
    Stage live;
    live.keep();
    live.runner->start_pools();
    for (int i = 0; i < 3; ++i) {
        live.play(200);
        live.hands();
        std::this_thread::sleep_for(std::chrono::milliseconds(300));  // what is heard until then is then known
    }
    live.kept->finish();
    const auto log = log_of(live.show);
    const auto all = read_show(log, "show.log");
    CHECK(all.ended);
    CHECK(all.frames == live.runner->frames());
    std::uint64_t most = 0;
    for (std::size_t size = 0; size < log.size(); size += 7) try {
            const auto part = read_show(log.substr(0, size), "show.log");
            CHECK(part.frames >= most);
            CHECK(!part.ended);
            CHECK(part.damaged == 0);
            most = part.frames;
        } catch (const CommandError&) {
            CHECK(most == 0);
        }
    CHECK(most > 0);

    const auto tick = log.rfind(" tick ");
    auto damaged = log;
    damaged[tick + 6] = 'x';
    std::ofstream(live.show / "show.log", std::ios::binary) << damaged;
    const auto said = live.replay();
    CHECK(has(said, ":1: damaged from here on; the show is played up to "));
    CHECK(has(said, "; the same as the recording, sample for sample"));

    damaged = log;
    damaged[0] = damaged[0] == '0' ? '1' : '0';
    std::ofstream(live.show / "show.log", std::ios::binary) << damaged;
    CHECK(has(live.replay({}, 1), "show.log:1:1: this is no log of a show"));
    std::ofstream(live.show / "show.log", std::ios::binary)
        << LineWriter().word("legume-show").number(99).word("9.0.0").finish();
    CHECK(has(live.replay({}, 1), "this show is of format 99, kept by legume 9.0.0"));
}

TEST_CASE("what is gone or other than in the show is said; another model takes its place") {
    Stage live;
    live.keep();
    live.runner->start_pools();
    live.play(800);
    live.kept->finish();
    CHECK(has(live.replay(), same));

    auto config = samplernn::small_config();
    config.dim = 8;
    write_checkpoint(live.folder / "better.safetensors", samplernn::network_of(config), samplernn::Storage::f32);
    auto said = live.replay({"--model", (live.folder / "better.safetensors").string()});
    CHECK_MESSAGE(has(said, "again.wav: "), said);
    CHECK(!has(said, "recording"));
    CHECK(has(live.replay({"--model", "drum=" + (live.folder / "better.safetensors").string()}),
              "the show has no node drum with a model"));
    CHECK(has(live.replay({"--model", (live.folder / "none.safetensors").string()}, 1), "none.safetensors"));

    fs::copy_file(live.folder / "better.safetensors", live.folder / "network.safetensors",
                  fs::copy_options::overwrite_existing);
    said = live.replay();
    CHECK(has(said, "network.safetensors is not what it was in the show (SHA-256 "));
    CHECK(has(said, "; NOT the recording: other samples from "));
    fs::remove(live.folder / "network.safetensors");
    CHECK(has(live.replay({}, 1), "network.safetensors is gone; put it back, or play another in its place: --model"));
    CHECK(has(live.replay({"--model", (live.folder / "better.safetensors").string()}), "again.wav: "));
    fs::remove(live.show / "inputs.wav");
    CHECK(has(live.replay({}, 1), "inputs.wav is gone; without what came in the show cannot be played again"));
}

TEST_CASE("a run that has learned on replays as it was, and what else is new in folders is said") {
    Stage live;
    const auto learn = [&](int step) {
        auto network = samplernn::network_of(samplernn::small_config(), static_cast<std::uint64_t>(step));
        network.config.step = step;
        network.config.age = step / 100.0;
        const auto number = std::to_string(step);
        write_checkpoint(live.folder / ("run/" + number + ".safetensors"), network, samplernn::Storage::f32);
        SoundWriter take(live.folder / ("run/takes/000000" + number + "-seed1-voice00-t0.9-1s.flac"), 16'000, 1,
                         SoundFormat::flac_16);
        take.write(noise(16'000, static_cast<std::uint64_t>(step), 0.1f));
        take.finish();
    };
    const auto sound = [&](const char* name, std::uint64_t seed) {
        write_wav(live.folder / "kit" / name, {noise(20'000, seed, 0.1f)}, 48'000);
    };
    fs::create_directories(live.folder / "run/takes");
    fs::create_directories(live.folder / "kit");
    learn(10);
    learn(50);
    sound("a.wav", 1);
    sound("b.wav", 2);
    live.keep();
    live.play(10);
    const std::string more = R"(nodes:
  aged:  {type: samplernn, model: run, ahead: 10 ms, gain: -12 dB}
  fixed: {type: samplernn-blend, model_a: run, model_b: network.safetensors, ahead: 10 ms, gain: -12 dB}
  heard: {type: takes, run: run}
  kit:   {type: sampler, sounds: kit}
  row:   {type: cut, regions: [{file: long.wav, to: 100 ms}, {file: kit/b.wav}], fade: 5 ms}
)";
    live.edit(replaced(replaced(stage, "nodes:\n", more), "wires:\n",
                       "wires:\n  - aged -> out\n  - fixed -> out\n  - kit -> out\n  - row -> out\n"));
    live.runner->start_pools();
    live.play(400);
    live.controls->move(live.target("aged/age"), 0.2f, "fader");
    live.play(800);
    live.kept->finish();
    auto said = live.replay();
    CHECK_MESSAGE(has(said, same), said);

    learn(80);
    learn(90);
    said = live.replay();
    CHECK_MESSAGE(has(said, same), said);
    CHECK(has(said, "run: now plays another checkpoint; this is "));  // the blend's, which is one file
    CHECK(has(said, "run/takes/00000080-seed1-voice00-t0.9-1s.flac, with 1 more of "));
    CHECK(has(said, " was not there in the show, so that it may sound different"));
    CHECK(!has(said, "kit"));
    sound("c.wav", 3);
    CHECK(has(live.replay(), "kit/c.wav was not there in the show"));

    sound("b.wav", 4);  // a region's, and one of the kit
    said = live.replay();
    CHECK(has(said, "kit/b.wav is not what it was in the show (SHA-256 "));
    CHECK(has(said, "; NOT the recording: other samples from "));
    fs::remove(live.folder / "run/10.safetensors");
    fs::remove(live.folder / "run/50.safetensors");
    said = live.replay({}, 1);
    CHECK_MESSAGE(has(said, "run/50.safetensors is gone, with 1 more of "), said);
}

TEST_CASE("stems are the sounds that go into an output, each in a file of its own") {
    Stage live;
    live.keep();
    live.runner->start_pools();
    live.play(400);
    live.kept->finish();
    CHECK(has(live.replay({"--stems"}), same));
    for (const char* name : {"again-strip-level.wav", "again-tape.wav", "again-echo.wav", "again-tune.wav"}) {
        CAPTURE(name);
        REQUIRE(fs::exists(live.folder / name));
        CHECK(read_sound(live.folder / name).frames() == 400 * 64);
    }
}

TEST_CASE("a show that cannot be kept does not keep anybody from playing, and is said") {
    Stage live;
    live.write("file", "");
    CHECK_THROWS_WITH((ShowRecorder(live.folder / "file" / "shows", {"test", 64}, *live.controls, {})),
                      doctest::Contains("cannot be written"));
    live.play(10);
}
