// What is measured is the network as the file will give it back, so that the file says of itself what is true.
// SPDX-License-Identifier: MIT
#include "host/commands/models/compress.h"

#include <cstdio>
#include <memory>
#include <utility>

#include "host/system/command.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/checkpoint/prune.h"
#include "nodes/samplernn/train/corpus.h"
#include "nodes/samplernn/train/likelihood.h"
#include "nodes/samplernn/train/train.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using namespace samplernn;

constexpr double most_seconds = 60;  // of held-out sound

Storage storage_of(const std::string& word) {
    if (word == "f32") return Storage::f32;
    if (word == "f16") return Storage::f16;
    if (word == "int8") return Storage::int8;
    throw CommandError("--store " + word + " is none of f32, f16, int8");
}

// Said before anything is read or measured for minutes.
void check_paths(const CompressRequest& request, const fs::path& model) {
    std::error_code error;
    if (request.out.empty() && request.measure.empty())
        throw CommandError("there is nothing to do; add -o FILE to write, or --measure SOUND_OR_FOLDER to measure");
    if (!request.measure.empty() && !fs::exists(request.measure, error))
        throw CommandError(request.measure.string() + ": there is no such file or folder; look at its name");
    if (request.out.empty()) return;
    const std::string cannot = request.out.string() + " cannot be written: ";
    const auto folder = request.out.has_parent_path() ? request.out.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, error)) throw CommandError(cannot + "there is no folder " + folder.string());
    if (fs::is_directory(request.out, error)) throw CommandError(cannot + "it is a folder; name a file in it");
    if (fs::equivalent(request.out, model, error))
        throw CommandError(cannot + "it is the network that is read; choose another name");
}

std::string megabytes(std::uintmax_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f MB", static_cast<double>(bytes) / 1e6);
    return text;
}

void say_blocks(const Checkpoint& checkpoint) {
    BlockCount sum;
    for (const auto& [name, tensor] : checkpoint.tensors) {
        if (!tensor.pruned) continue;
        const auto here = count_blocks(tensor);
        sum.all += here.all;
        sum.zero += here.zero;
    }
    if (sum.all > 0)
        std::printf("%zu of %zu blocks of 16 x 4 weights are zero, %.1f %%\n", sum.zero, sum.all,
                    100 * static_cast<double>(sum.zero) / static_cast<double>(sum.all));
}

// The sound as the trainer splits it when nothing else is asked of it.
Corpus corpus_of(const fs::path& sound, const Config& config) {
    const TrainSettings usual;
    CorpusMaker maker(config, usual.held_out,
                      [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
    try {
        maker.add(sound);
        return maker.finish(usual.window);
    } catch (const CorpusError& error) {
        throw CommandError(sound.string() + ": there is no sound to measure with: " + error.what());
    }
}

double measure(const Checkpoint& checkpoint, Precision precision, const Corpus& corpus, std::size_t at_most) {
    const auto model = std::make_shared<const Model>(checkpoint, precision);
    const char* word = precision == Precision::int8 ? "int8" : "fp32";
    Progress progress;
    const auto result = held_out_nll(model, corpus, at_most, [&](double share) {
        char line[64];
        std::snprintf(line, sizeof line, "measuring %s, %.0f %%", word, 100 * share);
        progress.show(line, share);
    });
    progress.finish();
    return result.bits;
}

void measure(Checkpoint& checkpoint, const fs::path& sound) {
    Config& config = checkpoint.config;
    const auto corpus = corpus_of(sound, config);
    const auto at_most = static_cast<std::size_t>(most_seconds * config.sample_rate);
    std::size_t there = 0, used = 0;
    for (const auto& passage : corpus.passages) there += passage.levels.size() - passage.learn;
    for (const auto& part : held_out(corpus, at_most)) used += part.size();
    std::printf("measured on %.1f s of the %.1f s that are held out of %s\n",
                static_cast<double>(used) / config.sample_rate, static_cast<double>(there) / config.sample_rate,
                sound.c_str());
    if (corpus.hash != config.corpus_hash)
        std::printf("this is not the sound that it learned from, or not split as then\n");
    const double fp32 = measure(checkpoint, Precision::fp32, corpus, at_most);
    const double int8 = measure(checkpoint, Precision::int8, corpus, at_most);
    config.int8_cost = int8 - fp32;
    std::printf("fp32 %.4f bits a sample, int8 %.4f: int8 costs %.4f, and may cost %.4g\n", fp32, int8,
                *config.int8_cost, int8_may_cost);
}

// What goes into the file. Measured is what will come back from it.
Checkpoint rework(Checkpoint checkpoint, const CompressRequest& request, Storage storage) {
    if (request.prune) {
        checkpoint = prune(std::move(checkpoint), *request.prune);
        std::printf(
            "pruning a trained network at one stroke costs it much of what it knows; it is for tests and "
            "benchmarks\n");
    }
    auto stored = as_stored(checkpoint, storage);
    say_blocks(stored);
    if (!request.measure.empty()) measure(stored, request.measure);
    checkpoint.config = stored.config;
    const bool int8 = checkpoint.config.precision() == Precision::int8;
    std::printf("precision: auto will play it in %s%s\n", int8 ? "int8" : "fp32",
                checkpoint.config.int8_cost ? "" : ": what int8 costs was never measured, --measure does");
    return checkpoint;
}

void run(const CompressRequest& request) {
    const auto storage = storage_of(request.store);
    const auto model = find_checkpoint(request.model);
    check_paths(request, model);
    auto checkpoint = read_checkpoint(model);
    try {
        checkpoint = rework(std::move(checkpoint), request, storage);
    } catch (const ModelError& error) {
        throw CommandError(model.string() + ": " + error.what());
    }
    if (request.out.empty()) return;
    write_checkpoint(request.out, checkpoint, storage);
    std::printf("%s, %s -> %s, %s as %s\n", model.c_str(), megabytes(fs::file_size(model)).c_str(), request.out.c_str(),
                megabytes(fs::file_size(request.out)).c_str(), request.store.c_str());
}

}  // namespace

int compress(const CompressRequest& request) {
    return attempt([&] { run(request); });
}

}  // namespace legume
