// 16 voices go in step; a take is written as it is drawn.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/takes/rendering.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "graph/base/denormals.h"
#include "graph/base/math.h"
#include "graph/node.h"
#include "nodes/samplernn/engine/generator.h"
#include "nodes/samplernn/takes/take.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;

// A take's file, open while its samples come.
class TakeWriter {
  public:
    TakeWriter(fs::path file, const Config& config, const Recipe& recipe) : file_(std::move(file)) {
        named([&] {
            out_ =
                std::make_unique<SoundWriter>(file_, config.sample_rate, 1, take_format(Levels(config)), print(recipe));
        });
    }
    void write(std::span<const float> samples) {
        named([&] { out_->write(samples); });
    }
    void finish() {
        named([&] { out_->finish(); });
    }

  private:
    template <class Action>
    void named(Action action) {
        try {
            action();
        } catch (const SoundError& error) {
            throw ModelError(file_.string() + " " + error.what());
        }
    }
    const fs::path file_;
    std::unique_ptr<SoundWriter> out_;
};

bool is_there(const fs::path& file, const Recipe& recipe, bool replace) {
    std::error_code none;
    if (!fs::exists(file, none)) return false;
    if (parse_recipe(read_sound_comment(file)) == recipe) return true;
    if (replace) return false;
    throw ModelError(file.string() +
                     " is there already and of another network; move it away, or choose another --seed");
}

// False: it was told to leave off.
bool draw(const std::shared_ptr<const Model>& model, const Rendering& rendering, std::span<const Voice> voices,
          const std::vector<std::unique_ptr<TakeWriter>>& files, const std::function<bool(double)>& rendered) {
    constexpr std::size_t piece = 1024;
    const NoDenormals no_denormals;
    Generator generator(model, rendering.seed, static_cast<int>(voices.size()), voices[0].number);
    std::vector<Sampling> chances;
    std::vector<float> samples(voices.size());
    for (const auto& voice : voices) chances.emplace_back(voice.temperature);
    std::vector<std::vector<float>> sound(voices.size());
    const auto length = static_cast<std::int64_t>(
        std::max(1.0, math::round_even(rendering.seconds * static_cast<double>(model->config.sample_rate))));
    for (std::int64_t n = 0; n < length; ++n) {
        generator.next(chances, samples);
        for (std::size_t v = 0; v < voices.size(); ++v) sound[v].push_back(samples[v]);
        if (sound[0].size() < piece && n + 1 < length) continue;
        for (std::size_t v = 0; v < voices.size(); ++v) {
            if (files[v]) files[v]->write(sound[v]);
            sound[v].clear();
        }
        if (!rendered(static_cast<double>(n + 1) / static_cast<double>(length))) return false;
    }
    for (const auto& file : files)
        if (file) file->finish();
    return true;
}

}  // namespace

fs::path take_file(const Rendering& rendering, std::int64_t step, const Voice& voice) {
    char text[128];
    std::snprintf(text, sizeof text, "%08lld-seed%llu-voice%02llu-t%s-%ss.flac", static_cast<long long>(step),
                  static_cast<unsigned long long>(rendering.seed), static_cast<unsigned long long>(voice.number),
                  print_number(static_cast<double>(voice.temperature)).c_str(),
                  print_number(rendering.seconds).c_str());
    return rendering.folder / text;
}

std::size_t render_takes(const fs::path& checkpoint, const Rendering& rendering, std::span<const Voice> voices,
                         const Rendered& rendered) {
    const auto hash = checkpoint_hash(checkpoint);
    const Config config = read_config(checkpoint);
    const auto precision = config.precision();
    std::shared_ptr<const Model> model;
    std::size_t there = 0;
    for (std::size_t at = 0; at < voices.size(); at += max_channels) {
        const auto some = voices.subspan(at, std::min<std::size_t>(max_channels, voices.size() - at));
        std::vector<std::unique_ptr<TakeWriter>> files(some.size());
        std::size_t missing = 0;
        for (std::size_t v = 0; v < some.size(); ++v) {
            const Recipe recipe{hash, config.step, rendering.seed, some[v].number, some[v].temperature, precision};
            const auto file = take_file(rendering, config.step, some[v]);
            if (is_there(file, recipe, rendering.replace)) continue;
            files[v] = std::make_unique<TakeWriter>(file, config, recipe);
            ++missing;
        }
        there += some.size() - missing;
        if (missing == 0) continue;
        if (!model) model = std::make_shared<const Model>(read_checkpoint(checkpoint), precision);
        if (!draw(model, rendering, some, files, [&](double part) { return rendered(at, some.size(), part); })) break;
    }
    return there;
}

}  // namespace legume::samplernn
