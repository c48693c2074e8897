// The shipped network: it has learned its corpus, and its takes sound like it.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "nodes/samplernn/corpus.h"
#include "nodes/samplernn/generator.h"
#include "nodes/samplernn/likelihood.h"
#include "nodes/sound_file.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

const std::filesystem::path assets = std::filesystem::path(LEGUME_SOURCE_DIR) / "assets";
#if defined(LEGUME_SANITIZED)
constexpr std::size_t listened = 24'000;  // held-out samples: the sanitizers are slow
#else
constexpr std::size_t listened = 1'000'000;
#endif

std::shared_ptr<const Model> newest() {
    return std::make_shared<const Model>(read_checkpoint(find_checkpoint(assets / "models" / "pods")));
}

// Geometric over arithmetic mean of the power spectrum: 1 is white noise, 0 a tone.
double flatness(const test::Samples& x) {
    double logs = 0, sum = 0;
    const auto bins = test::spectrum(x);
    for (const double magnitude : bins) {
        const double power = magnitude * magnitude + 1e-16;
        logs += std::log(power);
        sum += power;
    }
    const auto n = static_cast<double>(bins.size());
    return std::exp(logs / n) / (sum / n);
}

struct Span {
    double low = 1e9, high = -1e9;
    void add(double x) {
        low = std::min(low, x);
        high = std::max(high, x);
    }
    bool holds(double x) const { return x >= low && x <= high; }
};

}  // namespace

TEST_CASE("the shipped network guesses held-out sound at least two bits better than its histogram") {
    const auto model = newest();
    CorpusMaker maker(model->config, 0.1, [](const std::string& line) { FAIL(line); });
    maker.add(assets / "sounds");
    const auto corpus = maker.finish(512);
    CHECK(corpus.hash == model->config.corpus_hash);
    const auto result = held_out_nll(model, corpus, listened);
    MESSAGE("held-out " << result.bits << " bits a sample over " << result.samples << " samples, histogram "
                        << corpus.entropy_bits);
    CHECK(result.bits <= corpus.entropy_bits - 2);
}

TEST_CASE("takes of the shipped network have the corpus's level and colour") {
    Span level, colour, noise;
    for (const char* name : {"drones", "grind", "pulses"}) {
        const auto sound = read_sound(assets / "sounds" / (std::string(name) + ".flac"));
        for (std::size_t at = 32'000; at + 32'000 <= sound.samples.size(); at += 32'000) {
            const auto piece = test::part(sound.samples, at, 32'000);
            level.add(test::decibels(test::rms(piece)));
            colour.add(test::centroid(piece, sound.rate));
            noise.add(flatness(piece));
        }
    }
    const auto model = newest();
    for (const std::uint64_t seed : {1, 2, 3, 4}) {
        Generator generator(model, seed);
        for (int i = 0; i < 16'000; ++i) generator.next(1);  // it begins with the silence behind it
        test::Samples take;
        for (int i = 0; i < 32'000; ++i) take.push_back(generator.next(1));
        MESSAGE("seed " << seed << ": " << test::decibels(test::rms(take)) << " dB, " << test::centroid(take, 16'000)
                        << " Hz, flatness " << flatness(take));
        CHECK(level.holds(test::decibels(test::rms(take))));
        CHECK(colour.holds(test::centroid(take, 16'000)));
        CHECK(noise.holds(flatness(take)));
    }
    MESSAGE("corpus: " << level.low << " to " << level.high << " dB, " << colour.low << " to " << colour.high
                       << " Hz, flatness " << noise.low << " to " << noise.high);
}
