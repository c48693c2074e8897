// Imported networks against each source's own maths, written out here in its own axes and gate order.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/import.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "nodes/samplernn/engine/engine.h"
#include "tests/folder.h"
#include "tests/nodes/samplernn/checkpoint_bytes.h"
#include "tests/nodes/samplernn/foreign.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

using Doubles = std::vector<double>;
using History = std::vector<int>;  // all so far, the silence before the first included

std::size_t at(int i) { return static_cast<std::size_t>(i); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
Doubles rectified(Doubles x) {
    for (double& v : x) v = std::max(v, 0.0);
    return x;
}
Doubles sum(Doubles x, const Doubles& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
    return x;
}
Doubles part(const Doubles& x, int index, int size) {
    return {x.begin() + index * size, x.begin() + (index + 1) * size};
}
Doubles joined(Doubles x, const Doubles& y) {
    x.insert(x.end(), y.begin(), y.end());
    return x;
}
Doubles last_levels(const History& x, int n, const std::function<double(int)>& as) {
    Doubles u;
    for (auto it = x.end() - n; it != x.end(); ++it) u.push_back(as(*it));
    return u;
}

// Reads a source's tensors by their own indices.
struct Weights {
    const Tensors& tensors;
    double of(const std::string& name, int i, int j = 0, int k = 0) const {
        const Tensor& t = tensors.at(name);
        const auto dim = [&](std::size_t axis) { return axis < t.shape.size() ? static_cast<int>(t.shape[axis]) : 1; };
        return double(t.values.at(at((i * dim(1) + j) * dim(2) + k)));
    }
    Doubles row(const std::string& name, int i = -1) const {  // i < 0: of what has one axis
        const Tensor& t = tensors.at(name);
        const auto size = static_cast<int>(t.shape.back());
        const Doubles all(t.values.begin(), t.values.end());
        return i < 0 ? all : part(all, i, size);
    }
    Doubles times(const Doubles& x, const std::string& name) const {  // x W, as TensorFlow has it
        const Tensor& w = tensors.at(name);
        REQUIRE(static_cast<std::size_t>(w.shape[0]) == x.size());
        Doubles y(static_cast<std::size_t>(w.shape[1]));
        for (std::size_t i = 0; i < x.size(); ++i) {
            for (std::size_t j = 0; j < y.size(); ++j) y[j] += x[i] * double(w.values[i * y.size() + j]);
        }
        return y;
    }
    Doubles dense(const Doubles& x, const std::string& name) const {
        return sum(times(x, name + "kernel"), row(name + "bias"));
    }
};

struct Memory {
    Doubles h = Doubles(20), c = Doubles(20);
};

// TensorFlow 1, Unisound's calls of it.
struct Unisound {
    using S = UnisoundShape;
    S shape;
    Weights w;
    std::vector<Memory> big{5}, small{5};
    Doubles from_big{}, from_small{};

    Doubles cell(const std::string& name, const Doubles& x, Memory& m) const {
        const Doubles before = m.h;
        if (shape.lstm) {
            const Doubles all = w.dense(joined(x, m.h), name);
            for (int d = 0; d < S::dim; ++d) {
                const double i = all[at(d)], j = all[at(S::dim + d)], f = all[at(2 * S::dim + d)],
                             o = all[at(3 * S::dim + d)];
                m.c[at(d)] = m.c[at(d)] * sigmoid(f + 1.0) + sigmoid(i) * std::tanh(j);
                m.h[at(d)] = std::tanh(m.c[at(d)]) * sigmoid(o);
            }
            return m.h;
        }
        const Doubles gates = w.dense(joined(x, before), name + "gates/");
        Doubles reset = before;
        for (int d = 0; d < S::dim; ++d) reset[at(d)] *= sigmoid(gates[at(d)]);
        const Doubles c = w.dense(joined(x, reset), name + "candidate/");
        for (int d = 0; d < S::dim; ++d) {
            const double u = sigmoid(gates[at(S::dim + d)]);
            m.h[at(d)] = u * before[at(d)] + (1 - u) * std::tanh(c[at(d)]);
        }
        return m.h;
    }
    Doubles stack(int tier, Doubles x, std::vector<Memory>& memories) const {
        for (int k = 0; k < shape.layers; ++k) x = cell(shape.cell(unisound_scopes[tier], k), x, memories[at(k)]);
        return x;
    }
    Doubles logits(const History& x) {
        const int t = static_cast<int>(x.size());
        const auto scaled = [](int level) { return (double(level) / S::levels / 2.0 - 1.0) * 2.0; };
        if (t % S::big == 0)
            from_big = w.times(stack(1, last_levels(x, S::big, scaled), big), "BigFrame_layer/big_frame_proj_weights");
        if (t % S::frame == 0) {
            const Doubles input = w.times(last_levels(x, S::frame, scaled), "Frame_layer/frame_cell_proj_weights");
            const Doubles above = part(from_big, t / S::frame % (S::big / S::frame), S::dim);
            from_small = w.times(stack(0, sum(input, above), small), "Frame_layer/frame_proj_weights");
        }
        Doubles sequence;  // embeddings one after the other, and a filter as long as two of them
        for (const int level : {x[at(t - 2)], x[at(t - 1)]})
            sequence = joined(sequence, w.row("Sample_layer/embedding", level));
        Doubles out = part(from_small, t % S::frame, S::dim);
        for (int d = 0; d < S::dim; ++d) {
            for (int i = 0; i < 2 * S::embedding; ++i)
                out[at(d)] += sequence[at(i)] * w.of("Sample_layer/sample_filter", i, 0, d);
        }
        out = rectified(w.times(out, "Sample_layer/sample_mlp1"));
        out = rectified(w.times(out, "Sample_layer/sample_mlp2"));
        return w.times(out, "Sample_layer/sample_mlp3");
    }
};

// Keras, PRiSM's calls of it.
struct Prism {
    using S = PrismShape;
    S shape;
    Weights w;
    std::vector<Memory> memories[2] = {std::vector<Memory>(5), std::vector<Memory>(5)};
    std::vector<Doubles> given[2] = {};  // for each step of the tier below

    Doubles cell(const std::string& name, const Doubles& x, Memory& m) const {
        Doubles a = w.times(x, name + "kernel"), b = w.times(m.h, name + "recurrent_kernel");
        const auto gate = [](const Doubles& from, int index, int d) { return from[at(index * S::dim + d)]; };
        if (shape.lstm) {
            const Doubles all = sum(sum(a, b), w.row(name + "bias"));
            for (int d = 0; d < S::dim; ++d) {
                m.c[at(d)] =
                    sigmoid(gate(all, 1, d)) * m.c[at(d)] + sigmoid(gate(all, 0, d)) * std::tanh(gate(all, 2, d));
                m.h[at(d)] = sigmoid(gate(all, 3, d)) * std::tanh(m.c[at(d)]);
            }
            return m.h;
        }
        a = sum(a, w.row(name + "bias", 0));
        b = sum(b, w.row(name + "bias", 1));
        for (int d = 0; d < S::dim; ++d) {
            const double z = sigmoid(gate(a, 0, d) + gate(b, 0, d)), r = sigmoid(gate(a, 1, d) + gate(b, 1, d));
            const double hh = std::tanh(gate(a, 2, d) + r * gate(b, 2, d));
            m.h[at(d)] = z * m.h[at(d)] + (1 - z) * hh;
        }
        return m.h;
    }
    void tier(int i, const History& levels, const Doubles* above) {
        const std::string& name = prism_tiers[i];
        const int frame = i == 1 ? S::big : S::frame, steps = i == 1 ? S::big / S::frame : S::frame;
        Doubles x = w.dense(
            last_levels(levels, frame, [](int level) { return (double(level) / (S::levels / 2.0) - 1.0) * 2.0; }),
            name + "inputs/");
        if (above) x = sum(x, *above);
        for (int k = 0; k < shape.layers; ++k)
            x = cell(name + "rnn/layer_" + std::to_string(k) + "/cell/", x, memories[i][at(k)]);
        given[i].assign(at(steps), shape.first_version ? Doubles(S::dim) : w.row(name + "upsample/bias"));
        for (int r = 0; r < steps; ++r) {  // conv1d_transpose with a stride of its width
            for (int o = 0; o < S::dim; ++o) {
                for (int h = 0; h < S::dim; ++h)
                    given[i][at(r)][at(o)] +=
                        x[at(h)] * w.of(name + (shape.first_version ? "upsample" : "upsample/kernel"), r, o, h);
            }
        }
    }
    Doubles logits(const History& x) {
        const int t = static_cast<int>(x.size());
        if (t % S::big == 0) tier(1, x, nullptr);
        if (t % S::frame == 0) tier(0, x, &given[1][at(t / S::frame % (S::big / S::frame))]);
        Doubles out = given[0][at(t % S::frame)];
        for (int tap = 0; tap < S::frame; ++tap) {
            const Doubles e = w.row("sample_mlp/embedding/embeddings", x[at(t - S::frame + tap)]);
            for (int d = 0; d < S::dim; ++d) {
                for (int i = 0; i < S::levels; ++i)
                    out[at(d)] += e[at(i)] * w.of("sample_mlp/inputs/kernel", tap, i, d);
            }
        }
        out = rectified(w.dense(out, "sample_mlp/hidden1/"));
        out = rectified(w.dense(out, "sample_mlp/hidden2/"));
        return w.dense(out, "sample_mlp/outputs/");
    }
};

// PyTorch, deepsound's calls of it.
struct Deepsound {
    using S = DeepsoundShape;
    S shape;
    Weights w;
    std::vector<std::vector<Doubles>> h, given;
    mutable std::map<std::string, Doubles> scales;  // g / |v|

    Deepsound(const S& s, const Tensors& tensors) : shape(s), w{tensors}, given(s.frames.size()) {
        for (std::size_t i = 0; i < s.frames.size(); ++i) {
            h.emplace_back();
            for (int k = 0; k < s.layers; ++k) h[i].push_back(w.row(deepsound_tier(i) + "h0", k));
        }
    }
    // A weight's entry, with weight norm over all axes but the first.
    double weight(const std::string& name, int i, int j, int k = 0) const {
        if (!shape.weight_norm) return w.of(name + "weight", i, j, k);
        Doubles& own = scales[name];
        const Shape& s = w.tensors.at(name + "weight_v").shape;
        for (int a = static_cast<int>(own.size()); a < s[0]; ++a) {
            double squares = 0;
            for (int b = 0; b < s[1]; ++b) {
                for (int c = 0; c < s[2]; ++c) squares += std::pow(w.of(name + "weight_v", a, b, c), 2);
            }
            own.push_back(w.of(name + "weight_g", a) / std::sqrt(squares));
        }
        return own[at(i)] * w.of(name + "weight_v", i, j, k);
    }
    Doubles pointwise(const Doubles& x, const std::string& name) const {  // Conv1d with a kernel of 1
        Doubles y = w.row(name + "bias");
        for (int o = 0; o < static_cast<int>(y.size()); ++o) {
            for (int i = 0; i < static_cast<int>(x.size()); ++i) y[at(o)] += weight(name, o, i) * x[at(i)];
        }
        return y;
    }
    Doubles linear(const Doubles& x, const std::string& matrix, const std::string& bias) const {
        Doubles y = w.row(bias);
        for (int o = 0; o < static_cast<int>(y.size()); ++o) {
            for (int i = 0; i < static_cast<int>(x.size()); ++i) y[at(o)] += w.of(matrix, o, i) * x[at(i)];
        }
        return y;
    }
    void tier(std::size_t i, int samples, const History& levels, const Doubles* above) {
        const std::string name = deepsound_tier(i);
        Doubles x = pointwise(
            last_levels(levels, samples, [](int level) { return 2 * (double(level) / (S::levels / 2.0) - 1); }),
            name + "input_expand.");
        if (above) x = sum(x, *above);
        for (int l = 0; l < shape.layers; ++l) {
            const std::string rnn = name + "rnn.", end = "_l" + std::to_string(l);
            const Doubles a = linear(x, rnn + "weight_ih" + end, rnn + "bias_ih" + end);
            Doubles& state = h[i][at(l)];
            const Doubles b = linear(state, rnn + "weight_hh" + end, rnn + "bias_hh" + end);
            for (int d = 0; d < S::dim; ++d) {
                const double r = sigmoid(a[at(d)] + b[at(d)]), z = sigmoid(a[at(S::dim + d)] + b[at(S::dim + d)]);
                const double n = std::tanh(a[at(2 * S::dim + d)] + r * b[at(2 * S::dim + d)]);
                state[at(d)] = (1 - z) * n + z * state[at(d)];
            }
            x = state;
        }
        given[i].assign(at(shape.frames[i]), Doubles(S::dim));
        for (int r = 0; r < shape.frames[i]; ++r) {  // ConvTranspose1d: [in, out, step]; its norm is over each input's
            for (int o = 0; o < S::dim; ++o) {
                double& y = given[i][at(r)][at(o)] = w.of(name + "upsampling.bias", o, r);
                for (int in = 0; in < S::dim; ++in) y += x[at(in)] * weight(name + "upsampling.conv_t.", in, o, r);
            }
        }
    }
    Doubles logits(const History& x) {
        const int t = static_cast<int>(x.size()), top = static_cast<int>(shape.frames.size()) - 1;
        for (int i = top; i >= 0; --i) {
            int samples = 1;
            for (int k = 0; k <= i; ++k) samples *= shape.frames[at(k)];
            if (t % samples != 0) continue;
            tier(at(i), samples, x, i == top ? nullptr : &given[at(i + 1)][at(t / samples % shape.frames[at(i + 1)])]);
        }
        const int frame = shape.frames[0];
        const std::string mlp = "model.sample_level_mlp.";
        Doubles out = given[0][at(t % frame)];
        for (int d = 0; d < S::dim; ++d) {
            for (int tap = 0; tap < frame; ++tap) {
                for (int e = 0; e < S::levels; ++e)
                    out[at(d)] +=
                        weight(mlp + "input.", d, e, tap) * w.of(mlp + "embedding.weight", x[at(t - frame + tap)], e);
            }
        }
        return pointwise(rectified(pointwise(rectified(out), mlp + "hidden.")), mlp + "output.");
    }
};

Checkpoint imported(const Foreigner& weights, const std::string& from) {
    const test::Folder folder;
    weights.write(folder / "foreign.safetensors");
    const auto checkpoint = import_checkpoint(folder / "foreign.safetensors", source(from), 22'050);
    write_checkpoint(folder / "ours.safetensors", checkpoint, Storage::f32);
    return read_checkpoint(folder / "ours.safetensors");
}

// Over 100 teacher-forced samples, from silence.
template <class Network>
void says_the_same(const Checkpoint& checkpoint, Network network) {
    RunState engine(std::make_shared<const Model>(checkpoint));
    const int levels = checkpoint.config.levels;
    History heard(at(checkpoint.config.tiers.back().frame), levels / 2);
    double worst = 0, spread = 0;
    for (std::uint64_t t = 0; t < 110; ++t) {
        const Doubles expected = network.logits(heard);
        const auto logits = engine.logits();
        REQUIRE(logits.size() == expected.size());
        const auto [least, most] = std::minmax_element(expected.begin(), expected.end());
        spread = std::max(spread, *most - *least);
        for (std::size_t i = 0; i < expected.size(); ++i)
            worst = std::max(worst, std::abs(expected[i] - double(logits[i])));
        heard.push_back(static_cast<int>(dsp::random_uniform(9, 0, t) * levels));
        engine.push(heard.back());
    }
    CHECK(worst < 1e-4);
    CHECK(spread > 1);
}

// Why the file is refused after one change.
std::string why(Foreigner weights, const std::string& from, const std::function<void(Tensors&)>& change) {
    const test::Folder folder;
    const auto file = folder / "foreign.safetensors";
    change(weights.tensors);
    weights.write(file);
    const auto text = reason([&] { import_checkpoint(file, source(from), 16'000); });
    CHECK(text.rfind(file.string() + ": ", 0) == 0);
    return text.substr(std::min(text.size(), file.string().size() + 2));
}

}  // namespace

TEST_CASE("a network of Unisound's says the same here as there") {
    for (const UnisoundShape shape :
         {UnisoundShape{1, false}, UnisoundShape{2, false}, UnisoundShape{1, true}, UnisoundShape{3, true}}) {
        CAPTURE(shape.layers);
        CAPTURE(shape.lstm);
        const auto weights = unisound_weights(shape);
        const auto checkpoint = imported(weights, "unisound");
        CHECK(checkpoint.config.quantiser == Quantiser::mu_law);
        CHECK(checkpoint.config.sample_rate == 22'050);
        says_the_same(checkpoint, Unisound{shape, {weights.tensors}});
    }
}

TEST_CASE("a network of PRiSM's says the same here as there") {
    for (const PrismShape shape : {PrismShape{1, false, false}, PrismShape{4, false, false}, PrismShape{2, true, false},
                                   PrismShape{1, false, true}}) {
        CAPTURE(shape.layers);
        CAPTURE(shape.lstm);
        const auto weights = prism_weights(shape);
        says_the_same(imported(weights, "prism"), Prism{shape, {weights.tensors}});
    }
}

TEST_CASE("a network of deepsound's says the same here as there") {
    for (const DeepsoundShape& shape : {DeepsoundShape{}, DeepsoundShape{{2, 4}, 2, false},
                                        DeepsoundShape{{2, 2, 3}, 1, true}, DeepsoundShape{{16}, 1, true}}) {
        CAPTURE(shape.frames.size());
        CAPTURE(shape.weight_norm);
        const auto weights = deepsound_weights(shape);
        const auto checkpoint = imported(weights, "deepsound");
        CHECK(checkpoint.config.quantiser == Quantiser::linear);
        says_the_same(checkpoint, Deepsound(shape, weights.tensors));
    }
}

TEST_CASE("an import that was told its quantiser keeps it") {
    const test::Folder folder;
    prism_weights({}).write(folder / "foreign");
    const auto told = import_checkpoint(folder / "foreign", source("prism"), 16'000, Quantiser::linear);
    CHECK(told.config.quantiser == Quantiser::linear);
}

TEST_CASE("an import names the tensor that is missing, of another shape, left over, or no weight at all") {
    const auto unisound = unisound_weights({}), prism = prism_weights({}), deepsound = deepsound_weights({});
    for (const auto& [from, weights] : {std::pair("unisound", unisound), {"prism", prism}, {"deepsound", deepsound}}) {
        for (const auto& entry : weights.tensors) {
            const std::string& name = entry.first;
            CAPTURE(name);
            // What counts layers or chooses a name: the next thing that is not as it should be is named instead.
            const auto lacking = why(weights, from, [&](Tensors& t) { t.erase(name); });
            CHECK(has(lacking, "tensor \""));
            const auto longer = why(weights, from, [&](Tensors& t) {
                Tensor& changed = t.at(name);
                changed.shape.push_back(1);
            });
            CHECK(has(longer, "tensor \"" + name + "\" is of shape "));
        }
        CHECK(why(weights, from, [](Tensors& t) {
                  t["Adam"] = {{2}, {1, 2}};
              }) == std::string("tensor \"Adam\" is left over: ") + from + "'s networks have none of that name");
        CHECK(why(weights, from, [](Tensors& t) { t.clear(); }) != "");
    }
    CHECK(why(unisound, "unisound", [](Tensors& t) { t.erase("Sample_layer/sample_mlp2"); }) ==
          "it has no tensor \"Sample_layer/sample_mlp2\"; is it unisound's?");
    CHECK(why(unisound, "unisound", [](Tensors& t) {
              t["Sample_layer/sample_mlp2"] = {{2, 3}, std::vector<float>(6)};
          }) == "tensor \"Sample_layer/sample_mlp2\" is of shape [2, 3]; with the others [20, 20] would fit");
    CHECK(why(prism, "prism", [](Tensors& t) {
              t["frame_rnn/inputs/kernel"] = {{0, 20}, {}};
          }) == "tensor \"frame_rnn/inputs/kernel\" is of shape [0, 20]; prism's has 2 dimensions, none of them 0");
    CHECK(has(why(unisound, "prism", [](Tensors&) {}), "is it prism's?"));
    CHECK(has(why(prism, "deepsound", [](Tensors&) {}), "is it deepsound's?"));
    CHECK(has(why(deepsound, "unisound", [](Tensors&) {}), "is it unisound's?"));
}

TEST_CASE("an import refuses what legume's network is not") {
    const auto skips = [](Tensors& t) { t["frame_rnn/rnn/layer_0_skip_out/kernel"] = {{1}, {0}}; };
    CHECK(has(why(prism_weights({2}), "prism", skips), "it was trained with skip_conn"));
    CHECK(has(why(prism_weights({6}), "prism", [](Tensors&) {}), "a tier's layers is 6; it must be 1 to 5"));
    CHECK(has(why(deepsound_weights({{2, 2, 2, 2}}), "deepsound", [](Tensors&) {}), "the number of frame tiers is 4"));
    const auto wide = [](Tensors& t) {
        t["BigFrame_layer/big_frame_proj_weights"] = {{20, 50}, std::vector<float>(1'000)};
    };
    CHECK(has(why(unisound_weights({}), "unisound", wide), "tensor \"BigFrame_layer/"));
    const auto still = [](Tensors& t) {
        auto& values = t.at("model.sample_level_mlp.hidden.weight_v").values;
        std::fill(values.begin() + 20, values.begin() + 40, 0.0f);
    };
    CHECK(has(why(deepsound_weights({}), "deepsound", still), "hidden.weight_v\" has a part that is all zero"));
}

TEST_CASE("an import refuses whole numbers, numbers that are none, and rates that are none") {
    const test::Folder folder;
    const auto file = folder / "foreign";
    const auto weights = unisound_weights({});
    weights.write(file);
    CHECK(has(reason([&] { import_checkpoint(file, source("unisound"), 10); }), "sample_rate must be"));
    std::string bytes = bytes_of(file);
    for (std::size_t i = bytes.size() - 4; i < bytes.size(); ++i) bytes[i] = '\xff';
    put(file, bytes);
    CHECK(has(reason([&] { import_checkpoint(file, source("unisound"), 16'000); }), "is no finite number"));
    put(file, bytes.substr(0, bytes.size() - 1));
    CHECK(has(reason([&] { import_checkpoint(file, source("unisound"), 16'000); }), "cut short"));
    std::vector<Piece> pieces;
    for (const auto& [name, tensor] : weights.tensors)
        pieces.push_back({name, Dtype::i8, tensor.shape, std::string(tensor.values.size(), 1)});
    write_safetensors(file, {}, pieces);
    CHECK(has(reason([&] { import_checkpoint(file, source("unisound"), 16'000); }), "is neither F32 nor F16"));
}
