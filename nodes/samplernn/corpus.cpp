// Sound files to levels: mono, one rate, no DC. Never normalised by pieces, which would make silence move.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/corpus.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "graph/math.h"
#include "nodes/dsp/resampler.h"
#include "nodes/samplernn/quantise.h"
#include "nodes/sound_file.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;

// In a folder other things lie beside the sounds (cards, patches), so the name decides there.
bool named_like_sound(const fs::path& file) {
    static constexpr std::array<std::string_view, 13> endings{
        ".wav", ".flac", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".aifc", ".mp3", ".caf", ".w64", ".au", ".rf64"};
    std::string ending = file.extension().string();
    for (char& c : ending)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

std::string seconds_text(std::size_t samples, double rate) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f s", static_cast<double>(samples) / rate);
    return text;
}

}  // namespace

CorpusMaker::CorpusMaker(const Config& config, double held_out, std::function<void(std::string)> tell)
    : config_(config), held_out_(held_out), tell_(std::move(tell)) {}

void CorpusMaker::add(const fs::path& file_or_folder) {
    std::error_code failed;
    if (!fs::is_directory(file_or_folder, failed)) return add_file(file_or_folder);
    std::vector<fs::path> files;
    for (fs::recursive_directory_iterator it(file_or_folder, fs::directory_options::skip_permission_denied, failed),
         end;
         !failed && it != end; it.increment(failed))
        if (it->is_regular_file(failed) && named_like_sound(it->path())) files.push_back(it->path());
    if (failed) throw CorpusError(file_or_folder.string() + ": cannot be read: " + failed.message());
    std::sort(files.begin(), files.end());
    if (files.empty()) tell_(file_or_folder.string() + " holds no sound file");
    for (const auto& file : files) add_file(file);
}

void CorpusMaker::add_file(const fs::path& file) {
    ++tried_;
    try {
        const Sound sound = read_sound(file);
        const auto channels = static_cast<std::size_t>(sound.channels);
        std::vector<float> mono(sound.frames());
        for (std::size_t i = 0; i < mono.size(); ++i) {
            double sum = 0;
            for (std::size_t c = 0; c < channels; ++c) sum += sound.samples[i * channels + c];
            mono[i] = static_cast<float>(sum / sound.channels);
        }
        add_mono(file.string(), std::move(mono), sound.rate);
    } catch (const SoundError& error) {
        tell_(file.string() + " " + error.what() + "; it is left out");
    }
}

void CorpusMaker::add(const Heard& heard) {
    ++tried_;
    add_mono("what is wired in", heard.samples, heard.rate);
}

void CorpusMaker::add_mono(std::string name, std::vector<float> mono, double rate) {
    double mean = 0;
    for (const float x : mono) mean += x;
    mean /= static_cast<double>(std::max<std::size_t>(mono.size(), 1));
    for (float& x : mono) x -= static_cast<float>(mean);
    const auto resampled = dsp::resample(mono, 1, rate, config_.sample_rate);
    const Levels quantise(config_);
    Passage passage{std::move(name), {}, 0};
    passage.levels.reserve(resampled.size());
    for (const float x : resampled) passage.levels.push_back(static_cast<std::uint16_t>(quantise.level(x)));
    passage.learn =
        passage.levels.size() - static_cast<std::size_t>(static_cast<double>(passage.levels.size()) * held_out_);
    passages_.push_back(std::move(passage));
}

Corpus CorpusMaker::finish(int window) {
    if (tried_ == 0)
        throw CorpusError("there is no sound to learn from; give the train node files or wire sound into it");
    const auto need = static_cast<std::size_t>(window);
    Corpus corpus;
    bool held_out = held_out_ == 0;
    std::size_t longest = 0;
    for (auto& passage : passages_) {
        longest = std::max(longest, passage.levels.size());
        if (passage.learn < need) {
            tell_(passage.name + " is left out: " + seconds_text(passage.learn, config_.sample_rate) +
                  " to learn from is less than a window, " + seconds_text(need, config_.sample_rate));
            continue;
        }
        held_out = held_out || passage.levels.size() - passage.learn >= need;
        corpus.passages.push_back(std::move(passage));
    }
    passages_.clear();
    if (corpus.passages.empty())
        throw CorpusError("no sound is long enough to learn from: the longest has " +
                          seconds_text(longest, config_.sample_rate) + " and a window is " +
                          seconds_text(need, config_.sample_rate) + "; give more sound or a smaller window");
    if (!held_out)
        throw CorpusError("the sound is too short to hold a part out: it needs a window, " +
                          seconds_text(need, config_.sample_rate) +
                          "; give more sound, a larger held_out, or held_out: 0");

    std::vector<double> counts(static_cast<std::size_t>(config_.levels));
    std::size_t total = 0;
    std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
    auto eat = [&hash](std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) hash = (hash ^ ((value >> (8 * i)) & 0xff)) * 0x100000001b3u;
    };
    for (const auto& passage : corpus.passages) {
        eat(passage.levels.size(), 8);
        eat(passage.learn, 8);
        for (const auto level : passage.levels) {
            eat(level, 2);
            ++counts[level];
        }
        total += passage.levels.size();
    }
    for (const double n : counts)
        if (n > 0) corpus.entropy_bits -= n / static_cast<double>(total) * math::log2(n / static_cast<double>(total));
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    corpus.hash = digits;
    corpus.seconds = static_cast<double>(total) / config_.sample_rate;
    return corpus;
}

}  // namespace legume::samplernn
