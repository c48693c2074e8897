// An equaliser of two shelves and two bells, of the filter's kind, so that it may be swept as fast as one likes.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <string>

#include "graph/base/math.h"
#include "graph/node.h"

namespace legume {
namespace {

enum class Form { low, bell, high };
constexpr double octave = 3.3219280948873623;  // log2 of 10

// Simper, Linear Trapezoidal Integrated State Variable Filter (Cytomic, 2013), with its bell and shelves: the
// responses of Bristow-Johnson's cookbook.
struct Eq final : Node {
    struct State {
        float first = 0, second = 0;
    };
    // Each a straight line over a block; g and k stay positive on it, so that it stays stable.
    enum { g, k, m0, m1, m2, terms };
    using Shape = std::array<float, terms>;
    struct Band {
        const Form form;
        Param frequency, gain, q;
        PerChannel<State> states;
        Band(Node* node, Form its_form, const std::string& name, const std::string& what, float hertz)
            : form(its_form),
              frequency(node, name,
                        {.min = 20, .max = 20'000, .initial = hertz, .unit = Unit::hertz, .curve = Curve::log},
                        "Where " + what + " lies."),
              gain(node, name + "_gain", {.min = -24, .max = 24, .initial = 0, .unit = Unit::decibels},
                   "How much louder " + what + " is."),
              q(node, name + "_q", {.min = 0.1f, .max = 10, .initial = 0.70710678f, .curve = Curve::log},
                "How narrow " + what + " is; a shelf above 0.71 overshoots.") {}

        Shape shape(float hertz, float db, float quality, double rate) const noexcept RT_SAFE {
            const double warped = math::tan(math::pi * std::min(static_cast<double>(hertz) / rate, 0.49));
            const double a = math::exp2(static_cast<double>(db) * octave / 40), ring = 1 / static_cast<double>(quality);
            const double root = math::exp2(static_cast<double>(db) * octave / 80);
            switch (form) {
                case Form::low: return of(warped / root, ring, 1, ring * (a - 1), a * a - 1);
                case Form::bell: return of(warped, ring / a, 1, ring / a * (a * a - 1), 0);
                default: return of(warped * root, ring, a * a, ring * (1 - a) * a, 1 - a * a);
            }
        }
        template <class... Terms>
        static Shape of(Terms... all) noexcept RT_SAFE {
            return {static_cast<float>(all)...};
        }
        void play(const Block& b, int ch, Frames y) noexcept RT_SAFE {
            const Ramp hertz = frequency.ramp(b, ch), db = gain.ramp(b, ch), quality = q.ramp(b, ch);
            const Shape to = shape(hertz.to, db.to, quality.to, b.rate());
            const bool still = hertz.from == hertz.to && db.from == db.to && quality.from == quality.to;
            const Shape from = still ? to : shape(hertz.from, db.from, quality.from, b.rate());
            const auto line = [&](std::size_t term) noexcept { return Ramp{from[term], to[term]}; };
            const Ramp gs = line(g), ks = line(k), dry = line(m0), band = line(m1), low = line(m2);
            State s = states[ch];
            for (int i = 0; i < block_frames; ++i) {
                const float a1 = 1 / (1 + gs[i] * (gs[i] + ks[i])), a2 = gs[i] * a1, a3 = gs[i] * a2;
                const float v3 = y[i] - s.second;
                const float v1 = a1 * s.first + a2 * v3;
                const float v2 = s.second + a2 * s.first + a3 * v3;
                s.first = 2 * v1 - s.first;
                s.second = 2 * v2 - s.second;
                y[i] = dry[i] * y[i] + band[i] * v1 + low[i] * v2;
            }
            states[ch] = s;
        }
    };
    In in{this, "in", "Sound to shape."};
    Out out{this, "out", "The sound, shaped."};
    std::array<Band, 4> bands{Band{this, Form::low, "low", "the low shelf", 100},
                              Band{this, Form::bell, "mid1", "the lower bell", 500},
                              Band{this, Form::bell, "mid2", "the upper bell", 2'500},
                              Band{this, Form::high, "high", "the high shelf", 8'000}};

    void process(const Block& b) noexcept RT_SAFE override {
        for (int ch = 0; ch < out.channels(b); ++ch) {
            const auto y = out.write(b, ch);
            std::copy_n(in.read(b, ch).begin(), block_frames, y.begin());
            for (auto& band : bands) band.play(b, ch, y);
        }
    }
    void reset() noexcept RT_SAFE override {
        for (auto& band : bands) band.states.fill({});
    }
};

}  // namespace

extern const NodeType eq_node{"eq", "Lifts or lowers the bass, the treble, and two bands between.", make_node<Eq>};

}  // namespace legume
