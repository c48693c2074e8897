// How a level is drawn from a network's logits: what the draw is allowed, and what it leans to.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/checkpoint/quantise.h"
#include "nodes/samplernn/kernels/isa.h"

namespace legume::samplernn {

struct Sampling {
    Sampling(float heat = 1) : temperature(heat) {}  // a temperature alone is a chance
    float temperature;                               // 0 (or below, or NaN) is the likeliest level
    int top_k = max_levels;  // only so many of the likeliest levels (Fan et al. 2018), more when several weigh the same
    float top_p = 1;         // only the likeliest levels that have this share of all chance (Holtzman et al. 2020)
    float loudness = 0;      // -1 to 1: towards silence, or away from it
};

// A level by inverse CDF from a uniform in [0, 1). Probabilities become integers before they are summed, so that the
// level is the same on every machine. Non-finite logits never win. At most max_levels logits, one for each level.
int draw(std::span<const float> logits, const Sampling& chance, const Levels& levels, double uniform,
         const Kernels& = kernels()) noexcept;
// Without a lean to any loudness.
int draw(std::span<const float> logits, const Sampling& chance, double uniform, const Kernels& = kernels()) noexcept;

// How unsure the draw is, in bits: 0 when only one level can come, 8 when each of 256 is as likely.
double entropy(std::span<const float> logits, const Sampling& chance, const Kernels& = kernels()) noexcept;
// The share of all chance that a level has by the logits alone, at least 2^-23.
double likelihood(std::span<const float> logits, int level, const Kernels& = kernels()) noexcept;

}  // namespace legume::samplernn
