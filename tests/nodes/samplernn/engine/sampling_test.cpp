// Tests nodes/samplernn/chance: which levels come, and how often.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/sampling.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "nodes/samplernn/kernels/isa.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

// How often each level comes, of evenly spread uniforms, so that no luck is in it.
std::vector<double> shares(const std::vector<float>& logits, const Sampling& chance, const Levels* levels = nullptr) {
    std::vector<double> shares(logits.size());
    constexpr int n = 20'000;
    for (int i = 0; i < n; ++i) {
        const double uniform = (i + 0.5) / n;
        const int level = levels ? draw(logits, chance, *levels, uniform) : draw(logits, chance, uniform);
        shares[static_cast<std::size_t>(level)] += 1.0 / n;
    }
    return shares;
}

Sampling narrowed(int top_k, float top_p) {
    Sampling chance;
    chance.top_k = top_k;
    chance.top_p = top_p;
    return chance;
}

// 40 levels whose chances fall by a tenth each, in no order.
std::vector<float> scattered() {
    std::vector<float> logits;
    for (int i = 0; i < 40; ++i) logits.push_back(std::log(0.9f) * static_cast<float>(i * 17 % 40));
    return logits;
}

}  // namespace

TEST_CASE("draws follow the softmax, and temperature sharpens or flattens it") {
    const std::vector<float> logits{0.0f, 1.0f, -1.0f, 0.5f};
    for (const float temperature : {0.5f, 1.0f, 2.0f}) {
        double sum = 0;
        for (const float l : logits) sum += std::exp(double(l / temperature));
        std::vector<int> drawn(4);
        constexpr int n = 40'000;  // of evenly spread uniforms, so that no chance is in it
        for (int i = 0; i < n; ++i) ++drawn[static_cast<std::size_t>(draw(logits, temperature, (i + 0.5) / n))];
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(double(drawn[i]) / n ==
                  doctest::Approx(std::exp(double(logits[i] / temperature)) / sum).epsilon(1e-3));
        }
    }
}

TEST_CASE("temperature zero is the likeliest level, and non-finite logits never win") {
    const std::vector<float> logits{0.1f, 0.3f, NAN, 0.2f, -INFINITY};
    for (const float temperature : {0.0f, -1.0f, NAN, 1e-30f}) CHECK(draw(logits, temperature, 0.999) == 1);
    for (int i = 0; i < 100; ++i) {
        const int level = draw(logits, 5.0f, i / 100.0);
        CHECK(level != 2);
        CHECK(level != 4);
    }
    const std::vector<float> nothing(8, NAN);
    CHECK(draw(nothing, 1.0f, 0.5) >= 0);
    CHECK(draw(nothing, 1.0f, 0.5) < 8);
    CHECK(draw(std::vector<float>{1e30f, 3e38f, -3e38f}, 1.0f, 0.999) == 1);
}

TEST_CASE("top_k lets the likeliest levels come, in their own proportions, and no other") {
    const auto logits = scattered();
    const auto all = shares(logits, 1);
    for (const int k : {1, 2, 7, 39}) {
        const auto some = shares(logits, narrowed(k, 1));
        double kept = 0;
        for (int i = 0; i < 40; ++i) kept += i * 17 % 40 < k ? all[static_cast<std::size_t>(i)] : 0;
        for (int i = 0; i < 40; ++i) {
            const auto at = static_cast<std::size_t>(i);
            CAPTURE(i);
            if (i * 17 % 40 < k)
                CHECK(some[at] == doctest::Approx(all[at] / kept).epsilon(0.01));
            else
                CHECK(some[at] == 0);
        }
    }
}

TEST_CASE("top_p lets as many of the likeliest levels come as have that share together, and one at least") {
    const auto logits = scattered();
    const auto all = shares(logits, 1);
    for (const float p : {0.001f, 0.3f, 0.9f, 0.999f}) {
        CAPTURE(p);
        double before = 0;
        const auto some = shares(logits, narrowed(max_levels, p));
        for (int rank = 0; rank < 40; ++rank) {
            const auto at = static_cast<std::size_t>(rank * 33 % 40);  // 33 * 17 is 1 modulo 40
            CHECK((some[at] > 0) == (before < static_cast<double>(p)));
            before += all[at];
        }
    }
}

TEST_CASE("the narrower of top_k and top_p decides, and wide open they change nothing under any instruction set") {
    const auto logits = scattered();
    CHECK(shares(logits, narrowed(3, 0.9f)) == shares(logits, narrowed(3, 1)));
    CHECK(shares(logits, narrowed(39, 0.3f)) == shares(logits, narrowed(max_levels, 0.3f)));
    for (const Kernels* kernels : playable_kernels())
        for (int i = 0; i < 1'000; ++i)
            CHECK(draw(logits, narrowed(40, 0.99999994f), i / 1000.0, *kernels) == draw(logits, 1, i / 1000.0));
}

TEST_CASE("loudness leans the draw to loud levels or quiet ones, and 0 to none") {
    Config config;
    const Levels levels(config);
    const std::vector<float> even(static_cast<std::size_t>(levels.count()), 0.0f);
    double last = 0;
    for (const float loudness : {-1.0f, -0.3f, 0.0f, 0.3f, 1.0f}) {
        Sampling chance;
        chance.loudness = loudness;
        const auto drawn = shares(even, chance, &levels);
        double mean = 0;
        for (int i = 0; i < levels.count(); ++i)
            mean += drawn[static_cast<std::size_t>(i)] * static_cast<double>(std::abs(levels.amplitude(i)));
        CHECK(mean > last);
        last = mean;
        if (loudness == 0) CHECK(drawn == shares(even, 1));
    }
}

TEST_CASE("entropy is 8 bits where 256 levels are as likely, 1 where two are, and 0 where one level comes") {
    const std::vector<float> even(256, -3.0f);
    CHECK(entropy(even, 1) == doctest::Approx(8));
    CHECK(entropy(even, 0) == 0);
    auto two = even;
    two[7] = two[90] = 100;
    CHECK(entropy(two, 1) == doctest::Approx(1));
    CHECK(entropy(scattered(), narrowed(1, 1)) == 0);
    CHECK(entropy(scattered(), 0.5f) < entropy(scattered(), 1));
    CHECK(entropy(std::vector<float>(8, NAN), 1) == 0);
}
