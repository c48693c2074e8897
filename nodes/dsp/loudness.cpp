// Wraps libebur128.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/loudness.h"

#include <ebur128.h>

#include <algorithm>
#include <new>

#include "graph/base/math.h"

namespace legume::dsp {
namespace {

float held(double lufs) {
    return lufs > static_cast<double>(Loudness::silence) ? static_cast<float>(lufs) : Loudness::silence;
}

}  // namespace

struct Loudness::State {
    ebur128_state* ebu = nullptr;
    std::size_t channels = 1;
    ~State() {
        if (ebu) ebur128_destroy(&ebu);
    }
};

Loudness::Loudness(int channels, double rate, bool peaks) : state_(new State) {
    // A histogram: the memory of hours is that of a second.
    const int mode = EBUR128_MODE_S | EBUR128_MODE_I | EBUR128_MODE_HISTOGRAM | (peaks ? EBUR128_MODE_TRUE_PEAK : 0);
    state_->channels = static_cast<std::size_t>(channels);
    state_->ebu = ebur128_init(static_cast<unsigned>(channels), static_cast<unsigned long>(rate), mode);
    if (!state_->ebu) throw std::bad_alloc();
    for (unsigned ch = 0; ch < static_cast<unsigned>(channels); ++ch)  // all alike: who knows where they stand
        ebur128_set_channel(state_->ebu, ch, EBUR128_LEFT);
}

Loudness::~Loudness() = default;

void Loudness::add(std::span<const float> interleaved) {
    ebur128_add_frames_float(state_->ebu, interleaved.data(), interleaved.size() / state_->channels);
}

float Loudness::momentary() const {
    double lufs = 0;
    return ebur128_loudness_momentary(state_->ebu, &lufs) == EBUR128_SUCCESS ? held(lufs) : silence;
}

float Loudness::short_term() const {
    double lufs = 0;
    return ebur128_loudness_shortterm(state_->ebu, &lufs) == EBUR128_SUCCESS ? held(lufs) : silence;
}

float Loudness::integrated() const {
    double lufs = 0;
    return ebur128_loudness_global(state_->ebu, &lufs) == EBUR128_SUCCESS ? held(lufs) : silence;
}

float Loudness::true_peak() const {
    double highest = 0;
    for (unsigned ch = 0; ch < state_->channels; ++ch) {
        double peak = 0;
        if (ebur128_true_peak(state_->ebu, ch, &peak) == EBUR128_SUCCESS) highest = std::max(highest, peak);
    }
    return static_cast<float>(math::decibels(highest));
}

}  // namespace legume::dsp
