// Smears sound in time and pitch: each frequency's loudness comes and goes slowly, and leaks to its neighbours.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <optional>

#include "graph/base/math.h"
#include "graph/node.h"
#include "nodes/dsp/stft.h"

namespace legume {
namespace {

using dsp::Bin;

struct SpectralBlur final : Node {
    In in{this, "in", "Sound to smear."};
    Out out{this, "out", "The sound, smeared; a window late."};
    Param time{this,
               "time",
               {.min = 0.001f, .max = 30, .initial = 1, .unit = Unit::seconds, .curve = Curve::log},
               "How long each frequency takes to come and to go."};
    Param spread{this,
                 "spread",
                 {.min = 0, .max = 2'000, .initial = 0, .unit = Unit::hertz},
                 "How far each frequency leaks to either side: tones turn into noise."};
    ChoiceOption window{this,
                        "window",
                        {"medium", "short", "long"},
                        "How finely it hears: 43 ms, short is 11 ms and rough, long 171 ms and smooth."};

    struct State {
        dsp::Window heard, played;
        std::vector<Bin> now, before, phase, turn;
        std::vector<float> size;
    };
    PerChannel<State> states;
    std::optional<dsp::Stft> stft;
    std::vector<double> sums;        // of the powers up to each bin
    std::vector<std::size_t> peaks;  // the bin at the top of the hill that each one is on
    int wait = 0;

    int latency_frames() const override { return stft->size() - block_frames; }
    bool portable() const override { return false; }
    void prepare(const Prepare& p) override {
        stft.emplace(dsp::window_size(window.at(), p.rate));
        const auto bins = static_cast<std::size_t>(stft->bins());
        sums.resize(bins + 1);
        peaks.resize(bins);
        for (int ch = 0; ch < p.channels(out); ++ch) {
            State& s = states[ch];
            s.heard.prepare(stft->size());
            s.played.prepare(stft->size());
            for (auto* each : {&s.now, &s.before, &s.phase, &s.turn}) each->resize(bins);
            s.size.resize(bins);
        }
    }
    void process(const Block& b) noexcept RT_SAFE override {
        const bool due = wait == 0;
        for (int ch = 0; ch < out.channels(b); ++ch) {
            State& s = states[ch];
            s.heard.put(in.read(b, ch));
            if (due) {
                stft->analyse(s.heard, s.now);
                const double hops = static_cast<double>(time.value(b, ch)) * b.rate() / stft->hop();
                follow(s, static_cast<float>(1 - math::exp(-1 / hops)));
                const double bins = static_cast<double>(spread.value(b, ch)) * stft->size() / b.rate();
                leak(s, static_cast<std::size_t>(bins + 0.5));
                stft->lay(s.before, s.played);
                std::swap(s.now, s.before);
            }
            s.played.take(out.write(b, ch));
        }
        if (due) wait = stft->hop();
        wait -= block_frames;
    }
    // While a frequency sounds its phase is its own; while it dies away it turns on as it did on the whole, in step
    // with the peak that it belongs to: Laroche, Dolson, Improved phase vocoder time-scale modification of audio
    // (1999).
    void follow(State& s, float share) noexcept RT_SAFE {
        for (std::size_t k = 0; k < s.size.size(); ++k) {
            const float size = std::sqrt(std::min(dsp::power(s.now[k]), 1e30f));
            s.size[k] += (size - s.size[k]) * share;
            s.turn[k] = (1 - share) * s.turn[k] + share * (s.now[k] * dsp::conjugate(s.before[k]));
        }
        climb(s.size);
        for (std::size_t k = 0; k < s.size.size(); ++k) {
            const float size = std::sqrt(std::min(dsp::power(s.now[k]), 1e30f));
            const Bin turn = s.turn[peaks[k]];
            if (size > 1e-12f && size >= 0.5f * s.size[k]) {
                s.phase[k] = (1 / size) * s.now[k];
            } else if (const float length = std::sqrt(dsp::power(turn)); length > 1e-15f) {
                s.phase[k] = (1 / length) * (turn * s.phase[k]);
                s.phase[k] = (1.5f - 0.5f * dsp::power(s.phase[k])) * s.phase[k];  // back to length one
            }
        }
    }
    // From each bin to the higher neighbour, and on to the top.
    void climb(const std::vector<float>& size) noexcept RT_SAFE {
        const auto bins = size.size();
        for (std::size_t k = 0; k < bins; ++k) {
            const bool falls = k > 0 && size[k - 1] > size[k] && (k + 1 == bins || size[k - 1] >= size[k + 1]);
            peaks[k] = falls ? peaks[k - 1] : k;
        }
        for (std::size_t k = bins - 1; k-- > 0;) {
            const bool rises = size[k + 1] > size[k] && (k == 0 || size[k + 1] > size[k - 1]);
            if (rises) peaks[k] = peaks[k + 1];
        }
    }
    // The root of the mean power of as many bins on either side; the result stands in `before`.
    void leak(State& s, std::size_t wide) noexcept RT_SAFE {
        const auto bins = s.size.size();
        if (wide == 0) {
            for (std::size_t k = 0; k < bins; ++k) s.before[k] = s.size[k] * s.phase[k];
            return;
        }
        for (std::size_t k = 0; k < bins; ++k)
            sums[k + 1] = sums[k] + static_cast<double>(s.size[k]) * static_cast<double>(s.size[k]);
        for (std::size_t k = 0; k < bins; ++k) {
            const auto from = k > wide ? k - wide : 0, to = std::min(k + wide + 1, bins);
            const double mean = (sums[to] - sums[from]) / static_cast<double>(2 * wide + 1);
            s.before[k] = static_cast<float>(std::sqrt(std::max(mean, 0.0))) * s.phase[k];
        }
    }
    void reset() noexcept RT_SAFE override {
        for (auto& s : states) {
            s.heard.reset();
            s.played.reset();
            for (auto* bins : {&s.now, &s.before, &s.phase, &s.turn}) std::fill(bins->begin(), bins->end(), Bin{});
            std::fill(s.size.begin(), s.size.end(), 0.0f);
        }
        wait = 0;
    }
};

}  // namespace

extern const NodeType spectral_blur_node{"spectral-blur", "Smears sound in time and pitch until it is a cloud.",
                                         make_node<SpectralBlur>};

}  // namespace legume
