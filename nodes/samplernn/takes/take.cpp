// Recipes to text and back, and takes back to levels.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/take.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <system_error>

#include "graph/base/math.h"
#include "nodes/files/sha256.h"
#include "nodes/samplernn/engine/speed.h"

namespace legume::samplernn {
namespace {

constexpr std::string_view head = "legume take 1 ";

template <class T>
std::string shortest(T value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

// The value behind "NAME=", up to the next space; empty when there is none.
std::string_view field(std::string_view text, const std::string& name) {
    const auto at = text.find(" " + name + "=");
    if (at == text.npos) return {};
    text.remove_prefix(at + name.size() + 2);
    return text.substr(0, text.find(' '));
}

template <class T>
bool read(std::string_view text, T& into) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, into);
    return !text.empty() && read.ec == std::errc() && read.ptr == end;
}

bool read(std::string_view text, Precision& into) {
    for (const auto precision : {Precision::fp32, Precision::int8, Precision::int4})
        if (text == precision_name(precision)) {
            into = precision;
            return true;
        }
    return false;
}

// Files round, and a level's own amplitude may lie at the edge of its step.
int nearest_level(const Levels& levels, float sample) {
    const int about = levels.level(sample);
    const auto distance = [&](int level) {
        const float d = levels.amplitude(level) - sample;
        return d < 0 ? -d : d;
    };
    int best = about;
    for (const int other : {about - 1, about + 1})
        if (other >= 0 && other < levels.count() && distance(other) < distance(best)) best = other;
    return best;
}

}  // namespace

std::string print(const Recipe& r) {
    return std::string(head) + "checkpoint=" + r.checkpoint + " step=" + shortest(r.step) +
           " seed=" + shortest(r.seed) + " voice=" + shortest(r.voice) + " temperature=" + shortest(r.temperature) +
           " precision=" + precision_name(r.precision);
}

std::optional<Recipe> parse_recipe(std::string_view text) {
    Recipe r;
    if (text.substr(0, head.size()) != head) return std::nullopt;
    r.checkpoint = field(text, "checkpoint");
    const bool sound = r.checkpoint.size() == 64 && read(field(text, "step"), r.step) &&
                       read(field(text, "seed"), r.seed) && read(field(text, "voice"), r.voice) &&
                       read(field(text, "temperature"), r.temperature) && r.temperature >= 0 && r.temperature <= 1e6f &&
                       read(field(text, "precision"), r.precision);
    return sound ? std::optional(r) : std::nullopt;
}

std::string checkpoint_hash(const std::filesystem::path& file) {
    auto sum = sha256_of_file(file);
    if (!sum) throw ModelError(file.string() + ": cannot be read");
    return *std::move(sum);
}

SoundFormat take_format(const Levels& levels) {
    for (int level = 0; level < levels.count(); ++level) {
        const double whole = math::round_even(static_cast<double>(levels.amplitude(level)) * 0x7fff);  // libsndfile's
        if (nearest_level(levels, static_cast<float>(whole / 0x8000)) != level) return SoundFormat::flac_24;
    }
    return SoundFormat::flac_16;
}

std::optional<std::int64_t> step_in_name(const std::filesystem::path& file) {
    const auto name = file.stem().string();
    std::int64_t step = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), step);
    return read.ec == std::errc() ? std::optional(step) : std::nullopt;
}

std::vector<std::filesystem::path> find_takes(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code failed;
    for (std::filesystem::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed))
        if (it->path().extension() == ".flac" && it->path().stem().extension() != ".part")  // being written
            files.push_back(it->path());
    std::sort(files.begin(), files.end());
    return files;
}

Take read_take(const std::filesystem::path& file, const Config& config, const std::string& hash) {
    const auto fail = [&](const std::string& what) { throw ModelError(file.string() + " " + what); };
    Take take;
    try {
        const Sound sound = read_sound(file);
        const auto recipe = parse_recipe(read_sound_comment(file));
        if (!recipe) fail("carries no recipe of a take; `legume takes` writes takes that do");
        take.recipe = *recipe;
        if (take.recipe.checkpoint != hash)
            fail("is a take of another network, that of step " + std::to_string(take.recipe.step) +
                 " whose file has the SHA-256 " + take.recipe.checkpoint.substr(0, 12) + "..., and this one's has " +
                 hash.substr(0, 12) + "...; set model to the checkpoint that it was made with");
        if (sound.channels != 1 || sound.rate != config.sample_rate)
            fail("is no longer as it was made: its rate or channels are not the network's; make the take again");
        const Levels levels(config);
        for (const float sample : sound.samples) take.levels.push_back(nearest_level(levels, sample));
    } catch (const SoundError& error) {
        fail(error.what());
    }
    return take;
}

}  // namespace legume::samplernn
