// Sums over Fourier transforms.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/measure.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "graph/base/math.h"
#include "nodes/dsp/fft.h"

namespace legume::samplernn {
namespace {

constexpr std::size_t window = 1'024, most_frames = 4'096;
constexpr std::size_t segment_frames = 8;                    // over which power is averaged, so that noise is flat
constexpr std::size_t most_compared = std::size_t{1} << 18;  // samples
constexpr double silent_db = -60, noisy = 0.7, still_db = 1, looped = 0.95, leaning = 0.05;

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Mean power of each segment.
std::vector<std::vector<double>> segments(const Spectra& s) {
    std::vector<std::vector<double>> all;
    for (std::size_t at = 0; at + segment_frames <= s.frames(); at += segment_frames) {
        std::vector<double> mean(s.bands);
        for (std::size_t i = 0; i < segment_frames; ++i)
            for (std::size_t k = 0; k < s.bands; ++k)
                mean[k] += static_cast<double>(s.frame(at + i)[k]) / double{segment_frames};
        all.push_back(std::move(mean));
    }
    return all;
}

// The two lowest bins are DC and what the window spreads of it.
double flatness(const std::vector<double>& power) {
    double logs = 0, sum = 0;
    for (std::size_t k = 2; k < power.size(); ++k) {
        logs += math::log(power[k] + 1e-20);
        sum += power[k] + 1e-20;
    }
    const auto n = static_cast<double>(power.size() - 2);
    return math::exp(logs / n) / (sum / n);
}

// The median over 16 bands, each half as wide again as the one below, of how far its level moves; what is 60 dB below
// the loudest is not heard and does not move.
double change(const std::vector<std::vector<double>>& all) {
    if (all.size() < 2) return 0;
    std::vector<std::vector<double>> levels(all.size());
    double loudest = -1'000;
    for (std::size_t s = 0; s < all.size(); ++s)
        for (std::size_t band = 0, from = 2; from < all[s].size(); ++band) {
            const std::size_t to = std::min(all[s].size(), std::max(from + 2, from + from / 2));
            double sum = 1e-20;
            for (std::size_t k = from; k < to; ++k) sum += all[s][k];
            levels[s].push_back(10 * math::log10(sum));
            loudest = std::max(loudest, levels[s].back());
            from = to;
        }
    std::vector<double> moves;
    for (std::size_t band = 0; band < levels[0].size(); ++band) {
        double sum = 0, squares = 0;
        for (const auto& segment : levels) {
            const double level = std::max(segment[band], loudest - 60);
            sum += level;
            squares += level * level;
        }
        const auto n = static_cast<double>(levels.size());
        moves.push_back(math::pow(std::max(0.0, squares / n - sum / n * (sum / n)), 0.5));
    }
    return median(moves);
}

// The largest normalised autocorrelation from 50 ms on, up to half the sound.
double repetition(std::span<const float> sound, double mean, double rate) {
    sound = sound.first(std::min(sound.size(), most_compared));
    dsp::Fft transform(static_cast<int>(std::bit_ceil(2 * sound.size())));
    std::vector<float> x(static_cast<std::size_t>(transform.size()));
    std::vector<double> energy(sound.size() + 1);  // of what is before
    for (std::size_t i = 0; i < sound.size(); ++i) {
        const double value = static_cast<double>(sound[i]) - mean;
        x[i] = static_cast<float>(value);
        energy[i + 1] = energy[i] + value * value;
    }
    std::vector<dsp::Bin> bins(static_cast<std::size_t>(transform.bins()));
    transform.forward(x.data(), bins.data());
    for (auto& bin : bins) bin = {power(bin), 0};
    transform.inverse(bins.data(), x.data());
    double best = 0;
    for (auto lag = static_cast<std::size_t>(0.05 * rate); lag <= sound.size() / 2; ++lag) {
        const std::size_t left = sound.size() - lag;
        const double both = energy[left] * (energy[sound.size()] - energy[lag]);
        if (both > 0) best = std::max(best, static_cast<double>(x[lag]) / math::pow(both, 0.5));
    }
    return std::min(best, 1.0);
}

}  // namespace

Spectra spectra(std::span<const float> sound) {
    Spectra s{window / 2, {}};
    if (sound.empty()) return s;
    const std::size_t hop = std::max(window / 2, (sound.size() + most_frames - 1) / most_frames);
    dsp::Fft transform(static_cast<int>(window));
    std::vector<float> x(window);
    std::vector<dsp::Bin> bins(static_cast<std::size_t>(transform.bins()));
    std::size_t at = 0;
    do {
        for (std::size_t i = 0; i < window; ++i) {
            const double hann = 0.5 - 0.5 * math::sin_turns(static_cast<double>(i) / double{window} + 0.25);
            x[i] = at + i < sound.size() ? static_cast<float>(hann * static_cast<double>(sound[at + i])) : 0;
        }
        transform.forward(x.data(), bins.data());
        for (std::size_t k = 0; k < s.bands; ++k)
            s.power.push_back(power(bins[k]) * 16 / (float{window} * float{window}));
        at += hop;
    } while (at + window <= sound.size());
    return s;
}

Measures measure(std::span<const float> sound, const Spectra& s, double rate) {
    Measures m;
    if (sound.empty()) return m;
    double sum = 0, squares = 0, weighted = 0, power = 1e-20;
    for (const float x : sound) {
        sum += static_cast<double>(x);
        squares += static_cast<double>(x) * static_cast<double>(x);
    }
    const auto n = static_cast<double>(sound.size());
    m.dc = sum / n;
    m.level = math::decibels(math::pow(std::max(0.0, squares / n - m.dc * m.dc), 0.5));
    const auto all = segments(s);
    std::vector<double> flat;
    for (const auto& segment : all) {
        flat.push_back(flatness(segment));
        for (std::size_t k = 2; k < segment.size(); ++k) {
            power += segment[k];
            weighted += segment[k] * static_cast<double>(k);
        }
    }
    m.flatness = median(flat);
    m.centroid = weighted / power * rate / double{window};
    m.change = change(all);
    m.repetition = repetition(sound, m.dc, rate);

    if (m.level < silent_db) {
        m.flags.emplace_back("silence");
    } else if (m.flatness > noisy) {
        m.flags.emplace_back("noise");
    } else {
        if (all.size() >= 4 && m.change < still_db) m.flags.emplace_back("one texture");
        if (m.repetition > looped) m.flags.emplace_back("loop");
    }
    if (m.dc > leaning || m.dc < -leaning) m.flags.emplace_back("DC");
    return m;
}

}  // namespace legume::samplernn
