// Small networks whose sound is known beforehand: a sawtooth, a sine, and one that a knob switches on.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include "tests/nodes/samplernn/network_of.h"

namespace legume::samplernn {

inline Config config_at(double rate) {
    Config config = small_config();
    config.dim = 16;
    config.sample_rate = rate;
    return config;
}

// Weightless but for what those below set.
inline Checkpoint weightless(Config config) {
    config.hidden = 0;
    config.quantiser = Quantiser::linear;
    Checkpoint checkpoint = network_of(config);
    for (auto& [name, tensor] : checkpoint.tensors) std::fill(tensor.values.begin(), tensor.values.end(), 0.0f);
    return checkpoint;
}

// Its likeliest level is always the next one up: 8 steps at 8 kHz, so 1 kHz.
inline Checkpoint sawtooth() {
    Config config = config_at(8'000);
    config.dim = config.embedding = config.levels = 8;
    Checkpoint checkpoint = weightless(config);
    const std::size_t taps = 4;
    for (std::size_t x = 0; x < 8; ++x) {
        checkpoint.tensors["sample.embedding"].values[x * 8 + x] = 1;
        checkpoint.tensors["sample.conv"].values[(x * 8 + x) * taps + taps - 1] = 1;  // hears the newest alone
        checkpoint.tensors["sample.out.weight"].values[(x + 1) % 8 * 8 + x] = 1;
    }
    return checkpoint;
}

// Its likeliest level is the one nearest to c x1 - x2 + b, a sine of 200 Hz about b / (2 - c) levels above silence,
// which is where it starts from.
inline Checkpoint sine_network() {
    Config config = config_at(8'000);
    config.dim = config.embedding = 1;
    config.levels = 256;
    Checkpoint checkpoint = weightless(config);
    const double c = 2 * std::cos(2 * 3.14159265358979 * 200 / 8'000);
    checkpoint.tensors["sample.conv"].values = {0, 0, -1, static_cast<float>(c)};
    checkpoint.tensors["sample.conv_bias"].values = {static_cast<float>((2 - c) * 50)};
    for (int j = 0; j < 256; ++j) {
        const auto at = static_cast<std::size_t>(j);
        const auto x = static_cast<float>(j - 128);
        checkpoint.tensors["sample.embedding"].values[at] = x;
        checkpoint.tensors["sample.out.weight"].values[at] = 2 * x;
        checkpoint.tensors["sample.out.bias"].values[at] = -x * x;
    }
    return checkpoint;
}

// Silent at temperature 0, and a roar between 0.8 and 1 at any other.
inline Checkpoint switched_network() {
    Config config = config_at(8'000);
    config.dim = config.embedding = 1;
    config.levels = 1024;
    Checkpoint checkpoint = weightless(config);
    auto& logits = checkpoint.tensors["sample.out.bias"].values;
    std::fill(logits.begin(), logits.end(), -1'000.0f);
    logits[512] = 1;
    std::fill(logits.end() - 100, logits.end(), 0.9999f);
    return checkpoint;
}

}  // namespace legume::samplernn
