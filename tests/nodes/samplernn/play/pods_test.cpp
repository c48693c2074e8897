// The shipped network: it has learned its corpus, and its takes sound like it.
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/train/corpus.h"
#include "nodes/samplernn/train/likelihood.h"
#include "nodes/sound/sound_file.h"
#include "tests/folder.h"
#include "tests/harness.h"

using namespace legume;
using namespace legume::samplernn;

namespace {

const std::filesystem::path assets = legume::test::source_folder() / "assets";
constexpr std::size_t listened = legume::test::sanitized ? 24'000 : 1'000'000;  // held-out samples

Checkpoint newest() { return read_checkpoint(find_checkpoint(assets / "models" / "pods")); }

std::shared_ptr<const Model> as_it_plays(const Checkpoint& checkpoint) {
    return std::make_shared<const Model>(checkpoint, checkpoint.config.precision());
}

Corpus corpus_of(const Config& config) {
    CorpusMaker maker(config, 0.1, [](const std::string& line) { FAIL(line); });
    maker.add(assets / "sounds");
    return maker.finish(512);
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

struct Extent {
    double low = 1e9, high = -1e9;
    void add(double x) {
        low = std::min(low, x);
        high = std::max(high, x);
    }
    bool holds(double x) const { return x >= low && x <= high; }
};

}  // namespace

TEST_CASE("the shipped network guesses held-out sound at least two bits better than its histogram") {
    const auto model = as_it_plays(newest());
    const auto corpus = corpus_of(model->config);
    CHECK(corpus.hash == model->config.corpus_hash);
    const auto result = held_out_nll(model, corpus, listened);
    MESSAGE("held-out " << result.bits << " bits a sample over " << result.samples << " samples, histogram "
                        << corpus.entropy_bits);
    CHECK(result.bits <= corpus.entropy_bits - 2);
}

TEST_CASE("every age of the shipped network plays in int8, which costs the oldest what its file says") {
    for (const auto& entry : std::filesystem::directory_iterator(assets / "models" / "pods"))
        if (entry.path().extension() == ".safetensors") {
            CAPTURE(entry.path().string());
            CHECK(read_config(entry.path()).precision() == Precision::int8);
        }
    const auto checkpoint = newest();
    const auto corpus = corpus_of(checkpoint.config);
    const auto bits = [&](Precision precision) {
        return held_out_nll(std::make_shared<const Model>(checkpoint, precision), corpus, listened).bits;
    };
    const double cost = bits(Precision::int8) - bits(Precision::fp32);
    MESSAGE("int8 costs " << cost << " bits a sample");
    if (test::sanitized)
        CHECK(cost <= int8_may_cost);  // of a part of what the file speaks of
    else
        CHECK(cost == *checkpoint.config.int8_cost);
}

// Not each of them: of 64 takes 20 were noisier than all two seconds of the corpus.
TEST_CASE("three of four takes of the shipped network have the corpus's level and colour, five of eight its noise") {
    if (test::sanitized) return;
    Extent level, colour, noise;
    for (const char* name : {"drones", "grind", "pulses"}) {
        const auto sound = read_sound(assets / "sounds" / (std::string(name) + ".flac"));
        for (std::size_t at = 32'000; at + 32'000 <= sound.samples.size(); at += 32'000) {
            const auto piece = test::part(sound.samples, at, 32'000);
            level.add(test::decibels(test::rms(piece)));
            colour.add(test::centroid(piece, sound.rate));
            noise.add(flatness(piece));
        }
    }
    constexpr int takes = 16;
    Generator generator(as_it_plays(newest()), 1, takes);
    std::vector<test::Samples> all(takes);
    std::vector<float> now(takes);
    const std::vector<Sampling> chances(takes);
    for (int i = 0; i < 48'000; ++i) {
        generator.next(chances, now);
        if (i >= 16'000)  // it begins with the silence behind it
            for (std::size_t v = 0; v < takes; ++v) all[v].push_back(now[v]);
    }
    int levels = 0, colours = 0, noises = 0;
    for (const auto& take : all) {
        levels += level.holds(test::decibels(test::rms(take)));
        colours += colour.holds(test::centroid(take, 16'000));
        noises += noise.holds(flatness(take));
    }
    MESSAGE("of " << takes << " takes " << levels << " have its level, " << colours << " its colour, " << noises
                  << " its noise");
    CHECK(levels >= takes * 3 / 4);
    CHECK(colours >= takes * 3 / 4);
    CHECK(noises >= takes * 5 / 8);
    MESSAGE("corpus: " << level.low << " to " << level.high << " dB, " << colour.low << " to " << colour.high
                       << " Hz, flatness " << noise.low << " to " << noise.high);
}
