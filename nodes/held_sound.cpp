// The store holds them by file and rate for as long as somebody plays them.
// SPDX-License-Identifier: MIT
#include "nodes/held_sound.h"

#include <string>

#include "nodes/dsp/resampler.h"

namespace legume {

std::shared_ptr<const Sound> hold_sound(Store& store, const std::filesystem::path& file) {
    return store.get<Sound>(file.lexically_normal().string(),
                            [&] { return std::make_shared<const Sound>(read_sound(file)); });
}

std::shared_ptr<const Sound> hold_sound(Store& store, const std::filesystem::path& file, double rate) {
    if (read_sound_header(file).rate == rate) return hold_sound(store, file);
    return store.get<Sound>(file.lexically_normal().string() + " at " + std::to_string(rate), [&] {
        const Sound sound = read_sound(file);
        if (!(rate / sound.rate < 256 && sound.rate / rate < 256))
            throw SoundError("is too far from the patch's rate to be converted; export it at another one");
        auto converted = dsp::resample(sound.samples, sound.channels, sound.rate, rate);
        if (converted.empty()) throw SoundError("is too short to be converted to the patch's rate");
        return std::make_shared<const Sound>(Sound{rate, sound.channels, std::move(converted)});
    });
}

bool decodes_alike(const std::filesystem::path& file) {
    const auto extension = file.extension();
    return extension == ".wav" || extension == ".flac" || extension == ".aiff" || extension == ".aif";
}

}  // namespace legume
