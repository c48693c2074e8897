// Wraps libsamplerate's sinc converters.
// SPDX-License-Identifier: MIT
#include "nodes/dsp/resampler.h"

#include <samplerate.h>

#include <new>
#include <stdexcept>

namespace legume::dsp {

struct Resampler::Converter {
    SRC_STATE* state = nullptr;
    double ratio = 1;
    std::size_t channels = 1;
    ~Converter() { src_delete(state); }
};

Resampler::Resampler(double from, double to, int channels, Quality quality) : converter_(new Converter) {
    converter_->ratio = to / from;
    converter_->channels = static_cast<std::size_t>(channels);
    if (!(from > 0) || !src_is_valid_ratio(converter_->ratio) || channels < 1)
        throw std::invalid_argument("no conversion between these sample rates");
    int error = 0;
    converter_->state =
        src_new(quality == Quality::best ? SRC_SINC_BEST_QUALITY : SRC_SINC_MEDIUM_QUALITY, channels, &error);
    if (!converter_->state) throw std::bad_alloc();
}

Resampler::~Resampler() = default;

Resampler::Moved Resampler::process(std::span<const float> in, std::span<float> out, bool end) noexcept {
    SRC_DATA step{};
    static constexpr float nothing = 0;
    step.data_in = in.empty() ? &nothing : in.data();  // without a place it would not come to its end
    step.data_out = out.data();
    step.input_frames = static_cast<long>(in.size() / converter_->channels);
    step.output_frames = static_cast<long>(out.size() / converter_->channels);
    step.end_of_input = end;
    step.src_ratio = converter_->ratio;
    if (src_process(converter_->state, &step) != 0) return {};
    return {static_cast<std::size_t>(step.input_frames_used), static_cast<std::size_t>(step.output_frames_gen)};
}

void Resampler::reset() noexcept { src_reset(converter_->state); }

std::vector<float> resample(std::span<const float> samples, int channels, double from, double to,
                            Resampler::Quality quality) {
    if (from == to) return {samples.begin(), samples.end()};
    Resampler resampler(from, to, channels, quality);
    const auto width = static_cast<std::size_t>(channels);
    std::vector<float> result;
    result.reserve(static_cast<std::size_t>(static_cast<double>(samples.size()) * to / from) + width);
    std::vector<float> piece(4096 * width);
    while (true) {
        const auto [used, made] = resampler.process(samples, piece, true);
        if (!used && !made) return result;
        result.insert(result.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(made * width));
        samples = samples.subspan(used * width);
    }
}

}  // namespace legume::dsp
