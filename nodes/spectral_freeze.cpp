// Holds the sound of a moment: its spectrum stands still while each partial turns on at its own pitch.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <optional>

#include "graph/node.h"
#include "nodes/dsp/stft.h"

namespace legume {
namespace {

using dsp::Bin;

// The phase vocoder's held frame: Dolson, The Phase Vocoder: A Tutorial (1986). Phases go on by what they moved from
// the frame before to the one that is held.
struct SpectralFreeze final : Node {
    In in{this, "in", "Sound to freeze."};
    Out out{this, "out", "The sound, or what is held of it; a window late."};
    Param freeze{this, "freeze", {.unit = Unit::flag}, "Holds the sound of this moment for as long as it is on."};
    Trigger grab{this, "grab", "While frozen, lets go and holds the moment that is heard now."};
    ChoiceOption window{this,
                        "window",
                        {"medium", "short", "long"},
                        "How much sound a moment is: 43 ms, short is 11 ms and rough, long 171 ms and in tune."};

    struct State {
        dsp::Window heard, played;
        std::vector<Bin> now, before, turn, held;
    };
    PerChannel<State> states;
    std::optional<dsp::Stft> stft;
    int wait = 0;  // frames until the next spectrum
    bool holding = false, again = false;

    int latency_frames() const override { return stft->size() - block_frames; }
    bool portable() const override { return false; }
    void prepare(const Prepare& p) override {
        stft.emplace(dsp::window_size(window.at(), p.rate));
        for (int ch = 0; ch < p.channels(out); ++ch) {
            State& s = states[ch];
            s.heard.prepare(stft->size());
            s.played.prepare(stft->size());
            for (auto* bins : {&s.now, &s.before, &s.turn, &s.held})
                bins->resize(static_cast<std::size_t>(stft->bins()));
        }
    }
    void process(const Block& b) noexcept RT_SAFE override {
        again = again || grab.fired(b);
        const bool due = wait == 0, on = freeze.value(b) >= 0.5f;
        for (int ch = 0; ch < out.channels(b); ++ch) {
            State& s = states[ch];
            s.heard.put(in.read(b, ch));
            if (due) {
                stft->analyse(s.heard, s.now);
                if (on && !again && holding)
                    for (std::size_t k = 0; k < s.held.size(); ++k) go_on(s.held[k], s.turn[k]);
                else
                    for (std::size_t k = 0; k < s.held.size(); ++k) take(s, k);
                stft->lay(s.held, s.played);
                std::swap(s.now, s.before);
            }
            s.played.take(out.write(b, ch));
        }
        if (due) {
            holding = on;
            again = false;
            wait = stft->hop();
        }
        wait -= block_frames;
    }
    static void take(State& s, std::size_t k) noexcept RT_SAFE {
        const Bin moved = s.now[k] * dsp::conjugate(s.before[k]);
        const float size = std::sqrt(dsp::power(moved));
        s.turn[k] = size > 1e-20f && size < 1e20f ? (1 / size) * moved : Bin{1, 0};
        s.held[k] = s.now[k];
    }
    // The turn is of length one but for rounding, which is kept from growing.
    static void go_on(Bin& held, Bin& turn) noexcept RT_SAFE {
        held = held * turn;
        turn = (1.5f - 0.5f * dsp::power(turn)) * turn;
    }
    void reset() noexcept RT_SAFE override {
        for (auto& s : states) {
            s.heard.reset();
            s.played.reset();
            for (auto* bins : {&s.now, &s.before, &s.turn, &s.held}) std::fill(bins->begin(), bins->end(), Bin{});
        }
        wait = 0;
        holding = again = false;
    }
};

}  // namespace

extern const NodeType spectral_freeze_node{"spectral-freeze", "Holds the sound of a moment for as long as you like.",
                                           make_node<SpectralFreeze>};

}  // namespace legume
