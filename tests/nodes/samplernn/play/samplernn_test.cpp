// Plays small networks through the node: distance, seeds, temperature, and what is heard when it falls behind.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>

#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/engine/shared.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/waves.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;

namespace {

// A checkpoint on the disk, and patches that play it.
struct Network {
    explicit Network(const Config& config) : Network(network_of(config)) {}
    explicit Network(const Checkpoint& checkpoint) {
        write_checkpoint(folder / "net.safetensors", checkpoint, Storage::f32);
    }
    std::vector<NodeText> nodes(std::vector<std::pair<std::string, std::string>> settings = {}) const {
        settings.insert(settings.begin(), {"model", folder.path.string()});
        return {{"net", "samplernn", settings}, {"tap", "tap", {}}};
    }
    Rig rig(double rate, std::vector<std::pair<std::string, std::string>> settings = {}, std::uint64_t seed = 1) const {
        return Rig(nodes(std::move(settings)), {"net -> tap"}, {.rate = rate, .seed = seed, .outputs = 1});
    }
    Rig choir(double rate, int voices, std::vector<std::pair<std::string, std::string>> settings = {}) const {
        settings.emplace_back("voices", std::to_string(voices));
        return Rig(nodes(std::move(settings)), {"net -> tap"}, {.rate = rate, .outputs = voices});
    }
    Folder folder;
};

// A schedule whose work runs only when the test says so, as a slow machine's would.
class Slow {
  public:
    Slow(const Network& network, double rate, std::vector<std::pair<std::string, std::string>> settings = {}) {
        auto compiled = compile(check(make_patch(network.nodes(std::move(settings)), {"net -> tap"}), test_types()),
                                {rate, 1, store_, {}});
        REQUIRE(compiled.schedule);
        schedule_ = std::move(compiled.schedule);
        out_.channels = max_channels;
        for (std::size_t c = 0; c < max_channels; ++c) out_.data[c] = block_[c];
    }
    // `works(n)` says how many pieces of work are done after block n.
    Channels run(int voices, int blocks, const std::function<int(int)>& works) {
        Channels all(static_cast<std::size_t>(voices));
        for (int n = 0; n < blocks; ++n) {
            control_.apply(frame_);
            schedule_->process(frame_, {}, Signal{}, out_);
            frame_ += block_frames;
            for (std::size_t c = 0; c < all.size(); ++c)
                all[c].insert(all[c].end(), block_[c], block_[c] + block_frames);
            for (int left = works(n); left > 0 && schedule_->works()[0]->run(); --left) {
            }
        }
        return all;
    }
    Samples run(int blocks, const std::function<int(int)>& works) { return run(1, blocks, works)[0]; }
    void reset() { schedule_->find("net")->reset(); }
    const Schedule& schedule() const { return *schedule_; }
    void fire(const char* trigger) { control_.post(*static_cast<Trigger*>(schedule_->find("net")->find(trigger))); }
    float meter(const char* name) { return static_cast<Meter*>(schedule_->find("net")->find(name))->value(); }

  private:
    Store store_;
    ControlQueue control_;
    std::unique_ptr<Schedule> schedule_;
    float block_[max_channels][block_frames] = {};
    Signal out_;
    std::uint64_t frame_ = 0;
};
constexpr int all_there_is = 1'000'000;

// Where two sounds first differ; the length when they do not.
std::size_t parting(const Samples& a, const Samples& b) {
    return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
}
double entropy(const Samples& x) {  // of levels, bits
    std::map<float, double> counts;
    for (const float s : x) ++counts[s];
    double bits = 0;
    for (const auto& [level, n] : counts) bits -= n / double(x.size()) * std::log2(n / double(x.size()));
    return bits;
}

}  // namespace

TEST_CASE("at its own rate a network plays its generator's samples, one for one") {
    const Network network(config_at(16'000));
    auto rig = network.rig(16'000);
    const Samples heard = rig.run(3'000)[0];
    CHECK(rms(heard) > 0.05);
    const auto model = std::make_shared<Model>(read_checkpoint(find_checkpoint(network.folder.path)));
    const Levels levels(model->config);
    for (const float x : heard) REQUIRE(levels.amplitude(levels.level(x)) == x);
}

TEST_CASE("a network is heard at its own pitch whatever the device's rate is") {
    const Network network(sawtooth());
    for (const double rate : {8'000.0, 11'025.0, 44'100.0, 48'000.0}) {
        const Samples heard = network.rig(rate, {{"temperature", "0"}}).run(static_cast<std::size_t>(2 * rate))[0];
        const Samples middle = part(heard, static_cast<std::size_t>(rate / 2), static_cast<std::size_t>(rate));
        CHECK(finite({heard}));
        CHECK(loudest_hertz(middle, rate) == doctest::Approx(1'000).epsilon(0.002));
        CHECK(amplitude_at(middle, rate, 1'000) == doctest::Approx(0.653).epsilon(0.01));  // (1/4) / sin(pi/8)
        if (rate > 20'000) CHECK(amplitude_at(middle, rate, 7'000) < 0.001);  // no images above its own band
    }
}

TEST_CASE("a network sounds from the first block on, and the same twice") {
    const Network network(config_at(8'000));
    for (const double rate : {8'000.0, 48'000.0}) {
        const Samples first = network.rig(rate).run(20'000)[0];
        CHECK(peak(part(first, 0, 1'024)) > 0.01);
        CHECK(network.rig(rate).run(20'000)[0] == first);
    }
}

TEST_CASE("another seed is another take: the patch's, its own, or by reseed") {
    const Network network(config_at(8'000));
    const Samples first = network.rig(8'000).run(4'000)[0];
    CHECK(network.rig(8'000, {{"seed", "1"}}).run(4'000)[0] != first);
    CHECK(network.rig(8'000, {}, 2).run(4'000)[0] != first);

    auto rig = network.rig(8'000, {{"ahead", "40 ms"}});  // 5 blocks
    rig.run(640);
    rig.fire("net", "reseed");
    const Samples after = rig.run(4'000)[0],
                  straight = part(network.rig(8'000, {{"ahead", "40 ms"}}).run(4'640)[0], 640, 4'000);
    CHECK(parting(part(after, 0, 4'000), straight) >= 5 * 64);
    CHECK(parting(part(after, 0, 4'000), straight) < 5 * 64 + 64);
}

TEST_CASE("a knob is heard exactly one ahead later, and gain at once") {
    const Network network(config_at(8'000));
    for (const int blocks : {1, 2, 5, 40}) {
        const auto ahead = std::to_string(blocks * 8) + " ms";
        auto turned = network.rig(8'000, {{"ahead", ahead}}), left = network.rig(8'000, {{"ahead", ahead}});
        CHECK(turned.node("net").latency_frames() == blocks * 64);
        turned.run(1'280);
        left.run(1'280);
        turned.set("net", "temperature", 0);
        const auto at = parting(turned.run(8'000)[0], left.run(8'000)[0]);
        CHECK(at >= static_cast<std::size_t>(blocks * 64));
        CHECK(at < static_cast<std::size_t>(blocks * 64 + 256));  // a glide of 20 ms, and the dice must fall otherwise
    }
    auto rig = network.rig(8'000, {{"ahead", "500 ms"}});
    rig.run(1'280);
    rig.set("net", "gain", -90);
    CHECK(peak(part(rig.run(640)[0], 320, 320)) == 0);
}

TEST_CASE("a knob is heard one latency later to the sample: `ahead`, and what the resampler keeps") {
    const Network network(switched_network());
    for (const double rate : {8'000.0, 44'100.0, 48'000.0})
        for (const char* ahead : {"8 ms", "20 ms", "100 ms"})
            for (int offset = 0; offset < 5; ++offset) {
                CAPTURE(rate);
                CAPTURE(ahead);
                auto rig = network.rig(rate, {{"ahead", ahead}, {"temperature", "0"}});
                const int latency = rig.node("net").latency_frames();
                REQUIRE(peak(rig.run(static_cast<std::size_t>(6'400 + 64 * offset))[0]) < 0.01);
                rig.set("net", "temperature", 1);
                const Samples heard = rig.run(9'600)[0];
                const auto loud = std::find_if(heard.begin(), heard.end(), [](float x) { return x > 0.45f; });
                const auto at = static_cast<double>(loud - heard.begin());
                const double sample = rate / 8'000;  // in frames
                if (rate == 8'000)
                    CHECK(at == latency);
                else  // half way up to the first new sample is half a sample before it
                    CHECK(std::abs(at - (latency - sample / 2)) <= sample + 1);
            }
}

TEST_CASE("low temperature keeps to the likeliest levels, high visits all of them") {
    const Network network(config_at(8'000));
    double last = -1;
    for (const char* temperature : {"0.05", "0.3", "1", "2"}) {
        const double bits = entropy(network.rig(8'000, {{"temperature", temperature}}).run(16'000)[0]);
        CHECK(bits > last);
        last = bits;
    }
}

TEST_CASE("top_p and top_k keep to the likeliest levels, and loudness leans to silence or away from it") {
    const Network network(config_at(8'000));
    const auto played = [&](const char* param, const char* value) {
        return network.rig(8'000, {{param, value}}).run(16'000)[0];
    };
    const Samples plain = played("top_p", "1");
    CHECK(entropy(played("top_p", "0.2")) < entropy(played("top_p", "0.7")));
    CHECK(entropy(played("top_p", "0.7")) < entropy(plain));
    CHECK(entropy(played("top_k", "4")) < entropy(plain));
    CHECK(played("top_k", "1") == played("temperature", "0"));
    CHECK(rms(played("loudness", "-1")) < 0.9 * rms(plain));
    CHECK(rms(played("loudness", "1")) > 1.1 * rms(plain));
    CHECK(played("loudness", "0") == plain);
}

TEST_CASE("each voice is a take of its own, the same in any company") {
    const Network network(config_at(8'000));
    for (const double rate : {8'000.0, 48'000.0}) {
        const Channels all = network.choir(rate, 16).run(6'400);
        for (std::size_t v = 0; v < all.size(); ++v) {
            CHECK(rms(all[v]) > 0.05);
            for (std::size_t other = 0; other < v; ++other) CHECK(all[v] != all[other]);
        }
        for (const int voices : {1, 2, 3, 4, 7}) {
            const Channels some = network.choir(rate, voices).run(6'400);
            REQUIRE(some.size() == static_cast<std::size_t>(voices));
            for (std::size_t v = 0; v < some.size(); ++v) {
                if (rate == 8'000) {
                    CHECK(some[v] == all[v]);
                } else {  // libsamplerate's sums
                    for (std::size_t i = 0; i < some[v].size(); ++i) REQUIRE(std::abs(some[v][i] - all[v][i]) < 1e-5f);
                }
            }
        }
    }
}

TEST_CASE("a wire gives each voice its own temperature and its own gain") {
    const Network network(config_at(8'000));
    auto nodes = network.nodes({{"voices", "3"}, {"temperature", "0"}});
    nodes.push_back({"hands", "input", {{"channels", "3"}}});
    const Channels hands{Samples(32'000, 0.0f), Samples(32'000, 0.15f), Samples(32'000, 0.5f)};
    const auto played = [&](const char* wire) {
        return Rig(nodes, {"net -> tap", wire}, {.rate = 8'000, .inputs = 3, .outputs = 3}).run(32'000, hands);
    };
    const Channels heard = played("hands -> net.temperature");
    CHECK(entropy(heard[0]) < entropy(heard[1]));
    CHECK(entropy(heard[1]) < entropy(heard[2]));
    CHECK(heard[0] == network.choir(8'000, 3, {{"temperature", "0"}}).run(32'000)[0]);

    nodes[0].settings.emplace_back("gain", "-60 dB");
    const Channels louder = played("hands -> net.gain");
    CHECK(rms(louder[0]) < 0.2 * rms(louder[1]));
    CHECK(rms(louder[1]) < 0.2 * rms(louder[2]));
}

TEST_CASE("two cores play the same bytes as one") {
    const Network network(config_at(16'000));
    for (const int voices : {1, 3}) {
        const Channels one = network.choir(16'000, voices).run(6'400);
        CHECK(network.choir(16'000, voices, {{"cores", "2"}}).run(6'400) == one);
    }
}

TEST_CASE("reset and reseed are for all voices") {
    const Network network(config_at(8'000));
    const Channels straight = network.choir(8'000, 3, {{"ahead", "8 ms"}}).run(6'400);
    for (const char* trigger : {"reset", "reseed"}) {
        auto rig = network.choir(8'000, 3, {{"ahead", "8 ms"}});
        rig.run(640);
        rig.fire("net", trigger);
        const Channels after = rig.run(4'000);
        for (std::size_t v = 0; v < 3; ++v) {
            CHECK(parting(part(after[v], 0, 4'000), part(straight[v], 640, 4'000)) >= 64);
            CHECK(parting(part(after[v], 0, 4'000), part(straight[v], 640, 4'000)) < 128);
        }
        if (std::string(trigger) == "reseed") continue;
        for (std::size_t v = 0; v < 3; ++v)  // the cut's step has died away
            for (std::size_t i = 1'000; i < 2'000; ++i) REQUIRE(std::abs(after[v][64 + i] - straight[v][i]) < 1e-4f);
    }
}

TEST_CASE("every precision plays, and auto is what the checkpoint says") {
    Checkpoint checkpoint = network_of(config_at(8'000));
    const auto played = [](const Network& network, const char* precision) {
        return network.rig(8'000, {{"precision", precision}}).run(4'000)[0];
    };
    const Network unmeasured(checkpoint);
    checkpoint.config.int8_cost = 0.001;
    const Network measured(checkpoint);
    checkpoint.config.int8_cost = 0.5;
    const Network spoilt(checkpoint);
    for (const char* precision : {"fp32", "int8", "int4"}) CHECK(rms(played(measured, precision)) > 0.05);
    CHECK(played(unmeasured, "auto") == played(unmeasured, "fp32"));
    CHECK(played(measured, "auto") == played(measured, "int8"));
    CHECK(played(spoilt, "auto") == played(spoilt, "fp32"));
}

TEST_CASE("offline gives the same bytes whenever its work is done, as long as nothing falls behind") {
    const Network network(config_at(8'000));
    const double rate = 24'000;  // 8 blocks of 64 in 20 ms
    const Samples prompt = Slow(network, rate).run(300, [](int) { return all_there_is; });
    CHECK(Slow(network, rate).run(300, [](int) { return 1; }) == prompt);
    CHECK(Slow(network, rate).run(300, [](int n) { return n % 7 == 6 ? all_there_is : 0; }) == prompt);
    CHECK(Slow(network, rate).run(300, [](int n) { return n % 5 == 0 ? 5 : n % 3 == 0 ? 2 : 0; }) == prompt);
    CHECK(network.rig(rate).run(300 * 64)[0] == prompt);
}

TEST_CASE("networks that fall behind play on from their own grains, without a silence and without a click") {
    const Network network(sine_network());
    const double rate = 48'000;
    const std::function<int(int)> stalls[] = {
        [](int n) { return n % 100 < 60 ? all_there_is : 0; },        // now and then nothing at all
        [](int n) { return n % 10 < 7 ? 1 : 0; },                     // always too slow
        [](int n) { return n < 100 || n > 900 ? all_there_is : 0; },  // away for longer than any ring
        [](int n) { return n > 3 ? all_there_is : 0; },               // away from the start
        [](int) { return 0; },                                        // never there
    };
    for (const int voices : {1, 3}) {
        CAPTURE(voices);
        const std::vector<std::pair<std::string, std::string>> steady{{"voices", std::to_string(voices)},
                                                                      {"temperature", voices == 1 ? "0" : "0.05"}};
        const Channels prompt = Slow(network, rate, steady).run(voices, 1'000, [](int) { return all_there_is; });
        for (const auto& voice : prompt) {
            REQUIRE(largest_step(voice) < 0.03);
            REQUIRE(rms(voice) > 0.2);
        }
        if (voices > 1) REQUIRE(prompt[0] != prompt[1]);
        for (const auto& stall : stalls) {
            Slow slow(network, rate, steady);
            const Channels heard = slow.run(voices, 1'000, stall);
            CHECK(finite(heard));
            for (std::size_t v = 0; v < heard.size(); ++v) {
                CHECK(peak(heard[v]) <= peak(prompt[v]) + 1e-6);
                CHECK(largest_step(heard[v]) <= 2 * largest_step(prompt[v]) + 2 * peak(prompt[v]) / block_frames);
                for (std::size_t at = 0; at + 2'400 <= heard[v].size(); at += 2'400)  // 50 ms
                    CHECK(rms(part(heard[v], at, 2'400)) > 0.3 * rms(prompt[v]));
            }
        }
    }
}

TEST_CASE("voices stay in step while they are covered") {
    const Network network(sine_network());
    Slow slow(network, 48'000, {{"voices", "2"}, {"temperature", "0"}});
    const Channels heard = slow.run(2, 1'000, [](int n) { return n % 50 < 20 ? all_there_is : 0; });
    CHECK(slow.meter("covering") > 0.1f);
    CHECK(heard[0] == heard[1]);
}

TEST_CASE("covering says how much was repeated, and nothing when nothing was") {
    const Network network(config_at(8'000));
    Slow prompt(network, 48'000);
    prompt.run(1'500, [](int) { return all_there_is; });
    CHECK(prompt.meter("covering") == 0.0f);
    CHECK(prompt.meter("speed") > 0.0f);
    Slow stalled(network, 48'000);
    stalled.run(3'000, [](int n) { return n < 750 ? all_there_is : 0; });
    CHECK(stalled.meter("covering") > 0.8f);
    Slow half(network, 48'000);
    half.run(6'000, [](int n) { return n % 100 < 50 ? all_there_is : 0; });
    CHECK(half.meter("covering") > 0.2f);
    CHECK(half.meter("covering") < 0.6f);
    Slow slow(network, 48'000);  // makes 7 blocks in the time of 10: what it can is heard
    slow.run(6'000, [](int n) { return n % 10 < 7 ? 1 : 0; });
    CHECK(slow.meter("covering") > 0.1f);
    CHECK(slow.meter("covering") < 0.4f);
    half.run(15'000, [](int) { return all_there_is; });
    CHECK(half.meter("covering") == 0.0f);  // and it is over when it is over
}

TEST_CASE("a reset node sounds as a fresh one, even while it is behind") {
    const Network network(config_at(8'000));
    for (const double rate : {8'000.0, 48'000.0}) {
        const std::vector<std::pair<std::string, std::string>> two{{"voices", "2"}};
        const Channels fresh = Slow(network, rate, two).run(2, 300, [](int) { return all_there_is; });
        for (const int stalled : {0, 2, 5}) {
            Slow slow(network, rate, two);
            slow.fire("reseed");
            slow.run(400, [&](int n) { return n < 400 - stalled ? all_there_is : 0; });
            slow.reset();
            CHECK(slow.run(2, 300, [](int) { return all_there_is; }) == fresh);
        }
    }
}

TEST_CASE("what was late is late again in a replay, to the byte, however prompt that is") {
    const Network network(config_at(8'000));
    const std::vector<std::pair<std::string, std::string>> two{{"voices", "2"}};
    const std::function<int(int)> stalls[] = {
        [](int n) { return n % 100 < 60 ? all_there_is : 0; },
        [](int n) { return n % 10 < 7 ? 1 : 0; },
        [](int n) { return n < 20 || n > 170 ? all_there_is : 0; },  // away for longer than its ring of records
        [](int n) { return n * n % 7 < 2 ? n % 5 : 0; },
    };
    const auto played = [&](Slow& slow, const std::function<int(int)>& works, TimingDecisions* decisions) {
        Channels all(2);
        for (int turn = 0; turn < 5; ++turn) {
            if (turn == 1) slow.fire("reseed");
            if (turn == 3) slow.reset();
            if (turn == 4) slow.fire("reset");
            const Channels heard = slow.run(2, 200, works);
            for (std::size_t c = 0; c < 2; ++c) all[c].insert(all[c].end(), heard[c].begin(), heard[c].end());
            if (decisions) collect(slow.schedule(), *decisions);
        }
        return all;
    };
    for (const double rate : {8'000.0, 48'000.0})
        for (const auto& stall : stalls) {
            TimingDecisions decisions;
            Slow live(network, rate, two), replay(network, rate, two), prompt(network, rate, two);
            const Channels heard = played(live, stall, &decisions);
            CHECK(decisions["net/lateness"].size() > 50);
            CHECK(played(
                      prompt, [](int) { return all_there_is; }, nullptr) != heard);
            replay_decisions(replay.schedule(), decisions);
            CHECK(played(
                      replay, [](int) { return all_there_is; }, nullptr) == heard);
        }
}

TEST_CASE("the reset trigger begins the same take again, without a click") {
    const Network network(sine_network());
    auto rig = network.rig(8'000, {{"ahead", "16 ms"}, {"temperature", "0"}});  // 2 blocks
    const Samples before = rig.run(1'280)[0];
    rig.fire("net", "reset");
    const Samples after = rig.run(1'280)[0];
    // The cut's step dies away; from then on it is the take from its start.
    for (std::size_t i = 256; i < 1'152; ++i) REQUIRE(std::abs(after[128 + i] - before[i]) < 1e-4f);
    Samples around = part(before, 1'216, 64);
    around.insert(around.end(), after.begin(), after.begin() + 192);
    CHECK(largest_step(around) <= 2 * largest_step(before));
}

TEST_CASE("playing takes no memory and no lock") {
    const Network network(config_at(8'000));
    auto rig = network.choir(48'000, 3);
    rig.trap = true;
    rig.run(4'800);
    rig.fire("net", "reset");
    rig.fire("net", "reseed");
    rig.run(4'800);
    CHECK(rig.sprung == 0);
}

TEST_CASE("nodes of one model and precision share its weights, and a checkpoint written anew is loaded anew") {
    const Network network(config_at(8'000));
    Store store;
    const auto held = shared_model(store, find_checkpoint(network.folder.path), Precision::fp32);
    const auto uses = [&](const std::vector<std::string>& precisions) {
        auto nodes = network.nodes({{"voices", "4"}});
        nodes.erase(nodes.begin());
        for (const auto& precision : precisions) {
            nodes.push_back(network.nodes({{"voices", "4"}, {"precision", precision}})[0]);
            nodes.back().id = "net" + std::to_string(nodes.size());
        }
        const auto compiled = compile(check(make_patch(nodes, {}), test_types()), {8'000, 1, store, {}});
        REQUIRE(compiled.schedule);
        return held.use_count() - 1;
    };
    const long one = uses({"fp32"});
    CHECK(one > 0);
    CHECK(uses({"fp32", "fp32", "auto"}) == 3 * one);
    CHECK(uses({"int8", "int8"}) == 0);
    CHECK(uses({"int8", "fp32"}) == one);

    const Samples before = network.rig(8'000).run(1'000)[0];
    write_checkpoint(network.folder / "net.safetensors", network_of(config_at(8'000), 2), Storage::f32);
    CHECK(network.rig(8'000).run(1'000)[0] != before);
}

TEST_CASE("a model that cannot be played is said at its setting") {
    const auto told = [](const std::string& model) {
        const auto lines = problems_of({{"net", "samplernn", {{"model", model}}}});
        std::string all;
        for (const auto& line : lines) all += line + "\n";
        return all;
    };
    const Folder folder;
    const auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
    CHECK(has(told((folder / "none").string()), "no such file or folder"));
    CHECK(has(told(folder.path.string()), "no checkpoint"));
    std::ofstream(folder / "a.safetensors") << "this is a text, and not a short one";
    CHECK(has(told((folder / "a.safetensors").string()), "no safetensors file"));
    write_checkpoint(folder / "b.safetensors", network_of(config_at(8'000)), Storage::f32);
    CHECK(told((folder / "b.safetensors").string()).empty());
    {  // Sound in its header and not in its weights: only loading it can tell.
        std::fstream file(folder / "b.safetensors", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-2, std::ios::end);
        file.write("\x80\x7f", 2);
    }
    CHECK(has(told((folder / "b.safetensors").string()), "no finite number"));
    CHECK(!problems_of({{"net", "samplernn", {}}}).empty());
}
