// Weighs the levels in whole numbers, leaves out those that may not come, and walks along the rest.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/sampling.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "graph/base/math.h"

namespace legume::samplernn {

namespace {

constexpr float most_lean = 20;               // what loudness 1 adds to the logit of a full-scale level
constexpr std::uint32_t heaviest = 1u << 23;  // the likeliest level's weight

struct Weights {
    std::array<std::uint32_t, max_levels> each;
    std::array<std::uint32_t, max_levels / lanes> sums;
    std::uint64_t total;

    Weights(std::span<const float> logits, float top, const Sampling& chance, const Kernels& kernels) noexcept {
        const int n = static_cast<int>(logits.size());
        const float sharpness = std::min(1 / chance.temperature, 1e30f);
        total = kernels.weigh(logits.data(), top, sharpness, each.data(), sums.data(), n);
        if (chance.top_k >= n && !(chance.top_p < 1)) return;
        const std::span<std::uint32_t> all(each.data(), logits.size());
        const auto enough =
            static_cast<std::uint64_t>(static_cast<double>(std::max(chance.top_p, 0.0f)) * static_cast<double>(total));
        leave_out_below(all, least(all, chance.top_k, enough));
    }
    // The largest weight down to which there are as many levels, or as much weight, bit by bit: no order has to be
    // made.
    static std::uint32_t least(std::span<const std::uint32_t> all, int many, std::uint64_t much) noexcept {
        std::uint32_t found = 0;
        for (std::uint32_t bit = heaviest; bit; bit >>= 1) {
            std::uint64_t sum = 0;
            int count = 0;
            for (const auto weight : all) {
                sum += weight >= (found | bit) ? weight : 0;
                count += weight >= (found | bit);
            }
            if (count > 0 && (count >= many || sum >= much)) found |= bit;
        }
        return found;
    }
    void leave_out_below(std::span<std::uint32_t> all, std::uint32_t lightest) noexcept {
        total = 0;
        for (std::size_t begin = 0; begin < all.size(); begin += lanes) {
            std::uint32_t sum = 0;
            for (auto& weight : all.subspan(begin, std::min<std::size_t>(lanes, all.size() - begin)))
                sum += weight = weight >= lightest ? weight : 0;
            sums[begin / lanes] = sum;
            total += sum;
        }
    }
};

}  // namespace

int draw(std::span<const float> logits, const Sampling& chance, double uniform, const Kernels& kernels) noexcept {
    const float top = kernels.largest(logits.data(), static_cast<int>(logits.size()));
    const auto likeliest = [&] {
        const auto best = std::find(logits.begin(), logits.end(), top);
        return best == logits.end() ? 0 : static_cast<int>(best - logits.begin());
    };
    if (!(chance.temperature > 0)) return likeliest();
    const Weights weights(logits, top, chance, kernels);
    auto target = static_cast<std::uint64_t>(uniform * static_cast<double>(weights.total));
    for (std::size_t part = 0; part * lanes < logits.size(); ++part) {
        if (target >= weights.sums[part]) {
            target -= weights.sums[part];
            continue;
        }
        for (std::size_t i = part * lanes; i < logits.size(); ++i) {
            if (target < weights.each[i]) return static_cast<int>(i);
            target -= weights.each[i];
        }
    }
    return likeliest();
}

int draw(std::span<const float> logits, const Sampling& chance, const Levels& levels, double uniform,
         const Kernels& kernels) noexcept {
    if (!(chance.loudness != 0)) return draw(logits, chance, uniform, kernels);
    std::array<float, max_levels> leaning;
    const float lean = chance.loudness * most_lean;
    for (std::size_t i = 0; i < logits.size(); ++i)
        leaning[i] = logits[i] + lean * std::abs(levels.amplitude(static_cast<int>(i)));
    return draw(std::span(leaning).first(logits.size()), chance, uniform, kernels);
}

double entropy(std::span<const float> logits, const Sampling& chance, const Kernels& kernels) noexcept {
    if (!(chance.temperature > 0)) return 0;
    const float top = kernels.largest(logits.data(), static_cast<int>(logits.size()));
    const Weights weights(logits, top, chance, kernels);
    double sum = 0;  // of w log2 w
    for (std::size_t i = 0; i < logits.size(); ++i)
        if (const auto w = static_cast<double>(weights.each[i]); w > 0) sum += w * math::log2(w);
    const auto total = static_cast<double>(weights.total);
    return total > 0 ? std::max(0.0, math::log2(total) - sum / total) : 0;
}

double likelihood(std::span<const float> logits, int level, const Kernels& kernels) noexcept {
    const float top = kernels.largest(logits.data(), static_cast<int>(logits.size()));
    const Weights weights(logits, top, Sampling(), kernels);
    const auto weight = static_cast<double>(weights.each[static_cast<std::size_t>(level)]);
    return std::max(weight, 1.0) / static_cast<double>(std::max<std::uint64_t>(weights.total, heaviest));
}

}  // namespace legume::samplernn
