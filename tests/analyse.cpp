// Measures a whole sound.
// SPDX-License-Identifier: MIT
#include "tests/analyse.h"

#include <algorithm>
#include <cmath>

#include "nodes/dsp/loudness.h"

namespace legume::test {
namespace {

// The highest value of each millisecond above 12 kHz: a Butterworth high-pass of the eighth order, as four second-order
// sections (Bristow-Johnson, Cookbook formulae for audio EQ biquad filters).
std::vector<float> treble_peaks(const std::vector<float>& x, double rate) {
    constexpr double pi = 3.14159265358979323846;
    const double w = 2 * pi * 12'000 / rate;
    struct Section {
        double b0, b1, a1, a2, s1 = 0, s2 = 0;
    };
    std::vector<Section> sections;
    for (int k = 0; k < 4; ++k) {
        const double q = 1 / (2 * std::cos(pi * (2 * k + 1) / 16)), alpha = std::sin(w) / (2 * q), a0 = 1 + alpha;
        sections.push_back(
            {(1 + std::cos(w)) / 2 / a0, -(1 + std::cos(w)) / a0, -2 * std::cos(w) / a0, (1 - alpha) / a0});
    }
    const auto window = static_cast<std::size_t>(rate / 1'000);
    std::vector<float> peaks(x.size() / window + 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
        double y = static_cast<double>(x[i]);
        for (auto& s : sections) {
            const double in = y;
            y = s.b0 * in + s.s1;
            s.s1 = s.b1 * in - s.a1 * y + s.s2;
            s.s2 = s.b0 * in - s.a2 * y;
        }
        auto& peak = peaks[i / window];
        peak = std::max(peak, static_cast<float>(std::abs(y)));
    }
    return peaks;
}

}  // namespace

std::vector<double> clicks(const std::vector<float>& x, double rate) {
    constexpr std::size_t stretch = 250;  // milliseconds that are held to one median, of twice as many
    const auto peaks = treble_peaks(x, rate);
    std::vector<double> found;
    std::vector<float> around;
    for (std::size_t at = 0; at < peaks.size(); at += stretch) {
        const auto from = at > stretch / 2 ? at - stretch / 2 : 0, to = std::min(at + 3 * stretch / 2, peaks.size());
        around.assign(peaks.begin() + static_cast<std::ptrdiff_t>(from),
                      peaks.begin() + static_cast<std::ptrdiff_t>(to));
        std::nth_element(around.begin(), around.begin() + static_cast<std::ptrdiff_t>(around.size() / 2), around.end());
        const float limit = std::max(10 * around[around.size() / 2], 1e-3f);
        for (std::size_t i = at; i < std::min(at + stretch, peaks.size()); ++i)
            if (peaks[i] > limit && (found.empty() || static_cast<double>(i) / 1'000 - found.back() > 0.02))
                found.push_back(static_cast<double>(i) / 1'000);
    }
    return found;
}

Analysis analyse(const Sound& sound) {
    Analysis said;
    said.seconds = static_cast<double>(sound.frames()) / sound.rate;
    dsp::Loudness loudness(sound.channels, sound.rate, true);
    loudness.add(sound.samples);
    said.lufs = loudness.integrated();
    said.true_peak = loudness.true_peak();
    const auto channels = static_cast<std::size_t>(sound.channels);
    std::vector<float> x(sound.frames());
    for (std::size_t c = 0; c < channels; ++c) {
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] = sound.samples[i * channels + c];
            sum += static_cast<double>(x[i]);
            said.finite = said.finite && std::isfinite(x[i]);
        }
        const double mean = sum / static_cast<double>(x.size());
        if (std::abs(mean) > std::abs(said.offset)) said.offset = mean;
        for (const double at : clicks(x, sound.rate)) said.clicks.push_back(at);
    }
    std::sort(said.clicks.begin(), said.clicks.end());
    return said;
}

}  // namespace legume::test
