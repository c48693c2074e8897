// Reads the takes beside a checkpoint and weaves them.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/play/takes.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "graph/base/math.h"
#include "nodes/dsp/resampler.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/takes/take.h"
#include "nodes/sound/sound_file.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;

constexpr double seam_seconds = 0.05;

fs::path takes_folder(const fs::path& checkpoint) {
    const auto beside = checkpoint.parent_path() / "takes";
    const auto of_run = checkpoint.parent_path().parent_path() / "takes";
    std::error_code none;
    if (fs::is_directory(beside, none)) return beside;
    if (checkpoint.parent_path().filename() == "checkpoints" && fs::is_directory(of_run, none)) return of_run;
    throw ModelError(checkpoint.string() + " has no takes: there is no folder " + beside.string() +
                     "; training makes one beside its checkpoints, or choose when_slow: slow");
}

std::vector<fs::path> newest_first(const fs::path& folder) {
    auto files = find_takes(folder);
    if (files.empty()) throw ModelError(folder.string() + " holds no take (*.flac); choose when_slow: slow");
    std::reverse(files.begin(), files.end());
    return files;
}

std::vector<float> mono(const fs::path& file, double rate) {
    try {
        const Sound sound = read_sound(file);
        std::vector<float> sum(sound.frames());
        const auto width = static_cast<std::size_t>(sound.channels);
        for (std::size_t i = 0; i < sound.samples.size(); ++i)
            sum[i / width] += sound.samples[i] / static_cast<float>(sound.channels);
        return dsp::resample(sum, 1, sound.rate, rate, dsp::Resampler::Quality::medium);
    } catch (const SoundError& error) {
        throw ModelError(file.string() + " " + error.what());
    }
}

}  // namespace

Takes read_takes(const fs::path& checkpoint, double rate) {
    std::vector<std::vector<float>> takes;
    std::size_t frames = 0;
    for (const auto& file : newest_first(takes_folder(checkpoint))) {
        takes.push_back(mono(file, rate));
        if (takes.back().empty())
            takes.pop_back();
        else
            frames += takes.back().size();
        if (static_cast<double>(frames) > most_take_seconds * rate) break;
    }
    if (takes.empty()) throw ModelError(takes_folder(checkpoint).string() + " holds only takes without sound");

    const auto seam_after = [&](std::size_t t) {
        const auto shorter = std::min(takes[t].size(), takes[(t + 1) % takes.size()].size());
        return std::min(static_cast<std::size_t>(seam_seconds * rate), shorter / 2);
    };
    Takes woven;
    std::size_t length = 0;
    for (std::size_t t = 0; t < takes.size(); ++t) {
        woven.starts.push_back(length);
        length += takes[t].size() - seam_after(t);
    }
    woven.loop.assign(length, 0.0f);
    // Equal power: two takes are unrelated, and so is one take's end to its beginning.
    const auto rise = [](std::size_t at, std::size_t seam) {
        return static_cast<float>(math::sin_turns(0.25 * (static_cast<double>(at) + 0.5) / static_cast<double>(seam)));
    };
    for (std::size_t t = 0; t < takes.size(); ++t) {
        const auto& take = takes[t];
        const std::size_t in = seam_after((t + takes.size() - 1) % takes.size()), out = seam_after(t);
        for (std::size_t i = 0; i < take.size(); ++i) {
            const std::size_t left = take.size() - 1 - i;
            const float level = (i < in ? rise(i, in) : 1) * (left < out ? rise(left, out) : 1);
            woven.loop[(woven.starts[t] + i) % length] += take[i] * level;
        }
    }
    return woven;
}

std::vector<fs::path> takes_beside(const fs::path& checkpoint) {
    std::vector<fs::path> read;
    double seconds = 0;
    try {
        for (auto& file : newest_first(takes_folder(checkpoint))) {
            const auto header = read_sound_header(file);
            read.push_back(std::move(file));
            if ((seconds += static_cast<double>(header.frames) / header.rate) > most_take_seconds + 1) break;
        }
    } catch (const std::runtime_error&) {  // no takes, or what is no sound: `read_takes` says so
    }
    return read;
}

}  // namespace legume::samplernn
