// Wraps SoundTouch's time stretching: overlapped sequences, each laid where it fits the one before best.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/stretch.h"

#include <SoundTouch.h>

#include <algorithm>
#include <type_traits>
#include <vector>

#include "graph/base/denormals.h"

namespace legume::dsp {

// Debian's SoundTouch flushes denormals in the whole program from its loading on.
[[maybe_unused]] const bool denormals_allowed = (allow_denormals(), true);

static_assert(std::is_same_v<soundtouch::SAMPLETYPE, float>, "SoundTouch has to be built for float samples");

struct Stretch::Touch {
    soundtouch::SoundTouch stream;
};

Stretch::Stretch(double rate, int channels) : touch_(new Touch), channels_(static_cast<std::size_t>(channels)) {
    auto& stream = touch_->stream;
    stream.setSampleRate(static_cast<unsigned>(rate));
    stream.setChannels(static_cast<unsigned>(channels));
    stream.setSetting(SETTING_USE_AA_FILTER, 0);
    stream.setSetting(SETTING_SEQUENCE_MS, 40);  // fixed, lest its latency follow the tempo
    stream.setSetting(SETTING_SEEKWINDOW_MS, 15);
    stream.setSetting(SETTING_OVERLAP_MS, 8);
    stream.setSetting(SETTING_USE_QUICKSEEK, rate > 50'000 || channels > 2);  // the search grows with the square
    const std::vector<float> silence(static_cast<std::size_t>(rate) * channels_);
    for (const double tempo : {most, 1 / most}) {
        stream.setTempo(tempo);
        stream.putSamples(silence.data(), static_cast<unsigned>(rate));
        stream.clear();
    }
    stream.setTempo(1);
    stream.clear();
}

Stretch::~Stretch() = default;

void Stretch::set_tempo(double tempo) noexcept { touch_->stream.setTempo(std::clamp(tempo, 1 / most, most)); }

void Stretch::put(std::span<const float> interleaved) noexcept {
    touch_->stream.putSamples(interleaved.data(), static_cast<unsigned>(interleaved.size() / channels_));
}

std::size_t Stretch::take(std::span<float> interleaved) noexcept {
    return touch_->stream.receiveSamples(interleaved.data(), static_cast<unsigned>(interleaved.size() / channels_));
}

std::size_t Stretch::waiting() const noexcept { return touch_->stream.numUnprocessedSamples(); }

void Stretch::reset() noexcept {
    touch_->stream.setTempo(1);
    touch_->stream.clear();
}

}  // namespace legume::dsp
