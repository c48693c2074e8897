// Goes from one sound to another frequency by frequency: the loudness of both, the phases of one.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <optional>

#include "graph/node.h"
#include "nodes/dsp/stft.h"

namespace legume {
namespace {

using dsp::Bin;

struct MorphSpectral final : Node {
    In a{this, "a", "Sound at position 0."};
    In b{this, "b", "Sound at position 1."};
    Out out{this, "out", "The sound between both; a window late."};
    Param position{this, "position", {.min = 0, .max = 1, .initial = 0.5f}, "Where between both sounds you are."};
    ChoiceOption phases{
        this, "phases", {"a", "b"}, "Whose movement is kept: the other gives its colour and its dynamics alone."};
    ChoiceOption window{this,
                        "window",
                        {"medium", "short", "long"},
                        "How finely it hears: 43 ms, short is 11 ms and keeps rhythm, long 171 ms and keeps pitch."};

    struct State {
        dsp::Window first, second, played;
        std::vector<Bin> of_first, of_second;
    };
    PerChannel<State> states;
    std::optional<dsp::Stft> stft;
    int wait = 0;

    int latency_frames() const override { return stft->size() - block_frames; }
    bool portable() const override { return false; }
    void prepare(const Prepare& p) override {
        stft.emplace(dsp::window_size(window.at(), p.rate));
        for (int ch = 0; ch < p.channels(out); ++ch) {
            State& s = states[ch];
            for (auto* frames : {&s.first, &s.second, &s.played}) frames->prepare(stft->size());
            for (auto* bins : {&s.of_first, &s.of_second}) bins->resize(static_cast<std::size_t>(stft->bins()));
        }
    }
    void process(const Block& block) noexcept RT_SAFE override {
        const bool due = wait == 0;
        for (int ch = 0; ch < out.channels(block); ++ch) {
            State& s = states[ch];
            s.first.put(a.read(block, ch));
            s.second.put(b.read(block, ch));
            if (due) {
                stft->analyse(s.first, s.of_first);
                stft->analyse(s.second, s.of_second);
                blend(s, position.value(block, ch));
                stft->lay(s.of_first, s.played);
            }
            s.played.take(out.write(block, ch));
        }
        if (due) wait = stft->hop();
        wait -= block_frames;
    }
    // Where the one whose phases count has next to nothing, the other's come through, or there would be noise.
    void blend(State& s, float where) const noexcept RT_SAFE {
        const bool first_leads = phases.at() == 0;
        const auto& leading = first_leads ? s.of_first : s.of_second;
        const auto& other = first_leads ? s.of_second : s.of_first;
        const float leak = 0.01f * (first_leads ? where : 1 - where);
        for (std::size_t k = 0; k < s.of_first.size(); ++k) {
            const float first = std::sqrt(dsp::power(s.of_first[k])), second = std::sqrt(dsp::power(s.of_second[k]));
            const Bin way = leading[k] + leak * other[k];
            const float length = std::sqrt(dsp::power(way));
            s.of_first[k] = length > 1e-15f ? ((first + where * (second - first)) / length) * way : Bin{};
        }
    }
    void reset() noexcept RT_SAFE override {
        for (auto& s : states)
            for (auto* frames : {&s.first, &s.second, &s.played}) frames->reset();
        wait = 0;
    }
};

}  // namespace

extern const NodeType morph_spectral_node{"morph-spectral", "Goes from one sound to another, frequency by frequency.",
                                          make_node<MorphSpectral>};

}  // namespace legume
