// Holds every instruction set of this machine to the scalar kernels, bit for bit.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels/kernels.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "graph/base/denormals.h"
#include "nodes/dsp/random.h"
#include "nodes/samplernn/kernels/isa.h"
#include "nodes/samplernn/kernels/matrix.h"

using namespace legume;
using namespace legume::samplernn;

#if defined(__x86_64__)
extern const Kernels narrow_kernels;
#endif

namespace {

using Floats = std::vector<float>;

#if defined(LEGUME_SANITIZED)  // tens of times slower; the bytes are the release build's to prove
constexpr std::uint64_t shapes = 40;
constexpr int gate_step = 37;
#else
constexpr std::uint64_t shapes = 400;
constexpr int gate_step = 1;
#endif

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// Numbers and sizes to try: most values are as a network has them, with `extremes` one in four is not.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : seed_(seed) {}
    double uniform() { return dsp::random_uniform(seed_, 0, drawn_++); }
    int size(int least, int most) { return least + static_cast<int>(uniform() * (most - least + 1)); }
    float value(bool extremes) {
        constexpr float most = std::numeric_limits<float>::max(), least = std::numeric_limits<float>::denorm_min();
        constexpr float odd[] = {0.0f, -0.0f, least, -1e-40f, 1e-38f, 1e19f, -1e30f, most, -most, 88.0f, -88.0f};
        if (extremes && uniform() < 0.25) return odd[size(0, static_cast<int>(std::size(odd)) - 1)];
        return static_cast<float>(8 * uniform() - 4);
    }
    Floats values(int n, bool extremes) {
        Floats all(at(n));
        for (float& v : all) v = value(extremes);
        return all;
    }

  private:
    std::uint64_t seed_, drawn_ = 0;
};

// Everything that the kernels of one table say for this seed, one after another.
Floats all_of(const Kernels& kernels, std::uint64_t seed, bool extremes) {
    Dice dice(seed);
    Floats said;
    // A NaN is a NaN: which of two goes on through a sum is the compiler's choice, and no NaN is ever heard.
    const auto say = [&](const Floats& values) {
        for (const float v : values) said.push_back(std::isnan(v) ? NAN : v);
    };

    const int voices = dice.size(1, 9), panels = dice.size(1, 9), cols = dice.size(0, 70);
    std::vector<Lanes> w(at(panels * padded(cols, group)));
    for (auto& column : w) {
        for (float& v : column.at) v = dice.value(extremes);
    }
    const int stride = padded(cols, scaled_inputs);
    Floats x = dice.values(stride * voices, extremes);
    for (float& v : x) v = dice.uniform() < 0.4 ? 0.0f : v;
    const Floats start = dice.values(panels * lanes * voices, extremes);
    // Into fresh rows, with one start for all, and in place.
    const auto everywhere = [&](const auto& product) {
        for (const bool relu : {false, true}) {
            Floats y(start.size()), in_place = start;
            product(Into{voices, start.data(), 0, y.data(), panels * lanes, relu});
            product(Into{voices, in_place.data(), panels * lanes, in_place.data(), panels * lanes, relu});
            say(y);
            say(in_place);
        }
    };
    everywhere([&](const Into& into) { kernels.dense(w.data(), panels, cols, x.data(), stride, into); });

    std::vector<std::uint16_t> columns(at(cols * voices));
    std::vector<int> counts(at(voices));
    for (int v = 0; v < voices; ++v)
        counts[at(v)] = kernels.nonzero(x.data() + v * stride, cols, columns.data() + v * cols);
    for (const int count : counts) said.push_back(static_cast<float>(count));
    const Nonzero nonzero{columns.data(), counts.data(), cols};
    everywhere([&](const Into& into) { kernels.gather(w.data(), panels, cols, x.data(), stride, nonzero, into); });

    const int groups = padded(cols, group) / group, wide = stride / scaled_inputs;
    std::vector<std::uint16_t> kept;
    std::vector<std::int32_t> first{0};
    for (int p = 0; p < panels; ++p) {
        for (int g = 0; g < groups; ++g) {
            if (dice.uniform() < 0.3) kept.push_back(static_cast<std::uint16_t>(g));
        }
        first.push_back(static_cast<std::int32_t>(kept.size()));
    }
    const Blocks blocks{kept.data(), first.data()};
    everywhere([&](const Into& into) { kernels.sparse(w.data(), blocks, panels, x.data(), stride, into); });

    for (const float limit : {0.0f, 2.0f, -1.0f}) {
        Floats inputs = x;
        for (float& v : inputs) v = limit < 0 && !(v > 0) ? 0 : v;
        std::vector<std::int8_t> bytes(at(stride * voices));
        std::vector<std::int32_t> sums(at(wide * voices));
        Floats scales(at(voices));
        for (int v = 0; v < voices; ++v) {
            kernels.quantise(inputs.data() + v * stride, cols, limit, bytes.data() + v * stride, sums.data() + v * wide,
                             &scales[at(v)]);
        }
        for (const auto byte : bytes) said.push_back(byte);
        for (const auto sum : sums) said.push_back(static_cast<float>(sum));
        say(scales);
        // Weights and inputs anywhere in their range, and often at its ends.
        for (auto& byte : bytes) {
            if (extremes) byte = static_cast<std::int8_t>(dice.uniform() < 0.5 ? 127 : -127);
        }
        for (int i = 0; i < wide * voices; ++i) {
            sums[at(i)] = 0;
            for (int j = 0; j < scaled_inputs; ++j) sums[at(i)] += bytes[at(i * scaled_inputs + j)];
        }
        const Quantised quantised{bytes.data(), stride, sums.data(), wide, scales.data(), limit < 0 ? 127 : 0};
        const auto weight = [&](int most) {
            const int any = dice.size(-most, most);
            return extremes && dice.uniform() < 0.5 ? (any < 0 ? -most : most) : any;
        };
        std::vector<Bytes> b(at(panels * groups));
        for (auto& block : b) {
            for (auto& lane : block.at) {
                for (auto& v : lane) v = static_cast<std::int8_t>(weight(127));
            }
        }
        std::vector<std::int32_t> all_sums(at(panels * lanes)), kept_sums(all_sums.size());
        const auto count = [&](std::vector<std::int32_t>& row_sums, int panel, int block) {
            for (int lane = 0; lane < lanes; ++lane) {
                for (const auto v : b[at(block)].at[lane]) row_sums[at(panel * lanes + lane)] += v;
            }
        };
        for (int p = 0; p < panels; ++p) {
            const int t = p / tile * tile, side = std::min(tile, panels - t);
            for (int g = 0; g < groups; ++g) count(all_sums, p, t * groups + g * side + p - t);
            for (int k = first[at(p)]; k < first[at(p + 1)]; ++k) count(kept_sums, p, k);
        }
        const Floats rows = dice.values(panels * lanes, extremes);
        everywhere([&](const Into& into) {
            kernels.dense8(b.data(), all_sums.data(), rows.data(), panels, groups, quantised, into);
        });
        everywhere([&](const Into& into) {
            kernels.sparse8(b.data(), blocks, kept_sums.data(), rows.data(), panels, quantised, into);
        });
        std::vector<Nibbles> nibbles(at(panels * wide * (scaled_inputs / (2 * group))));
        for (auto& block : nibbles) {
            for (auto& lane : block.at) {
                for (auto& v : lane) v = static_cast<std::uint8_t>((8 + weight(7)) | (8 + weight(7)) << 4);
            }
        }
        std::vector<Lanes> steps(at(panels * wide));
        for (auto& step : steps) {
            for (float& v : step.at) v = dice.value(extremes);
        }
        everywhere(
            [&](const Into& into) { kernels.dense4(nibbles.data(), steps.data(), panels, wide, quantised, into); });
    }

    const int dim = dice.size(1, 70);
    const Floats gi = dice.values(4 * dim, extremes), gh = dice.values(4 * dim, extremes);
    Floats h = dice.values(dim, extremes), c = dice.values(dim, extremes), rh(at(dim)), z(at(dim));
    kernels.gru(gi.data(), gh.data(), h.data(), dim);
    say(h);
    kernels.lstm(gi.data(), gh.data(), h.data(), c.data(), dim);
    say(h);
    say(c);
    kernels.min_gru(gi.data(), h.data(), dim);
    say(h);
    kernels.gru_gates(gi.data(), gh.data(), h.data(), rh.data(), z.data(), dim);
    say(rh);
    say(z);
    kernels.gru_candidate(gi.data(), rh.data(), z.data(), h.data(), dim);
    say(h);
    const float* table[] = {gi.data(), gh.data(), gi.data() + dim};
    for (const bool rectify : {false, true}) {
        kernels.add_rows(table, dice.size(0, 3), h.data(), dim, rectify);
        say(h);
    }

    said.push_back(kernels.largest(gi.data(), dim));
    std::vector<std::uint32_t> weights(at(dim)), sums(at(padded(dim) / lanes));
    const auto total = kernels.weigh(gi.data(), gi[0], 0.7f, weights.data(), sums.data(), dim);
    for (const auto weight : weights) said.push_back(static_cast<float>(weight));  // at most 2^23: exact
    for (const auto sum : sums) said.push_back(static_cast<float>(sum));           // rounded, but the same for the same
    said.push_back(static_cast<float>(total));

    const int m = dice.size(1, 20), k = dice.size(1, 20), n = dice.size(1, 20);
    const Floats fa = dice.values(m * k, extremes), fb = dice.values(k * n, extremes);
    const std::vector<double> a(fa.begin(), fa.end()), b(fb.begin(), fb.end());
    std::vector<double> ab(at(m * n));
    kernels.multiply(a.data(), b.data(), ab.data(), m, k, n);
    Floats bits(2 * ab.size());
    std::memcpy(bits.data(), ab.data(), ab.size() * sizeof(double));
    say(bits);
    return said;
}

bool same_bytes(const Floats& a, const Floats& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

float gate_sigmoid(const Kernels& kernels, float x) {
    const float gi[2] = {x, 0}, gh[2] = {}, h = 1;
    float rh = 0, z = 0;
    kernels.gru_gates(gi, gh, &h, &rh, &z, 1);
    return rh;
}

float gate_tanh(const Kernels& kernels, float x) {
    const float gi[3] = {0, 0, x}, gn = 0, z = 0;
    float h = 0;
    kernels.gru_candidate(gi, &gn, &z, &h, 1);
    return h;
}

std::string refusal(const std::string& isa) {
    try {
        kernels_named(isa);
    } catch (const ModelError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("every instruction set of this machine gives the scalar kernels' bytes, for any shape and any number") {
    auto playable = playable_kernels();
    REQUIRE(playable.front() == &scalar_kernels);
#if defined(__x86_64__)
    if (playable.back() == &avx512_kernels) playable.push_back(&narrow_kernels);
#endif
    const auto alike = [&](std::uint64_t seed, bool extremes) {
        const auto expected = all_of(scalar_kernels, seed, extremes);
        for (const Kernels* kernels : playable) {
            CAPTURE(std::string(kernels->isa));
            REQUIRE(same_bytes(all_of(*kernels, seed, extremes), expected));
        }
    };
    for (std::uint64_t seed = 0; seed < shapes; ++seed) {
        CAPTURE(seed);
        for (const bool extremes : {false, true}) {
            alike(seed, extremes);
            const NoDenormals flushed;
            alike(seed, extremes);
        }
    }
    CHECK_FALSE(same_bytes(all_of(scalar_kernels, 1, false), all_of(scalar_kernels, 2, false)));
}

TEST_CASE("a panel's sums are four partial sums of rounded products, under every instruction set") {
    Dice dice(3);
    for (const int cols : {0, 1, 3, 4, 7, 41}) {
        std::vector<Lanes> w(at(cols));
        for (auto& column : w) {
            for (float& v : column.at) v = dice.value(false);
        }
        const Floats x = dice.values(cols, false), start = dice.values(lanes, false);
        Floats expected(lanes);
        for (int lane = 0; lane < lanes; ++lane) {
            float s[4] = {};
            for (int k = 0; k < cols; ++k) {
                const volatile float product = w[at(k)].at[lane] * x[at(k)];  // rounded, whatever the compiler likes
                s[k < cols / 4 * 4 ? k % 4 : 0] += product;
            }
            expected[at(lane)] = start[at(lane)] + ((s[0] + s[1]) + (s[2] + s[3]));
        }
        for (const Kernels* kernels : playable_kernels()) {
            CAPTURE(std::string(kernels->isa));
            Floats y(lanes);
            kernels->dense(w.data(), 1, cols, x.data(), 0, {1, start.data(), 0, y.data(), 0, false});
            CHECK(same_bytes(y, expected));
        }
    }
}

TEST_CASE("whole numbers are multiplied and summed exactly, at the ends of their ranges too") {
    constexpr int groups = 40, panels = 6;
    Dice dice(4);
    for (const bool ends : {false, true}) {
        std::vector<Bytes> w(at(panels * groups));
        std::vector<std::int8_t> x(at(padded(groups * group, scaled_inputs)));
        const auto byte = [&] {
            const int any = dice.size(-127, 127);
            return static_cast<std::int8_t>(ends ? (any < 0 ? -127 : 127) : any);
        };
        for (auto& v : x) v = byte();
        std::vector<std::int32_t> row_sums(at(panels * lanes)), expected(row_sums.size());
        for (int p = 0; p < panels; ++p) {
            const int t = p / tile * tile, side = std::min(tile, panels - t);
            for (int g = 0; g < groups; ++g) {
                for (int lane = 0; lane < lanes; ++lane) {
                    for (int j = 0; j < group; ++j) {
                        const auto weight = byte();
                        w[at(t * groups + g * side + p - t)].at[lane][j] = weight;
                        row_sums[at(p * lanes + lane)] += weight;
                        expected[at(p * lanes + lane)] += weight * (x[at(g * group + j)] + 127);
                    }
                }
            }
        }
        const Floats ones(row_sums.size(), 1.0f), start(row_sums.size());
        const float scale = 1;
        const Quantised quantised{x.data(), 0, nullptr, 0, &scale, 127};
        for (const Kernels* kernels : playable_kernels()) {
            CAPTURE(std::string(kernels->isa));
            Floats y(row_sums.size());
            kernels->dense8(w.data(), row_sums.data(), ones.data(), panels, groups, quantised,
                            {1, start.data(), 0, y.data(), 0, false});
            for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == static_cast<float>(expected[i]));
        }
    }
}

TEST_CASE("gates are close to their functions and bounded for any input") {
    for (const Kernels* kernels : playable_kernels()) {
        CAPTURE(std::string(kernels->isa));
        for (int i = -200'000; i <= 200'000; i += gate_step) {
            const float x = static_cast<float>(i) * 1e-4f;
            REQUIRE(std::abs(double(gate_sigmoid(*kernels, x)) - 1 / (1 + std::exp(-double(x)))) < 2e-6);
            REQUIRE(std::abs(double(gate_tanh(*kernels, x)) - std::tanh(double(x))) < 2e-6);
        }
        for (const float x : {1e30f, -1e30f, INFINITY, -INFINITY, NAN}) {
            CHECK(gate_sigmoid(*kernels, x) >= 0.0f);
            CHECK(gate_sigmoid(*kernels, x) <= 1.0f);
            CHECK(std::abs(gate_tanh(*kernels, x)) <= 1.0f);
        }
    }
}

TEST_CASE("LEGUME_ISA names what plays; what this machine lacks, or nobody knows, is refused by name") {
    const char* forced = std::getenv("LEGUME_ISA");
    CHECK(&kernels() == &kernels_named(forced ? forced : ""));
    CHECK(&kernels_named("") == playable_kernels().back());
    for (const Kernels* kernels : playable_kernels()) CHECK(&kernels_named(kernels->isa) == kernels);
#if defined(__x86_64__)
    CHECK(refusal("neon").find("LEGUME_ISA=neon: this machine or build lacks it; here are scalar") == 0);
#else
    CHECK(refusal("avx2").find("LEGUME_ISA=avx2: this machine or build lacks it; here are scalar") == 0);
#endif
    CHECK(refusal("AVX2").find("LEGUME_ISA=AVX2: no such instruction set; here are scalar") == 0);
}
