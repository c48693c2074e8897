// Plays small networks through the node: distance, seeds, temperature, and what is heard when it falls behind.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>

#include "nodes/samplernn/generator.h"
#include "tests/harness.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;

namespace {

Config config_at(double rate) {
    Config config = small_config();
    config.dim = 16;
    config.sample_rate = rate;
    return config;
}

// Weightless but for what the two below set.
Checkpoint empty(Config config) {
    config.hidden = 0;
    config.quantiser = Quantiser::linear;
    Checkpoint checkpoint = network_of(config);
    for (auto& [name, tensor] : checkpoint.tensors) std::fill(tensor.values.begin(), tensor.values.end(), 0.0f);
    return checkpoint;
}

// Its likeliest level is always the next one up: 8 steps at 8 kHz, so 1 kHz.
Checkpoint sawtooth() {
    Config config = config_at(8'000);
    config.dim = config.embedding = config.levels = 8;
    Checkpoint checkpoint = empty(config);
    const std::size_t taps = 4;
    for (std::size_t x = 0; x < 8; ++x) {
        checkpoint.tensors["sample.embedding"].values[x * 8 + x] = 1;
        checkpoint.tensors["sample.conv"].values[(x * 8 + x) * taps + taps - 1] = 1;  // hears the newest alone
        checkpoint.tensors["sample.out.weight"].values[(x + 1) % 8 * 8 + x] = 1;
    }
    return checkpoint;
}

// Its likeliest level is the one nearest to c x1 - x2 + b, a sine of 200 Hz about b / (2 - c) levels above silence,
// which is where it starts from.
Checkpoint sine_network() {
    Config config = config_at(8'000);
    config.dim = config.embedding = 1;
    config.levels = 256;
    Checkpoint checkpoint = empty(config);
    const double c = 2 * std::cos(2 * 3.14159265358979 * 200 / 8'000);
    checkpoint.tensors["sample.conv"].values = {0, 0, -1, static_cast<float>(c)};
    checkpoint.tensors["sample.conv_bias"].values = {static_cast<float>((2 - c) * 50)};
    for (int j = 0; j < 256; ++j) {
        const auto at = static_cast<std::size_t>(j);
        const auto x = static_cast<float>(j - 128);
        checkpoint.tensors["sample.embedding"].values[at] = x;
        checkpoint.tensors["sample.out.weight"].values[at] = 2 * x;
        checkpoint.tensors["sample.out.bias"].values[at] = -x * x;
    }
    return checkpoint;
}

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
        out_.channels = 1;
        out_.data[0] = block_;
    }
    // `works(n)` says how many pieces of work are done after block n.
    Samples run(int blocks, const std::function<int(int)>& works) {
        Samples all;
        for (int n = 0; n < blocks; ++n) {
            control_.apply(frame_);
            schedule_->process(frame_, {}, Signal{}, out_);
            frame_ += block_frames;
            all.insert(all.end(), block_, block_ + block_frames);
            for (int left = works(n); left > 0 && schedule_->works()[0]->run(); --left) {
            }
        }
        return all;
    }
    void reset() { schedule_->find("net")->reset(); }
    void fire(const char* trigger) { control_.post(*static_cast<Trigger*>(schedule_->find("net")->find(trigger))); }
    float meter(const char* name) { return static_cast<Meter*>(schedule_->find("net")->find(name))->value(); }

  private:
    Store store_;
    ControlQueue control_;
    std::unique_ptr<Schedule> schedule_;
    float block_[block_frames] = {};
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

TEST_CASE("low temperature keeps to the likeliest levels, high visits all of them") {
    const Network network(config_at(8'000));
    double last = -1;
    for (const char* temperature : {"0.05", "0.3", "1", "2"}) {
        const double bits = entropy(network.rig(8'000, {{"temperature", temperature}}).run(16'000)[0]);
        CHECK(bits > last);
        last = bits;
    }
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

TEST_CASE("a network that falls behind plays on from its own grains, without a silence and without a click") {
    const Network network(sine_network());
    const double rate = 48'000;
    const std::vector<std::pair<std::string, std::string>> steady{{"temperature", "0"}};
    const Samples prompt = Slow(network, rate, steady).run(1'000, [](int) { return all_there_is; });
    REQUIRE(largest_step(prompt) < 0.02);
    REQUIRE(rms(prompt) > 0.2);
    const std::function<int(int)> stalls[] = {
        [](int n) { return n % 100 < 60 ? all_there_is : 0; },        // now and then nothing at all
        [](int n) { return n % 10 < 7 ? 1 : 0; },                     // always too slow
        [](int n) { return n < 100 || n > 900 ? all_there_is : 0; },  // away for longer than any ring
        [](int n) { return n > 3 ? all_there_is : 0; },               // away from the start
        [](int) { return 0; },                                        // never there
    };
    for (const auto& stall : stalls) {
        Slow slow(network, rate, steady);
        const Samples heard = slow.run(1'000, stall);
        CHECK(finite({heard}));
        CHECK(peak(heard) <= peak(prompt) + 1e-6);
        CHECK(largest_step(heard) <= 2 * largest_step(prompt) + 2 * peak(prompt) / block_frames);
        for (std::size_t at = 0; at + 2'400 <= heard.size(); at += 2'400)  // 50 ms
            CHECK(rms(part(heard, at, 2'400)) > 0.3 * rms(prompt));
    }
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
        const Samples fresh = Slow(network, rate).run(300, [](int) { return all_there_is; });
        for (const int stalled : {0, 2, 5}) {
            Slow slow(network, rate);
            slow.fire("reseed");
            slow.run(400, [&](int n) { return n < 400 - stalled ? all_there_is : 0; });
            slow.reset();
            CHECK(slow.run(300, [](int) { return all_there_is; }) == fresh);
        }
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
    auto rig = network.rig(48'000);
    rig.trap = true;
    rig.run(4'800);
    rig.fire("net", "reset");
    rig.fire("net", "reseed");
    rig.run(4'800);
    CHECK(rig.sprung == 0);
}

TEST_CASE("nodes of one model share its weights, and a checkpoint written anew is loaded anew") {
    const Network network(config_at(8'000));
    auto nodes = network.nodes();
    nodes.push_back(nodes[0]);
    nodes.back().id = "other";
    Rig rig(nodes, {"net -> tap", "other -> tap"}, {.rate = 8'000, .outputs = 1});
    CHECK(rms(rig.run(1'000)[0]) > 0.05);

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
