// A take is made by the engine from the checkpoint as its file holds it, so that what is heard is what will play.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/timeline.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "nodes/samplernn/generator.h"
#include "nodes/samplernn/quantise.h"
#include "nodes/samplernn/take.h"
#include "nodes/sound_file.h"

namespace legume::samplernn {
namespace {

namespace fs = std::filesystem;

void write_take(const fs::path& file, const Checkpoint& checkpoint, const std::string& hash, std::uint64_t seed) {
    const Recipe recipe{hash, checkpoint.config.step, seed, 0, 1, checkpoint.config.precision()};
    Generator generator(std::make_shared<const Model>(checkpoint, recipe.precision), seed);
    std::vector<float> take(static_cast<std::size_t>(take_seconds * checkpoint.config.sample_rate));
    for (float& sample : take) sample = generator.next(1);
    SoundWriter out(file, checkpoint.config.sample_rate, 1, take_format(Levels(checkpoint.config)), print(recipe));
    out.write(take);
    out.finish();
}

}  // namespace

double checkpoint_share(int k, int n) {
    const double share = static_cast<double>(k) / n;
    return share * share * share;
}

void begin_timeline(const fs::path& run) {
    std::error_code failed;
    for (const char* folder : {"checkpoints", "takes"}) {
        fs::create_directories(run / folder, failed);
        if (failed) throw ModelError((run / folder).string() + ": cannot be made: " + failed.message());
    }
}

fs::path add_to_timeline(const TrainSettings& settings, const Checkpoint& checkpoint, const Checkpoint& stored,
                         std::uint64_t seed) {
    char name[32];
    std::snprintf(name, sizeof name, "%08lld", static_cast<long long>(checkpoint.config.step));
    const fs::path file = settings.run / "checkpoints" / (std::string(name) + ".safetensors");
    write_checkpoint(file, checkpoint, settings.storage);
    write_take(settings.run / "takes" / (std::string(name) + ".flac"), stored, checkpoint_hash(file), seed);
    return file;
}

}  // namespace legume::samplernn
