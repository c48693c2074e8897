// Several networks with one voice: corners, both ways to agree, companies of any size, and those that cannot agree.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tests/harness.h"
#include "tests/nodes/samplernn/waves.h"

using namespace legume;
using namespace legume::test;
using namespace legume::samplernn;

namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;
constexpr double rate = 8'000;

// Four networks of one rate, of two sizes.
struct Networks {
    Networks() {
        for (int i = 0; i < 4; ++i) {
            Config config = config_at(rate);
            if (i % 2) config.dim = 12;
            write_checkpoint(file(i), network_of(config, static_cast<std::uint64_t>(i) + 1), Storage::f32);
        }
    }
    std::filesystem::path file(int i) const { return folder / (std::string(1, "abcd"[i]) + ".safetensors"); }
    Settings blend(int count, const Settings& more = {}) const {
        Settings settings;
        for (int i = 0; i < count; ++i) settings.emplace_back(std::string("model_") + "abcd"[i], file(i).string());
        settings.insert(settings.end(), more.begin(), more.end());
        return settings;
    }
    static Rig rig(const char* type, const Settings& settings, int voices = 1) {
        return {{{"net", type, settings}, {"tap", "tap", {}}}, {"net -> tap"}, {.rate = rate, .outputs = voices}};
    }
    Rig rig(int count, const Settings& more = {}) const { return rig("samplernn-blend", blend(count, more)); }
    Samples alone(int i) const { return rig("samplernn", {{"model", file(i).string()}}).run(4'000)[0]; }
    Folder folder;
};

Checkpoint sine_of(double hertz) {
    Checkpoint checkpoint = sine_network();
    const double c = 2 * std::cos(2 * 3.14159265358979 * hertz / rate);
    checkpoint.tensors["sample.conv"].values = {0, 0, -1, static_cast<float>(c)};
    checkpoint.tensors["sample.conv_bias"].values = {static_cast<float>((2 - c) * 50)};
    return checkpoint;
}

// Always the same level.
Checkpoint steady(int level) {
    Config config = config_at(rate);
    config.dim = config.embedding = 1;
    config.levels = 256;
    Checkpoint checkpoint = weightless(config);
    checkpoint.tensors["sample.out.bias"].values[static_cast<std::size_t>(level)] = 100;
    return checkpoint;
}

std::string first_problem(const Settings& settings) {
    const auto problems = problems_of({{"net", "samplernn-blend", settings}});
    return problems.empty() ? "" : problems[0];
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// In Hz. These sines stand above silence, and swing in whole levels: a few percent off.
double note(Samples x) {
    double mean = 0;
    for (const float s : x) mean += double{s} / static_cast<double>(x.size());
    for (float& s : x) s -= static_cast<float>(mean);
    return loudest_hertz(x, rate);
}

}  // namespace

TEST_CASE("a blend at a corner plays that network, byte for byte") {
    const Networks networks;
    for (const char* mix : {"product", "mixture"})
        for (int corner = 0; corner < 4; ++corner) {
            CAPTURE(mix);
            CAPTURE(corner);
            Settings faders{{"mix", mix}};
            for (int i = 0; i < 4; ++i) faders.emplace_back(std::string(1, "abcd"[i]), i == corner ? "0.7" : "0");
            CHECK(networks.rig(4, faders).run(4'000)[0] == networks.alone(corner));
        }
}

TEST_CASE("a product of two notes is the note between; a mixture is on average where its networks are") {
    const Folder folder;
    write_checkpoint(folder / "low.safetensors", sine_of(200), Storage::f32);
    write_checkpoint(folder / "high.safetensors", sine_of(400), Storage::f32);
    for (const auto& [a, hertz] : {std::pair("0", 400.0), {"0.333333", 356.0}, {"1", 316.0}}) {
        const auto heard = Networks::rig("samplernn-blend", {{"model_a", (folder / "low.safetensors").string()},
                                                             {"model_b", (folder / "high.safetensors").string()},
                                                             {"a", a},
                                                             {"temperature", "0"}})
                               .run(12'000)[0];
        CHECK(note(part(heard, 3'616, 8'192)) == doctest::Approx(hertz).epsilon(0.06));
        CHECK(largest_step(heard) < 0.5);
    }
    write_checkpoint(folder / "one.safetensors", steady(64), Storage::f32);     // -0.5
    write_checkpoint(folder / "other.safetensors", steady(192), Storage::f32);  // 0.5
    const auto heard = Networks::rig("samplernn-blend", {{"model_a", (folder / "one.safetensors").string()},
                                                         {"model_b", (folder / "other.safetensors").string()},
                                                         {"a", "0.25"},
                                                         {"b", "0.75"},
                                                         {"mix", "mixture"}})
                           .run(12'000)[0];
    double mean = 0;
    for (const float x : heard) {
        REQUIRE(std::abs(std::abs(x) - 0.5f) < 0.01f);
        mean += double{x} / static_cast<double>(heard.size());
    }
    CHECK(mean == doctest::Approx(0.25).epsilon(0.08));
}

TEST_CASE("a blend gives the same bytes twice while its faders move, and as after reset") {
    const Networks networks;
    for (const char* mix : {"product", "mixture"})
        for (const int count : {2, 3, 4}) {
            const auto played = [&](const char* cores) {
                auto rig = networks.rig(count, {{"mix", mix}, {"cores", cores}});
                rig.trap = true;
                Samples all;
                for (const float a : {1.0f, 0.0f, 0.3f, 0.8f}) {
                    rig.set("net", "a", a);
                    rig.set("net", "b", 1 - a);
                    rig.set("net", "c", a * a);
                    const auto heard = rig.run(1'280)[0];
                    all.insert(all.end(), heard.begin(), heard.end());
                }
                CHECK(rig.sprung == 0);
                CHECK(rig.meter("net", "covering").value() == 0.0f);
                return all;
            };
            const auto once = played("1");
            CHECK(played("1") == once);
            CHECK(played("2") == once);
            CHECK(rms(once) > 0.05);
        }
    auto rig = networks.rig(3);
    const auto fresh = rig.run(3'200)[0];
    rig.node("net").reset();
    CHECK(rig.run(3'200)[0] == fresh);
}

TEST_CASE("with all faders down the networks are as many as with all of them up") {
    const Networks networks;
    CHECK(networks.rig(3, {{"a", "0"}, {"b", "0"}, {"c", "0"}}).run(4'000)[0] == networks.rig(3).run(4'000)[0]);
    CHECK(networks.rig(3).run(4'000)[0] != networks.rig(2).run(4'000)[0]);
    CHECK(networks.rig(2, {{"d", "0"}}).run(4'000)[0] == networks.rig(2).run(4'000)[0]);  // no network, no say
}

TEST_CASE("voices of a blend are takes of their own, the same in any company") {
    const Networks networks;
    const auto all = Networks::rig("samplernn-blend", networks.blend(2, {{"voices", "3"}}), 3).run(3'200);
    const auto some = Networks::rig("samplernn-blend", networks.blend(2, {{"voices", "2"}}), 2).run(3'200);
    CHECK(all[0] != all[1]);
    CHECK(all[0] == some[0]);
    CHECK(all[1] == some[1]);
}

TEST_CASE("networks that cannot be blended are told apart by what differs") {
    const Networks networks;
    const auto with = [&](const std::function<void(Config&)>& change) {
        Config config = config_at(rate);
        change(config);
        write_checkpoint(networks.folder / "odd.safetensors", network_of(config), Storage::f32);
        auto settings = networks.blend(2);
        settings.emplace_back("model_c", (networks.folder / "odd.safetensors").string());
        return first_problem(settings);
    };
    CHECK(has(with([](Config& c) { c.sample_rate = 16'000; }), "its sample_rate is 16000.0, and model_a's is 8000.0"));
    CHECK(has(with([](Config& c) { c.levels = 32; }), "its levels is 32, and model_a's is 64"));
    CHECK(has(with([](Config& c) { c.quantiser = Quantiser::linear; }),
              "its quantiser is linear, and model_a's is mu_law; only networks that agree in it can be blended"));
    CHECK(with([](Config& c) { c.dim = 40; }).empty());
    CHECK(has(first_problem(networks.blend(1)), "samplernn-blend needs \"model_b\""));
    CHECK(has(first_problem(networks.blend(2, {{"model_c", (networks.folder / "none").string()}})),
              "there is no such file or folder"));
}
