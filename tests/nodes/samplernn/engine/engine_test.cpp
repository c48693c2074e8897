// Holds the folded fp32 engine to the network's plain maths in double, written out here without a fold.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/engine.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <string>

#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/engine/sampling.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

using Doubles = std::vector<double>;

// SampleRNN as SAMPLERNN papers and implementations state it: embedding, convolution, projections, cells, MLP.
class Plain {
  public:
    explicit Plain(const Checkpoint& checkpoint) : c_(checkpoint.config), tensors_(checkpoint.tensors), levels_(c_) {
        for (std::size_t i = 0; i < c_.tiers.size(); ++i) {
            const auto name = "tier." + std::to_string(i);
            std::vector<Doubles> h, c;
            for (int k = 0; k < c_.tiers[i].layers; ++k) {
                h.push_back(row(name + ".h0", k));
                c.push_back(row(name + ".c0", k));
            }
            h_.push_back(h);
            memory_.push_back(c);
            out_.emplace_back();
        }
        heard_.assign(static_cast<std::size_t>(c_.tiers.back().frame), levels_.silence());
    }

    Doubles logits() {  // once before each push
        const std::size_t t = heard_.size() - static_cast<std::size_t>(c_.tiers.back().frame);
        for (std::size_t i = c_.tiers.size(); i-- > 0;) {
            if (t % static_cast<std::size_t>(c_.tiers[i].frame) == 0) step(i, t);
        }
        const int taps = c_.tiers[0].frame;
        Doubles x = handed_down(0, t % static_cast<std::size_t>(taps));
        const auto& conv = tensors_.at("sample.conv").values;
        const auto& embedding = tensors_.at("sample.embedding").values;
        const Doubles bias = vector("sample.conv_bias", c_.dim);
        for (int d = 0; d < c_.dim; ++d) {
            x[at(d)] += bias[at(d)];
            for (int tap = 0; tap < taps; ++tap) {
                const int level = heard_[heard_.size() - at(taps) + at(tap)];
                for (int e = 0; e < c_.embedding; ++e) {
                    x[at(d)] += double(conv[at((d * c_.embedding + e) * taps + tap)]) *
                                double(embedding[at(level * c_.embedding + e)]);
                }
            }
        }
        if (c_.relu_after_sum) rectify(x);
        for (int i = 0; i < c_.hidden; ++i) {
            const std::string name = "sample.hidden." + std::to_string(i);
            x = linear(name + ".weight", name + ".bias", x);
            rectify(x);
        }
        return linear("sample.out.weight", "sample.out.bias", x);
    }
    void push(int level) { heard_.push_back(level); }

  private:
    static std::size_t at(int i) { return static_cast<std::size_t>(i); }
    static void rectify(Doubles& x) {
        for (double& v : x) v = v > 0 ? v : 0;
    }
    static double gate(double x) { return 1 / (1 + std::exp(-x)); }
    Doubles vector(const std::string& name, int n) const {
        const auto it = tensors_.find(name);
        return it == tensors_.end() ? Doubles(at(n)) : Doubles(it->second.values.begin(), it->second.values.end());
    }
    Doubles row(const std::string& name, int k) const {
        const Doubles all = vector(name, c_.dim * (k + 1));
        return {all.begin() + k * c_.dim, all.begin() + (k + 1) * c_.dim};
    }
    Doubles linear(const std::string& weight, const std::string& bias, const Doubles& x) const {
        const Tensor& w = tensors_.at(weight);
        Doubles y = vector(bias, static_cast<int>(w.shape[0]));
        for (std::size_t r = 0; r < y.size(); ++r) {
            for (std::size_t k = 0; k < x.size(); ++k) y[r] += double(w.values[r * x.size() + k]) * x[k];
        }
        return y;
    }
    Doubles handed_down(std::size_t tier, std::size_t r) const {
        const std::string name = "tier." + std::to_string(tier) + ".up";
        const Doubles all = linear(name + ".weight", name + ".bias", out_[tier]);
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(r) * c_.dim;
        return {first, first + c_.dim};
    }
    void step(std::size_t i, std::size_t t) {
        const Tier& tier = c_.tiers[i];
        const std::string name = "tier." + std::to_string(i);
        Doubles x;
        for (int j = 0; j < tier.frame; ++j) {
            const double level = heard_[heard_.size() - at(tier.frame) + at(j)];
            x.push_back(c_.frame_scale == FrameScale::theano ? 2 * (level / (c_.levels / 2.0) - 1)
                                                             : level / c_.levels - 2);
        }
        const bool top = i + 1 == c_.tiers.size();
        if (!top || c_.top_projection) x = linear(name + ".input.weight", name + ".input.bias", x);
        if (!top) {
            const Doubles above = handed_down(i + 1, t / at(tier.frame) % at(c_.tiers[i + 1].frame / tier.frame));
            for (std::size_t d = 0; d < x.size(); ++d) x[d] += above[d];
        }
        out_[i].assign(at(c_.dim), 0.0);
        for (int k = 0; k < tier.layers; ++k) {
            x = cell(name + ".cell." + std::to_string(k), tier.cell, x, h_[i][at(k)], memory_[i][at(k)]);
            for (std::size_t d = 0; d < x.size(); ++d) out_[i][d] = (c_.skip ? out_[i][d] : 0.0) + x[d];
        }
    }
    Doubles cell(const std::string& name, Cell kind, const Doubles& x, Doubles& h, Doubles& c) const {
        const std::size_t n = h.size();
        const Doubles wi = linear(name + ".w_ih", name + ".b_ih", x);
        if (kind == Cell::min_gru) {
            for (std::size_t d = 0; d < n; ++d) {
                const double z = gate(wi[d]);
                h[d] = (1 - z) * h[d] + z * wi[n + d];
            }
            return h;
        }
        Doubles wh = linear(name + ".w_hh", name + ".b_hh", h);
        if (kind == Cell::lstm) {
            for (std::size_t d = 0; d < n; ++d) {
                c[d] =
                    gate(wi[n + d] + wh[n + d]) * c[d] + gate(wi[d] + wh[d]) * std::tanh(wi[2 * n + d] + wh[2 * n + d]);
                h[d] = gate(wi[3 * n + d] + wh[3 * n + d]) * std::tanh(c[d]);
            }
            return h;
        }
        Doubles reset_h = h;
        for (std::size_t d = 0; d < n; ++d) reset_h[d] *= gate(wi[d] + wh[d]);
        const Doubles before = linear(name + ".w_hh", name + ".b_hh", reset_h);
        for (std::size_t d = 0; d < n; ++d) {
            const double r = gate(wi[d] + wh[d]), z = gate(wi[n + d] + wh[n + d]);
            const double candidate =
                std::tanh(wi[2 * n + d] + (c_.reset_after ? r * wh[2 * n + d] : before[2 * n + d]));
            h[d] = (1 - z) * candidate + z * h[d];
        }
        return h;
    }

    Config c_;
    const Tensors& tensors_;
    Levels levels_;
    std::vector<std::vector<Doubles>> h_, memory_;
    std::vector<Doubles> out_;
    std::vector<int> heard_;  // silence for one top frame, then all that was pushed
};

// The largest difference of logits while both hear the same lively levels, and how far the logits themselves spread.
struct Distance {
    double worst = 0, spread = 0;
};
Distance distance(const Checkpoint& checkpoint, Precision precision = Precision::fp32) {
    RunState engine(std::make_shared<Model>(checkpoint, precision));
    Plain plain(checkpoint);
    Distance found;
    for (std::uint64_t t = 0; t < 150; ++t) {
        const Doubles expected = plain.logits();
        const auto logits = engine.logits();
        REQUIRE(logits.size() == expected.size());
        const auto [least, most] = std::minmax_element(expected.begin(), expected.end());
        found.spread = std::max(found.spread, *most - *least);
        for (std::size_t i = 0; i < expected.size(); ++i)
            found.worst = std::max(found.worst, std::abs(expected[i] - double(logits[i])));
        const int level = static_cast<int>(dsp::random_uniform(9, 0, t) * checkpoint.config.levels);
        plain.push(level);
        engine.push(level);
    }
    return found;
}

// Zeroes three blocks of four, in some or in all of the matrices that may be pruned.
void prune_some(Checkpoint& checkpoint, bool all) {
    std::uint64_t matrices = 0, blocks = 0;
    for (auto& [name, tensor] : checkpoint.tensors) {
        const auto ends_with = [&name = name](const char* end) {
            return name.size() > 5 && name.find(end) != std::string::npos;
        };
        const bool square = ends_with("w_hh") || ends_with("up.weight") || ends_with("hidden") ||
                            ends_with("out.weight") || (ends_with("w_ih") && tensor.shape[1] == checkpoint.config.dim);
        if (!square || tensor.shape.size() != 2 || (!all && ++matrices % 2)) continue;
        tensor.pruned = true;
        const auto rows = tensor.shape[0], cols = tensor.shape[1];
        for (std::int64_t r = 0; r < rows; r += 16) {
            for (std::int64_t c = 0; c < cols; c += 4) {
                if (dsp::random_uniform(7, 0, blocks++) < 0.25) continue;
                for (auto i = r; i < std::min(r + 16, rows); ++i) {
                    for (auto j = c; j < std::min(c + 4, cols); ++j)
                        tensor.values[static_cast<std::size_t>(i * cols + j)] = 0;
                }
            }
        }
    }
}

struct Variant {
    const char* name;
    void (*change)(Config&);
};
const Variant variants[] = {
    {"as it comes", [](Config&) {}},
    {"one frame tier", [](Config& c) { c.tiers = {{8}}; }},
    {"one frame tier that is not projected",
     [](Config& c) {
         c.tiers = {{16, Cell::lstm, 2}}, c.top_projection = false;
     }},
    {"three frame tiers",
     [](Config& c) {
         c.tiers = {{2}, {8}, {32}};
     }},
    {"frames of 2 and 8",
     [](Config& c) {
         c.tiers = {{2}, {8}};
     }},
    {"frames of 1 and 3",
     [](Config& c) {
         c.tiers = {{1}, {3}};
     }},
    {"frames of 16 and 64",
     [](Config& c) {
         c.tiers = {{16}, {64}};
     }},
    {"two layers",
     [](Config& c) {
         c.tiers = {{4, Cell::gru, 2}, {16, Cell::gru, 2}};
     }},
    {"three layers with skips",
     [](Config& c) {
         c.tiers = {{4, Cell::gru, 3}, {16, Cell::gru, 3}}, c.skip = true;
     }},
    {"LSTM",
     [](Config& c) {
         c.tiers = {{4, Cell::lstm, 1}, {16, Cell::lstm, 1}};
     }},
    {"LSTM, five layers with skips",
     [](Config& c) {
         c.tiers = {{16, Cell::lstm, 5}}, c.skip = true;
     }},
    {"GRU below LSTM",
     [](Config& c) {
         c.tiers = {{4, Cell::gru, 2}, {16, Cell::lstm, 1}};
     }},
    {"minGRU",
     [](Config& c) {
         c.tiers = {{4, Cell::min_gru, 1}, {16, Cell::min_gru, 1}};
     }},
    {"minGRU of three layers with skips below a GRU",
     [](Config& c) {
         c.tiers = {{4, Cell::min_gru, 3}, {16, Cell::gru, 1}}, c.skip = true;
     }},
    {"reset before", [](Config& c) { c.reset_after = false; }},
    {"reset before, two layers",
     [](Config& c) {
         c.tiers = {{2, Cell::gru, 2}, {8, Cell::gru, 2}}, c.reset_after = false;
     }},
    {"no biases", [](Config& c) { c.biases = false; }},
    {"no top projection", [](Config& c) { c.top_projection = false; }},
    {"a ReLU after the sum", [](Config& c) { c.relu_after_sum = true; }},
    {"a ReLU after the sum, one hidden layer", [](Config& c) { c.relu_after_sum = true, c.hidden = 1; }},
    {"a ReLU after the sum, no hidden layer", [](Config& c) { c.relu_after_sum = true, c.hidden = 0; }},
    {"one hidden layer", [](Config& c) { c.hidden = 1; }},
    {"no hidden layer", [](Config& c) { c.hidden = 0; }},
    {"three hidden layers", [](Config& c) { c.hidden = 3; }},
    {"initial states of zero", [](Config& c) { c.learned_h0 = false; }},
    {"linear levels", [](Config& c) { c.quantiser = Quantiser::linear; }},
    {"Unisound's scale of frames", [](Config& c) { c.frame_scale = FrameScale::unisound; }},
    {"sizes that fill no vector", [](Config& c) { c.dim = 19, c.embedding = 7, c.levels = 37; }},
    {"a dim of one", [](Config& c) { c.dim = 1, c.embedding = 1, c.levels = 2; }},
    {"the 2019 piece",
     [](Config& c) {
         c.tiers = {{2}, {8}};
         c.frame_scale = FrameScale::unisound;
         c.top_projection = c.biases = c.reset_after = c.learned_h0 = false;
     }},
};

// In every variant, a network and then its like with all prunable matrices pruned.
template <class Check>
void in_every_variant(Check check) {
    for (const auto& variant : variants) {
        CAPTURE(variant.name);
        Config config = small_config();
        variant.change(config);
        Checkpoint checkpoint = network_of(config);
        for (const bool pruned : {false, true}) {
            if (pruned) prune_some(checkpoint, true);
            check(checkpoint, pruned);
        }
    }
}

}  // namespace

TEST_CASE("the engine plays what the network's plain maths says, in every variant") {
    for (const auto& variant : variants) {
        CAPTURE(variant.name);
        Config config = small_config();
        variant.change(config);
        Checkpoint checkpoint = network_of(config);
        CHECK(distance(checkpoint).worst < 1e-4);
        for (const bool all : {false, true}) {  // of a pruned network less is folded
            prune_some(checkpoint, all);
            CHECK(distance(checkpoint).worst < 1e-4);
        }
    }
}

TEST_CASE("the engine plays a network of useful size as its plain maths says") {
    Config config;
    config.dim = config.embedding = 96;
    CHECK(distance(network_of(config)).worst < 1e-4);
}

TEST_CASE("in whole numbers the logits stay close to the plain maths, in every variant") {
    in_every_variant([](const Checkpoint& checkpoint, bool) {
        const auto eight = distance(checkpoint, Precision::int8), four = distance(checkpoint, Precision::int4);
        CHECK(eight.worst < 0.04 * eight.spread);
        CHECK(eight.worst + (checkpoint.config.dim == 1) > 0);  // it is another way to compute
        CHECK(four.worst < 0.25 * four.spread);
    });
}

TEST_CASE("a voice's logits are the same bytes alone and in any company, in every variant and precision") {
    in_every_variant([](const Checkpoint& checkpoint, bool pruned) {
        for (const Precision precision : {Precision::fp32, Precision::int8, Precision::int4}) {
            const auto model = std::make_shared<const Model>(checkpoint, precision);
            constexpr int voices = 7;
            RunState company(model, voices, 1 + pruned);  // on one core or two
            std::deque<RunState> alone;
            for (int v = 0; v < voices; ++v) alone.emplace_back(model);
            bool same = true;
            for (std::uint64_t t = 0; t < 70; ++t) {
                std::vector<int> levels;
                for (int v = 0; v < voices; ++v) {
                    const auto a = company.logits(v), b = alone[static_cast<std::size_t>(v)].logits();
                    same = same && std::equal(a.begin(), a.end(), b.begin(), b.end());
                    levels.push_back(static_cast<int>(dsp::random_uniform(9, static_cast<std::uint64_t>(v), t) *
                                                      checkpoint.config.levels));
                    alone[static_cast<std::size_t>(v)].push(levels.back());
                }
                company.push(levels);
            }
            CHECK(same);
        }
    });
}

TEST_CASE("a level for all voices is that level for each of them, however many they are") {
    const auto model = std::make_shared<const Model>(network_of(small_config()));
    constexpr int voices = 40;
    RunState one(model, voices), each(model, voices);
    for (int t = 0; t < 20; ++t) {
        one.push(3 * t);
        each.push(std::vector<int>(voices, 3 * t));
        for (int v = 0; v < voices; ++v) {
            const auto a = one.logits(v), b = each.logits(v);
            REQUIRE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
        }
    }
}

TEST_CASE("a remembered state plays on as if nothing had happened") {
    Config config = small_config();
    config.tiers = {{2, Cell::lstm, 2}, {8, Cell::gru, 1}};
    config.skip = true;
    for (const Precision precision : {Precision::fp32, Precision::int8}) {
        const auto model = std::make_shared<Model>(network_of(config), precision);
        RunState first(model, 2), second(model, 2);
        const auto same = [](RunState& one, RunState& other) {
            for (int v = 0; v < 2; ++v) {
                const auto a = one.logits(v), b = other.logits(v);
                REQUIRE(std::equal(a.begin(), a.end(), b.begin(), b.end()));
            }
        };
        for (int heard = 0; heard < 17; ++heard) {  // remembered at every sample of a frame
            const int levels[] = {heard % 64, 63 - heard};
            first.push(levels);
            second.push(3);
            second.set_state(first.state());
            for (int t = 0; t < 20; ++t) {
                same(first, second);
                first.push(t);
                second.push(t);
            }
        }
        RunState fresh(model, 2);
        first.reset();
        same(first, fresh);
    }
}

TEST_CASE("a state of another network, or a poisoned one, is refused") {
    RunState voice(std::make_shared<Model>(network_of(small_config())));
    Config other = small_config();
    other.tiers = {{4}, {32}};
    CHECK_THROWS_AS(voice.set_state(RunState(std::make_shared<Model>(network_of(other))).state()), ModelError);
    State state = voice.state();
    state.cells[3] = NAN;
    CHECK_THROWS_AS(voice.set_state(state), ModelError);
    state = voice.state();
    state.levels[0] = 64;
    CHECK_THROWS_AS(voice.set_state(state), ModelError);
}

TEST_CASE("a model refuses tensors that do not fit its config") {
    Checkpoint checkpoint = network_of(small_config());
    checkpoint.tensors["sample.out.weight"].values.pop_back();
    CHECK_THROWS_AS(Model{checkpoint}, ModelError);
    checkpoint = network_of(small_config());
    checkpoint.tensors.erase("tier.0.h0");
    CHECK_THROWS_AS(Model{checkpoint}, ModelError);
}

TEST_CASE("weights at the edge of what a float holds give levels, not a crash") {
    Checkpoint checkpoint = network_of(small_config());
    for (auto& [name, tensor] : checkpoint.tensors) {
        for (float& value : tensor.values) value *= 1e37f;
    }
    Generator generator(std::make_shared<Model>(checkpoint), 1);
    for (int t = 0; t < 100; ++t) {
        const float a = generator.next(1.0f);
        REQUIRE(a >= -1.0f);
        REQUIRE(a <= 1.0f);
    }
}

TEST_CASE("a take is given back by its seed, and another seed or voice is another take") {
    const auto model = std::make_shared<Model>(network_of(small_config()));
    const auto take = [&](std::uint64_t seed, std::uint64_t voice) {
        Generator generator(model, seed, 1, voice);
        std::vector<float> samples;
        for (int t = 0; t < 400; ++t) samples.push_back(generator.next(1.0f));
        return samples;
    };
    const auto first = take(1, 0);
    CHECK(take(1, 0) == first);
    CHECK(take(2, 0) != first);
    CHECK(take(1, 1) != first);

    Generator generator(model, 1);
    for (int t = 0; t < 33; ++t) generator.next(0.7f);
    generator.restart();
    std::vector<float> again;
    for (int t = 0; t < 400; ++t) again.push_back(generator.next(1.0f));
    CHECK(again == first);
}

TEST_CASE("these bytes are the same on every machine") {
    Config config = small_config();
    config.tiers = {{2, Cell::gru, 2}, {8, Cell::lstm, 1}};
    RunState voice(std::make_shared<Model>(network_of(config)));
    std::uint64_t hash = 14695981039346656037u;
    for (std::uint64_t t = 0; t < 2'000; ++t) {
        const int level = draw(voice.logits(), 1.0f, dsp::random_uniform(5, 0, t));
        voice.push(level);
        hash = (hash ^ static_cast<std::uint64_t>(level)) * 1099511628211u;
    }
    CHECK(hash == 7070123835785769482u);
}
