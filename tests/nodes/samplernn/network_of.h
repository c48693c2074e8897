// A checkpoint of random weights for any config, for the tests of what plays it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "nodes/dsp/random.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {

// Uniform weights whose spread keeps sums near `gain`, so that gates and levels are lively.
inline Checkpoint network_of(const Config& config, std::uint64_t seed = 1, double gain = 1.5) {
    Checkpoint checkpoint{config, {}};
    std::uint64_t stream = 0;
    for (const auto& [name, shape] : expected_shapes(config)) {
        Tensor tensor{shape, {}};
        const std::int64_t size = count(shape), fan_in = size / shape[0];
        double scale = 1;
        while (scale * scale * static_cast<double>(fan_in) > 3.0 * gain * gain) scale *= 0.97;
        if (shape.size() == 1) scale = 0.3;
        ++stream;
        for (std::int64_t i = 0; i < size; ++i) {
            const double u = 2.0 * dsp::random_uniform(seed, stream, static_cast<std::uint64_t>(i)) - 1.0;
            tensor.values.push_back(static_cast<float>(scale * u));
        }
        checkpoint.tensors[name] = std::move(tensor);
    }
    return checkpoint;
}

inline Config small_config() {
    Config config;
    config.dim = 24;
    config.embedding = 12;
    config.levels = 64;
    config.sample_rate = 8'000;
    return config;
}

}  // namespace legume::samplernn
