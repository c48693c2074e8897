// Bits a sample, held to what can be worked out by hand.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/likelihood.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "nodes/dsp/random.h"
#include "nodes/samplernn/engine/sampling.h"
#include "tests/nodes/samplernn/network_of.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

using Sound = std::vector<std::uint16_t>;

Sound noise(std::size_t n, int levels, std::uint64_t stream = 0) {
    Sound sound;
    for (std::size_t i = 0; i < n; ++i)
        sound.push_back(static_cast<std::uint16_t>(dsp::random_uniform(5, stream, i) * levels));
    return sound;
}

std::shared_ptr<const Model> lively() { return std::make_shared<const Model>(network_of(small_config())); }

// Deaf to what it hears; one level is likelier than the others by `logit`.
std::shared_ptr<const Model> biased(std::size_t level, float logit) {
    auto checkpoint = network_of(small_config());
    auto &weight = checkpoint.tensors.at("sample.out.weight").values,
         &bias = checkpoint.tensors.at("sample.out.bias").values;
    std::fill(weight.begin(), weight.end(), 0.0f);
    std::fill(bias.begin(), bias.end(), 0.0f);
    bias[level] = logit;
    return std::make_shared<const Model>(checkpoint);
}

Passage passage(Sound levels, std::size_t learn) { return {"sound", std::move(levels), learn}; }

}  // namespace

TEST_CASE("a network that knows nothing costs as many bits as the levels have") {
    CHECK(nll_bits(biased(0, 0), noise(100, 64)) == doctest::Approx(6).epsilon(1e-9));
}

TEST_CASE("a network that expects one level pays little for it and much for the others") {
    const auto model = biased(7, 5);
    const double all = std::exp(5.0) + 63;
    CHECK(nll_bits(model, Sound(50, 7)) == doctest::Approx(-std::log2(std::exp(5.0) / all)).epsilon(1e-9));
    CHECK(nll_bits(model, Sound(50, 8)) == doctest::Approx(-std::log2(1 / all)).epsilon(1e-9));
}

TEST_CASE("what is skipped is heard all the same") {
    const auto model = lively();
    const auto sound = noise(300, 64);
    const auto first = std::span(sound).first(100);
    CHECK(nll_bits(model, sound) * 300 ==
          doctest::Approx(nll_bits(model, first) * 100 + nll_bits(model, sound, 100) * 200).epsilon(1e-9));
    CHECK(nll_bits(model, sound, 100) != nll_bits(model, std::span(sound).subspan(100)));  // which began in silence
}

TEST_CASE("a sound in two pieces costs what it costs in one, to the bit") {
    const auto model = lively();
    const auto sound = noise(300, 64);
    RunState state(model);
    CHECK(nll_bits(state, std::span(sound).first(100)) == nll_bits(model, std::span(sound).first(100)));
    CHECK(nll_bits(state, std::span(sound).subspan(100)) == nll_bits(model, sound, 100));
}

TEST_CASE("sound that the network made costs it less than any other") {
    const auto model = lively();
    RunState state(model);
    Sound own;
    for (std::size_t t = 0; t < 2'000; ++t) {
        const int level = draw(state.logits(), 1, dsp::random_uniform(1, 2, t));
        own.push_back(static_cast<std::uint16_t>(level));
        state.push(level);
    }
    CHECK(nll_bits(model, own) + 0.2 < nll_bits(model, noise(2'000, 64)));
}

TEST_CASE("held-out parts share what may be measured evenly") {
    const auto lengths = [](const Corpus& corpus, std::size_t at_most) {
        std::vector<std::size_t> sizes;
        for (const auto& part : held_out(corpus, at_most)) sizes.push_back(part.size());
        return sizes;
    };
    Corpus corpus;
    corpus.passages = {passage(noise(150, 64), 50), passage(noise(30, 64), 20), passage(noise(40, 64), 40),
                       passage(noise(300, 64), 100)};
    CHECK(lengths(corpus, 1'000) == std::vector<std::size_t>{100, 10, 200});
    CHECK(lengths(corpus, 110) == std::vector<std::size_t>{50, 10, 50});
    CHECK(lengths(corpus, 270) == std::vector<std::size_t>{100, 10, 160});
    CHECK(lengths(corpus, 0) == std::vector<std::size_t>{0, 0, 0});
    const auto parts = held_out(corpus, 110);
    CHECK(parts[2].data() == &corpus.passages[3].levels[100]);
}

TEST_CASE("a corpus costs the mean over the samples of its held-out parts, each from silence") {
    const auto model = lively();
    Corpus corpus;
    corpus.passages = {passage(noise(150, 64, 1), 50), passage(noise(300, 64, 2), 100)};
    const auto result = held_out_nll(model, corpus, 1'000);
    CHECK(result.samples == 300);
    const auto parts = held_out(corpus, 1'000);
    CHECK(result.bits == doctest::Approx((nll_bits(model, parts[0]) * 100 + nll_bits(model, parts[1]) * 200) / 300));
}

TEST_CASE("nothing to measure with is an error and no number") {
    Corpus corpus;
    corpus.passages = {passage(noise(50, 64), 50)};
    CHECK_THROWS_WITH_AS(held_out_nll(lively(), corpus, 1'000), "there is no sound to measure with", ModelError);
    CHECK_THROWS_AS(nll_bits(lively(), noise(10, 64), 10), ModelError);
    CHECK_THROWS_AS(nll_bits(lively(), noise(10, 64), 11), ModelError);
}
