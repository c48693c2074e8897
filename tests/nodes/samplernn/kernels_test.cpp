// Holds every instruction set of this machine to the scalar kernels, bit for bit.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/kernels.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "graph/denormals.h"
#include "nodes/dsp/random.h"
#include "nodes/samplernn/generator.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

using Floats = std::vector<float>;

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
    const auto say = [&](const Floats& values) { said.insert(said.end(), values.begin(), values.end()); };

    const int panels = dice.size(1, 5), cols = dice.size(0, 70);
    std::vector<Lanes> w(at(panels * cols));
    for (auto& column : w) {
        for (float& v : column.at) v = dice.value(extremes);
    }
    const Floats x = dice.values(cols, extremes), start = dice.values(panels * lanes, extremes);
    for (const bool relu : {false, true}) {
        Floats y(start.size()), in_place = start;
        kernels.apply(w.data(), panels, cols, x.data(), start.data(), y.data(), relu);
        kernels.apply(w.data(), panels, cols, x.data(), in_place.data(), in_place.data(), relu);
        say(y);
        say(in_place);
    }

    const int dim = dice.size(1, 70);
    const Floats gi = dice.values(4 * dim, extremes), gh = dice.values(4 * dim, extremes);
    Floats h = dice.values(dim, extremes), c = dice.values(dim, extremes), rh(at(dim)), z(at(dim));
    kernels.gru(gi.data(), gh.data(), h.data(), dim);
    say(h);
    kernels.lstm(gi.data(), gh.data(), h.data(), c.data(), dim);
    say(h);
    say(c);
    kernels.gru_gates(gi.data(), gh.data(), h.data(), rh.data(), z.data(), dim);
    say(rh);
    say(z);
    kernels.gru_candidate(gi.data(), rh.data(), z.data(), h.data(), dim);
    say(h);
    kernels.add(gi.data(), h.data(), dim);
    say(h);
    kernels.relu(h.data(), dim);
    say(h);

    std::vector<std::uint32_t> weights(at(dim));
    kernels.weigh(gi.data(), gi[0], 0.7f, weights.data(), dim);
    for (const auto weight : weights) said.push_back(static_cast<float>(weight));  // at most 2^23: exact

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
    const auto playable = playable_kernels();
    REQUIRE(playable.front() == &scalar_kernels);
    for (const Kernels* kernels : playable) {
        CAPTURE(std::string(kernels->isa));
        for (std::uint64_t seed = 0; seed < 400; ++seed) {
            CAPTURE(seed);
            for (const bool extremes : {false, true}) {
                REQUIRE(same_bytes(all_of(*kernels, seed, extremes), all_of(scalar_kernels, seed, extremes)));
                const NoDenormals flushed;
                REQUIRE(same_bytes(all_of(*kernels, seed, extremes), all_of(scalar_kernels, seed, extremes)));
            }
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
            kernels->apply(w.data(), 1, cols, x.data(), start.data(), y.data(), false);
            CHECK(same_bytes(y, expected));
        }
    }
}

TEST_CASE("gates are close to their functions and bounded for any input") {
    for (const Kernels* kernels : playable_kernels()) {
        CAPTURE(std::string(kernels->isa));
        for (int i = -200'000; i <= 200'000; ++i) {
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

TEST_CASE("a take of the shipped network has the same bytes under every instruction set") {
    const auto checkpoint = read_checkpoint(std::filesystem::path(LEGUME_SOURCE_DIR) / "assets" / "models" / "pods" /
                                            "00004000.safetensors");
    for (const Kernels* kernels : playable_kernels()) {
        CAPTURE(std::string(kernels->isa));
        Generator generator(std::make_shared<const Model>(checkpoint, Precision::fp32, *kernels), 1);
        std::uint64_t hash = 14695981039346656037u;  // FNV-1a
        for (int t = 0; t < 4'000; ++t) {
            const float sample = generator.next(1.0f);
            std::uint32_t bits;
            std::memcpy(&bits, &sample, sizeof bits);
            hash = (hash ^ bits) * 1099511628211u;
        }
        CHECK(hash == 17994144811478453934u);
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
