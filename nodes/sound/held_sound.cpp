// The store holds them by file and rate for as long as somebody plays them.
// SPDX-License-Identifier: MIT
#include "nodes/sound/held_sound.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "nodes/dsp/resampler.h"

namespace legume {

std::shared_ptr<const Sound> hold_sound(Store& store, const std::filesystem::path& file) {
    return store.get<Sound>(file.lexically_normal().string(),
                            [&] { return std::make_shared<const Sound>(read_sound(file)); });
}

std::shared_ptr<const Sound> hold_sound(Store& store, const std::filesystem::path& file, double rate) {
    if (read_sound_header(file).rate == rate) return hold_sound(store, file);
    return store.get<Sound>(file.lexically_normal().string() + " at " + std::to_string(rate),
                            [&] { return std::make_shared<const Sound>(converted(read_sound(file), rate)); });
}

Sound converted(Sound sound, double rate) {
    if (sound.rate == rate) return sound;
    if (!(rate / sound.rate < 256 && sound.rate / rate < 256))
        throw SoundError("is too far from the patch's rate to be converted; export it at another one");
    sound.samples = dsp::resample(sound.samples, sound.channels, sound.rate, rate);
    if (sound.samples.empty()) throw SoundError("is too short to be converted to the patch's rate");
    sound.rate = rate;
    return sound;
}

const SoundHeader& HeaderOnce::of(const std::filesystem::path& file) const {
    if (!found_) {
        try {
            found_ = read_sound_header(file);
        } catch (const SoundError&) {
            found_ = SoundHeader{0, 1, 0};
        }
    }
    return *found_;
}

std::vector<std::filesystem::path> sounds_in(const std::filesystem::path& path) {
    namespace fs = std::filesystem;
    std::error_code failed;
    if (!fs::is_directory(path, failed))
        return fs::exists(path, failed) ? std::vector<fs::path>{path} : std::vector<fs::path>{};
    std::vector<fs::path> files;
    for (fs::directory_iterator it(path, failed), end; !failed && it != end; it.increment(failed))
        if (named_like_sound(it->path()) && it->path().stem().extension() != ".part")  // not what is being written
            files.push_back(it->path());
    std::sort(files.begin(), files.end());
    return files;
}

bool decodes_alike(const std::filesystem::path& file) {
    const auto extension = file.extension();
    return extension == ".wav" || extension == ".flac" || extension == ".aiff" || extension == ".aif";
}

}  // namespace legume
