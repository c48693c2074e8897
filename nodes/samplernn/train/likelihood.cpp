// Log-softmax in double with our own exp and log, in the order of the sound: the same number on every machine.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/likelihood.h"

#include <algorithm>
#include <utility>

#include "graph/base/math.h"

namespace legume::samplernn {
namespace {

double nats(std::span<const float> logits, std::size_t level) {
    const double most = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float logit : logits) sum += math::exp(static_cast<double>(logit) - most);
    return most + math::log(sum) - static_cast<double>(logits[level]);
}

template <class After>
double nats(RunState& state, std::span<const std::uint16_t> levels, const After& after) {
    double sum = 0;
    for (const auto level : levels) {
        sum += nats(state.logits(), level);
        state.push(level);
        after();
    }
    return sum;
}

}  // namespace

double nll_bits(std::shared_ptr<const Model> model, std::span<const std::uint16_t> levels, std::size_t skip) {
    RunState state(std::move(model));
    const auto heard = std::min(skip, levels.size());
    for (const auto level : levels.first(heard)) state.push(level);
    return nll_bits(state, levels.subspan(heard));
}

double nll_bits(RunState& state, std::span<const std::uint16_t> levels) {
    if (levels.empty()) throw ModelError("there is no sound to measure with");
    return nats(state, levels, [] {}) / math::ln2 / static_cast<double>(levels.size());
}

std::vector<std::span<const std::uint16_t>> held_out(const Corpus& corpus, std::size_t at_most) {
    std::vector<std::span<const std::uint16_t>> parts;
    for (const auto& passage : corpus.passages) {
        const auto part = std::span(passage.levels).subspan(passage.learn);
        if (!part.empty()) parts.push_back(part);
    }
    // The shortest first, so that each that is cut gets an equal share of what is left.
    std::vector<std::span<const std::uint16_t>*> by_length;
    for (auto& part : parts) by_length.push_back(&part);
    std::stable_sort(by_length.begin(), by_length.end(), [](auto* a, auto* b) { return a->size() < b->size(); });
    for (std::size_t i = 0; i < by_length.size(); ++i) {
        auto& part = *by_length[i];
        part = part.first(std::min(part.size(), at_most / (by_length.size() - i)));
        at_most -= part.size();
    }
    return parts;
}

Likelihood held_out_nll(std::shared_ptr<const Model> model, const Corpus& corpus, std::size_t at_most,
                        const std::function<void(double)>& tell) {
    const auto parts = held_out(corpus, at_most);
    std::size_t all = 0;
    for (const auto& part : parts) all += part.size();
    if (all == 0) throw ModelError("there is no sound to measure with");
    Likelihood result;
    double sum = 0;
    RunState state(std::move(model));
    for (const auto& part : parts) {
        state.reset();
        sum += nats(state, part, [&] {
            if (++result.samples % 4096 == 0 && tell)
                tell(static_cast<double>(result.samples) / static_cast<double>(all));
        });
    }
    result.bits = sum / math::ln2 / static_cast<double>(all);
    return result;
}

}  // namespace legume::samplernn
