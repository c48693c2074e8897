// Bent networks: what each bend does to the units, the same bytes everywhere, and none while nothing is bent.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nodes/samplernn/engine/generator.h"
#include "tests/nodes/samplernn/waves.h"

using namespace legume::samplernn;

namespace {

#if defined(LEGUME_EMULATED)
constexpr int length = 600;
#else
constexpr int length = 4'000;
#endif

struct Way {
    const char* name;
    std::function<void(Bend&)> bend;
};
const Way ways[] = {
    {"slow gain", [](Bend& b) { b.slow.gain = 0.3f; }},
    {"slow noise", [](Bend& b) { b.slow.noise = 0.3f; }},
    {"slow dropout", [](Bend& b) { b.slow.dropout = 0.5f; }},
    {"slow freeze", [](Bend& b) { b.slow.freeze = 0.5f; }},
    {"fast gain", [](Bend& b) { b.fast.gain = 2; }},
    {"fast noise", [](Bend& b) { b.fast.noise = 0.3f; }},
    {"fast dropout", [](Bend& b) { b.fast.dropout = 0.5f; }},
    {"fast freeze", [](Bend& b) { b.fast.freeze = 0.5f; }},
    {"drift", [](Bend& b) { b.drift = 1; }},
};
const Way everything{"everything", [](Bend& b) {
                         b.slow = {1.5f, 0.2f, 0.2f, 0.2f};
                         b.fast = {0.7f, 0.1f, 0.1f, 0.3f};
                         b.drift = 0.5f;
                     }};

std::shared_ptr<const Model> model_of(const Config& config, Precision precision = Precision::fp32,
                                      const Kernels& with = kernels()) {
    return std::make_shared<const Model>(network_of(config), precision, with);
}

std::vector<float> played(Generator& generator, int samples = length) {
    std::vector<float> all;
    for (int i = 0; i < samples; ++i) all.push_back(generator.next(Sampling(1)));
    return all;
}

std::vector<float> bent(std::shared_ptr<const Model> model, const Way& way) {
    Generator generator(std::move(model), 1);
    Touch touch;
    way.bend(touch.bend);
    generator.touch({&touch, 1});
    return played(generator);
}

Config with_cell(Cell cell) {
    Config config = config_at(8'000);
    for (auto& tier : config.tiers) tier.cell = cell;
    return config;
}

// Feeds it chance, and calls `each` after every sample.
void feed(RunState& state, Bending& bending, int samples, const std::function<void(int)>& each) {
    for (int i = 0; i < samples; ++i) {
        ++bending.clock;
        state.push(static_cast<int>(legume::dsp::random_bits(3, 0, bending.clock) % 64));
        each(i);
    }
}

std::vector<float> copy(std::span<const float> from) { return {from.begin(), from.end()}; }

}  // namespace

TEST_CASE("hands that do nothing change no byte, also after they did something") {
    const auto model = model_of(config_at(8'000));
    Generator plain(model, 1), touched(model, 1);
    const auto straight = played(plain);
    const Touch none;
    touched.touch({&none, 1});
    CHECK(played(touched) == straight);

    Touch touch;
    everything.bend(touch.bend);
    touched.touch({&touch, 1});
    CHECK(played(touched) != straight);
    touched.touch({&none, 1});
    touched.restart();
    CHECK(played(touched) == straight);
}

TEST_CASE("each bend is heard, and the same twice") {
    const auto model = model_of(config_at(8'000));
    Generator plain(model, 1);
    const auto straight = played(plain);
    for (const auto& way : ways) {
        CAPTURE(way.name);
        const auto once = bent(model, way);
        CHECK(once != straight);
        CHECK(bent(model, way) == once);
    }
}

TEST_CASE("bent networks of every cell and precision have the same bytes under every instruction set") {
    for (const auto cell : {Cell::gru, Cell::lstm, Cell::min_gru})
        for (const auto precision : {Precision::fp32, Precision::int8, Precision::int4}) {
            CAPTURE(static_cast<int>(cell));
            CAPTURE(static_cast<int>(precision));
            const auto scalar = bent(model_of(with_cell(cell), precision, kernels_named("scalar")), everything);
            CHECK(*std::max_element(scalar.begin(), scalar.end()) > 0.01f);
            for (const auto* isa : playable_kernels()) {
                CAPTURE(isa->isa);
                CHECK(bent(model_of(with_cell(cell), precision, *isa), everything) == scalar);
            }
        }
}

TEST_CASE("a voice is bent the same in any company, and each by its own bend") {
    const auto model = model_of(config_at(8'000));
    std::vector<Touch> touches(3);
    everything.bend(touches[1].bend);
    ways[8].bend(touches[2].bend);
    const auto alone = [&](std::size_t v) {
        Generator generator(model, 1, 1, v);
        generator.touch({&touches[v], 1});
        return played(generator, 1'000);
    };
    Generator choir(model, 1, 3);
    choir.touch(touches);
    std::vector<std::vector<float>> all(3);
    std::vector<float> now(3);
    const std::vector<Sampling> chances(3);
    for (int i = 0; i < 1'000; ++i) {
        choir.next(chances, now);
        for (std::size_t v = 0; v < 3; ++v) all[v].push_back(now[v]);
    }
    for (std::size_t v = 0; v < 3; ++v) CHECK(all[v] == alone(v));
}

TEST_CASE("what stands still stands still: all of a tier, or always the same part of it") {
    Config config = config_at(8'000);
    config.dim = 256;
    for (const bool slow : {true, false}) {
        RunState state(model_of(config));
        Bend bend;
        Bending bending{{&bend, 1}, 1, 0, 0, 8'000};
        feed(state, bending, 64, [](int) {});
        auto& tier = slow ? bend.slow : bend.fast;
        tier.freeze = 1;
        state.bend(&bending);
        const std::size_t at = slow ? 1 : 0;
        const auto before = copy(state.units(at)), others = copy(state.units(1 - at));
        feed(state, bending, 64, [&](int) { CHECK(copy(state.units(at)) == before); });
        CHECK(copy(state.units(1 - at)) != others);

        tier.freeze = 0.5f;
        feed(state, bending, 640, [](int) {});
        const auto now = copy(state.units(at));
        int still = 0;
        for (std::size_t u = 0; u < now.size(); ++u) still += now[u] == before[u];
        CHECK(still > 100);
        CHECK(still < 156);
    }
}

TEST_CASE("dropout silences its share of a tier, another part after a twentieth of a second") {
    Config config = config_at(8'000);
    config.dim = 256;
    RunState state(model_of(config));
    Bend bend;
    bend.slow.dropout = 0.25f;
    Bending bending{{&bend, 1}, 1, 0, 0, 8'000};
    state.bend(&bending);
    std::vector<std::vector<bool>> silent;
    feed(state, bending, 4'000, [&](int i) {
        if (i % 400 != 200) return;
        silent.emplace_back();
        for (const float unit : state.units(1)) silent.back().push_back(unit == 0);
        const auto share = static_cast<double>(std::count(silent.back().begin(), silent.back().end(), true)) / 256;
        CHECK(share > 0.15);
        CHECK(share < 0.35);
    });
    for (std::size_t i = 1; i < silent.size(); ++i) CHECK(silent[i] != silent[i - 1]);
}

TEST_CASE("a tier of no gain is not heard by what is below it") {
    const auto model = model_of(config_at(8'000));
    for (const float gain : {0.0f, 1.0f}) {
        std::vector<float> logits[2];
        for (const int other : {0, 1}) {
            RunState state(model);
            auto set = state.state();
            const auto dim = static_cast<std::size_t>(model->config.dim);
            for (std::size_t u = dim; u < 2 * dim; ++u) set.cells[u] = other ? 0.9f : -0.9f;  // of the slow tier
            Bend bend;
            bend.slow.gain = gain;
            Bending bending{{&bend, 1}, 1, 0, 0, 8'000};
            state.bend(&bending);
            state.set_state(set);
            feed(state, bending, 100, [&](int) {
                const auto now = state.logits();
                logits[other].insert(logits[other].end(), now.begin(), now.end());
            });
        }
        CHECK((logits[0] == logits[1]) == (gain == 0));
    }
}

TEST_CASE("noise and drift keep units within what int8 can say, and drift goes slowly") {
    for (const auto cell : {Cell::gru, Cell::lstm, Cell::min_gru}) {
        RunState state(model_of(with_cell(cell)));
        Bend bend;
        bend.slow.noise = bend.fast.noise = 1;
        bend.drift = 1;
        Bending bending{{&bend, 1}, 1, 0, 0, 8'000};
        state.bend(&bending);
        const float limit = cell == Cell::min_gru ? 16 : 1;
        feed(state, bending, 1'000, [&](int) {
            for (const std::size_t tier : {0u, 1u})
                for (const float unit : state.units(tier)) REQUIRE(std::abs(unit) <= limit);
        });
    }
}

TEST_CASE("the guard pushes a voice out of its circle, and does nothing while there is none") {
    const auto loop = std::make_shared<const Model>(sawtooth());
    const auto circles = [](const std::vector<float>& x, std::size_t from) {  // samples that are the one 8 before
        std::size_t same = 0;
        for (std::size_t i = from; i < x.size(); ++i) same += x[i] == x[i - 8];
        return static_cast<double>(same) / static_cast<double>(x.size() - from);
    };
    const auto sounds = [&](float guard) {
        Generator generator(loop, 1);
        Touch touch;
        touch.guard = guard;
        generator.touch({&touch, 1});
        std::vector<float> all;
        for (int i = 0; i < 4 * 8'000; ++i) all.push_back(generator.next(Sampling(0)));
        return all;
    };
    const auto unguarded = sounds(0), guarded = sounds(1);
    CHECK(circles(unguarded, 100) == 1);
    CHECK(circles({guarded.begin(), guarded.begin() + 12'000}, 100) == 1);  // it is given a second and a half
    const std::vector<float> after(guarded.begin() + 12'000, guarded.begin() + 14'500);
    CHECK(circles(after, 8) < 0.8);

    const auto model = model_of(config_at(8'000));
    Generator plain(model, 1), watched(model, 1);
    Touch touch;
    touch.guard = 1;
    watched.touch({&touch, 1});
    CHECK(played(plain, 24'000) == played(watched, 24'000));
}

TEST_CASE("what goes round slowly, nearly, or not at all any more is stuck too; what moves on is not") {
    const auto found = [](const std::function<int(int)>& level) {
        LoopDetector stuck(8'000, 256);
        for (int i = 0; i < 24'000; ++i)
            if (stuck.hears(level(i))) return i;
        return -1;
    };
    const auto any = [](int seed, int i) {
        return static_cast<int>(
            legume::dsp::random_bits(static_cast<std::uint64_t>(seed), 0, static_cast<std::uint64_t>(i)) % 256);
    };
    CHECK(found([](int) { return 128; }) > 8'000);
    CHECK(found([&](int i) { return any(1, i % 3'700); }) > 8'000);
    CHECK(found([&](int i) { return i % 500 == 0 ? any(2, i) : 60 + i % 37 * 3 + any(1, i) % 2; }) > 8'000);
    CHECK(found([&](int i) { return any(1, i); }) == -1);
    CHECK(found([](int i) { return static_cast<int>(i * static_cast<long long>(i) / 300 % 256); }) == -1);
    CHECK(found([&](int i) { return any(1, i % 4'100); }) == -1);  // longer than half a second: a phrase
}
