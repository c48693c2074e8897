// What a take sounds like, in numbers: whether it fell silent, fell apart into noise, or stays on one texture.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

namespace legume::samplernn {

// Power over time and frequency: `bands` from 0 Hz up, linear, of each of so many frames in turn.
struct Spectra {
    std::size_t bands = 0;
    std::vector<float> power;  // [frames][bands]; 1 is about a full-scale sine
    std::size_t frames() const { return bands ? power.size() / bands : 0; }
    const float* frame(std::size_t i) const { return &power[i * bands]; }
};
Spectra spectra(std::span<const float> sound);  // Hann windows of 1024 samples, no more than 4096 of them

struct Measures {
    double level = 0;       // dB of its RMS, without its DC
    double dc = 0;          // its mean
    double flatness = 0;    // of a quarter second's spectrum, geometric over arithmetic mean: 0 a tone, 1 white noise
    double centroid = 0;    // Hz
    double change = 0;      // dB by which a band's level moves over time
    double repetition = 0;  // how like itself it is some time later, at best; 1 is a loop
    // "silence", "noise", "one texture", "loop", "DC": what a network falls into; often none.
    std::vector<std::string> flags;
};
Measures measure(std::span<const float> sound, const Spectra& of_it, double rate);

}  // namespace legume::samplernn
