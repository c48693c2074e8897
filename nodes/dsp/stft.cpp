// Windows, transforms and overlaps.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/stft.h"

#include <algorithm>

#include "graph/base/math.h"

namespace legume::dsp {

void Window::reset() noexcept {
    std::fill(frames.begin(), frames.end(), 0.0f);
    at = 0;
}

void Window::put(std::span<const float> newest) noexcept {
    for (const float x : newest) {
        frames[at] = x;
        at = at + 1 == frames.size() ? 0 : at + 1;
    }
}

void Window::take(std::span<float> oldest) noexcept {
    for (float& x : oldest) {
        x = frames[at];
        frames[at] = 0;
        at = at + 1 == frames.size() ? 0 : at + 1;
    }
}

Stft::Stft(int size) : fft_(size), window_(static_cast<std::size_t>(size)), frames_(static_cast<std::size_t>(size)) {
    for (int i = 0; i < size; ++i) {
        const double sine = math::sin_turns(0.5 * i / size);
        window_[static_cast<std::size_t>(i)] = static_cast<float>(sine * sine);
    }
}

void Stft::analyse(const Window& heard, std::span<Bin> spectrum) noexcept {
    const auto size = frames_.size();
    for (std::size_t i = 0, from = heard.at; i < size; ++i, from = from + 1 == size ? 0 : from + 1)
        frames_[i] = heard.frames[from] * window_[i];
    fft_.forward(frames_.data(), spectrum.data());
}

void Stft::lay(std::span<const Bin> spectrum, Window& played) noexcept {
    fft_.inverse(spectrum.data(), frames_.data());
    const auto size = frames_.size();
    constexpr float share = 2.0f / 3;  // the squares of four Hann windows add up to 3 / 2
    for (std::size_t i = 0, to = played.at; i < size; ++i, to = to + 1 == size ? 0 : to + 1)
        played.frames[to] += share * window_[i] * frames_[i];
}

int window_size(std::size_t which, double rate) {
    int size = which == 0 ? 2048 : which == 1 ? 512 : 8192;
    for (double most = 50'000; rate > most; most *= 2) size *= 2;
    return size;
}

}  // namespace legume::dsp
