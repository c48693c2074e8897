// What a layer remembers is as its kind of cell lists it, however many states there are and whatever their sizes.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/layer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "nodes/samplernn/checkpoint/random_network.h"
#include "nodes/samplernn/engine/engine.h"
#include "nodes/samplernn/engine/generator_state.h"

using namespace legume::samplernn;

namespace {

constexpr int D = 20, voices = 2;
constexpr std::size_t size = D + 2 * D + 3;  // of a voice

// No cell that can be played: h, a complex number for each unit, and three numbers that have nothing to do with units.
constexpr CellState states[] = {{"h", [](int dim) { return dim; }, 1, 1},
                                {"x", [](int dim) { return 2 * dim; }},
                                {"y", [](int) { return 3; }, 0, 4}};
const CellKind odd{Cell::gru, "odd", "odd", 1, {}, states, 1};

std::vector<float> counting() {
    std::vector<float> values(voices * size);
    std::iota(values.begin(), values.end(), 1.0f);
    for (auto& value : values) value /= 256;
    return values;
}

LayerState layer_of(const std::vector<float>& values, Precision precision = Precision::fp32) {
    LayerState layer(odd, D, voices, precision);
    CHECK(layer.write(values.data()) == values.data() + values.size());
    return layer;
}

std::vector<float> read(const LayerState& layer) {
    std::vector<float> values;
    layer.read(values);
    return values;
}

}  // namespace

TEST_CASE("three states of D, 2 D and 3 numbers are read as they were written, voice after voice") {
    const auto values = counting();
    const auto layer = layer_of(values);
    CHECK(layer.size() == values.size());
    CHECK(read(layer) == values);
    CHECK(layer.of(0, 1)[0] == values[size]);
    CHECK(layer.of(1, 1)[2 * D - 1] == values[size + 3 * D - 1]);
    CHECK(layer.of(2, 0)[2] == values[size - 1]);
    CHECK(layer.h().of(1) == layer.of(0, 1));
}

TEST_CASE("they go over to another network's layer, and through a moment's file, without a difference") {
    const auto values = counting();
    const auto layer = layer_of(values);
    LayerState other(odd, D, voices, Precision::int8);
    other.take_over(layer);
    CHECK(read(other) == values);

    const GeneratorState moment{{State{values, {1, 2, 3}, 4}}, 5, 6};
    CHECK(read(layer_of(from_bytes(to_bytes(moment, "odd\n"), "odd\n").states[0].cells)) == values);
}

TEST_CASE("a layer begins from each state's own first values, in every voice") {
    auto layer = layer_of(counting());
    const std::vector<std::vector<float>> first{std::vector<float>(D, 0.25f), std::vector<float>(2 * D, 0.5f),
                                                std::vector<float>(3, 0.75f)};
    layer.begin(first);
    for (int v = 0; v < voices; ++v)
        for (std::size_t s = 0; s < 3; ++s)
            CHECK(std::vector<float>(layer.of(s, v), layer.of(s, v) + states[s].size(D)) == first[s]);
}

TEST_CASE("a frozen unit stands still in every state that has it; noise moves what bends may move, within its bounds") {
    const auto before = counting();
    Bend bends[voices];
    for (auto& bend : bends) {
        bend.slow.freeze = 0.5f;
        bend.slow.noise = 8;
    }
    const Bending bending{bends, 1, 0, 0, 8'000};
    auto layer = layer_of(before);
    layer.keep();
    auto stepped = before;
    for (auto& value : stepped) value += 0.125f;
    layer.write(stepped.data());
    layer.bend(bending, true, 0);
    for (int v = 0; v < voices; ++v) {
        const float* was = before.data() + index(v) * size;
        const float *h = layer.of(0, v), *x = layer.of(1, v), *y = layer.of(2, v);
        int still = 0;
        for (int u = 0; u < D; ++u) {
            const bool frozen = h[u] == was[u];
            still += frozen;
            for (const int half : {0, D}) CHECK(x[half + u] == was[D + half + u] + (frozen ? 0 : 0.125f));
            CHECK(std::abs(h[u]) <= 1);
        }
        CHECK(still > 0);
        CHECK(still < D);
        CHECK(std::max({std::abs(y[0]), std::abs(y[1]), std::abs(y[2])}) <= 4);
        CHECK(std::any_of(y, y + 3, [](float value) { return std::abs(value) > 1; }));
    }
}

TEST_CASE("every cell of the table plays, and what its voices remember is its states and nothing else") {
    for (const auto& kind : cell_kinds()) {
        CAPTURE(kind.word);
        const auto shape =
            parse_shape("dim=32 frames=2/8 layers=2 levels=32 embedding=8 cell=" + std::string(kind.word));
        const auto model = std::make_shared<const Model>(random_network(shape));
        RunState one(model, voices), other(model, voices);
        std::size_t numbers = 0;
        for (const auto& state : kind.states) numbers += index(state.size(32));
        CHECK(one.state().cells.size() == 2 * 2 * voices * numbers);
        for (int t = 0; t < 40; ++t) one.push(t * 7 % 32);
        const auto now = one.state();
        CHECK(now.cells != other.state().cells);
        other.set_state(now);
        for (int t = 0; t < 40; ++t) {
            const auto a = one.logits(1), b = other.logits(1);
            REQUIRE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
            one.push(t * 5 % 32);
            other.push(t * 5 % 32);
        }
    }
}
