// Counts the numbers that the network's buffers hold, as the tiers, their cells and the sample tier make them.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/gradient_checkpoints.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace legume::samplernn {
namespace {

constexpr double program = 300e6;  // bytes of LibTorch and of ourselves before any network (measured)
constexpr double number = 4;
// Weights, gradient, mean, two moments, which of them live; a save's copy of all but the gradient and these; a
// checkpoint and the network it plays.
constexpr double weight_copies = 12;
constexpr double spare = 1.1;      // what the allocator cannot use
constexpr int least_segment = 64;  // samples; shorter ones are all overhead

std::string gigabytes(double bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f GB", bytes / 1e9);
    return text;
}

int shortest(const Config& config, int window) {
    const int frame = config.tiers.back().frame;
    return std::min(window, (least_segment + frame - 1) / frame * frame);
}

}  // namespace

// Chunks whose activations stay in the cache.
int rows_at_once(const Config& config) { return std::clamp(262'144 / config.dim, 256, 2048); }

double learning_bytes(const Config& config, int batch, int window, int segment, const Learning& learning) {
    const double D = config.dim, Q = config.levels, F = config.tiers[0].frame, B = batch;
    double weights = 0, packed = 0;
    for (const auto& [name, shape] : expected_shapes(config)) {
        const auto n = static_cast<double>(count(shape));
        weights += n;
        if (name.find(".cell.") != std::string::npos && shape.size() > 1) packed += 3 * n;
    }
    double a_sample = 2 * F + 4, states = 0;  // table rows and targets, while they are made
    for (std::size_t i = 0; i < config.tiers.size(); ++i) {
        const Tier& tier = config.tiers[i];
        const double ratio = i == 0 ? tier.frame : tier.frame / config.tiers[i - 1].frame;
        const double sums = (tier.layers > 1 ? 5 : 3) + (learning.dropout > 0 ? 2 : 0);  // x, and gradients
        const CellKind& kind = kind_of(tier.cell);
        a_sample += (tier.layers * kind.held * D + sums * D + ratio * D + 3 * tier.frame) / tier.frame;
        for (const auto& state : kind.states) states += tier.layers * state.size(config.dim);
    }
    const double segments = std::ceil(static_cast<double>(window) / segment);
    const double lane =
        rows_at_once(config) * ((config.hidden + 4) * D + 3 * Q) + F * Q * D + D * D * config.hidden + Q * D;
    const double folded = learning.weight_norm ? weights : 0;
    const double numbers = weight_copies * weights + folded + packed + 2 * F * Q * D + most_lanes * lane +
                           B * (segment * a_sample + (segments + 8) * states + 2 * window);
    return program + spare * number * numbers;
}

GradientCheckpoints cut_window(const Config& config, int batch, int window, double bytes, const Learning& learning) {
    const int frame = config.tiers.back().frame, least = shortest(config, window);
    auto fits = [&](int streams, int samples, int segment) {
        return learning_bytes(config, streams, samples, segment, learning) <= bytes;
    };
    // Segments of equal length, as few as can be.
    for (int pieces = 1;; ++pieces) {
        const int segment = ((window + pieces - 1) / pieces + frame - 1) / frame * frame;
        if (segment < least) break;
        if (fits(batch, window, std::min(segment, window))) return {std::min(segment, window), 0};
        if (segment == least) break;
    }
    const double needed = learning_bytes(config, batch, window, least, learning);
    int streams = batch;
    while (streams > 1 && !fits(streams, window, least)) --streams;
    int dim = config.dim;
    Config smaller = config;
    while (smaller.dim > 8 && learning_bytes(smaller, batch, window, least, learning) > bytes) smaller.dim = dim -= 8;
    std::string next = "set memory: " + gigabytes(std::ceil(needed / 1e7) * 1e7);
    if (fits(streams, window, least)) next += ", or batch: " + std::to_string(streams);
    if (learning_bytes(smaller, batch, window, least, learning) <= bytes) next += ", or dim: " + std::to_string(dim);
    throw ModelError("memory " + gigabytes(bytes) + " is too little for this network, batch and window, which take " +
                     gigabytes(needed) + " at least; " + next);
}

}  // namespace legume::samplernn
