// What the source's file cannot say is asked for, never guessed; what it did say is shown.
// SPDX-License-Identifier: MIT
#include "host/commands/models/import.h"

#include <cstdio>

#include "host/system/command.h"
#include "nodes/samplernn/checkpoint/import.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using namespace samplernn;

const Source& source_of(const std::string& word) {
    std::string names;
    for (const auto& source : sources()) {
        if (word == source.name) return source;
        names += (names.empty() ? "" : ", ") + std::string(source.name);
    }
    throw ModelError("--from " + word + " is none of " + names);
}

std::optional<Quantiser> quantiser_of(const std::string& word) {
    if (word.empty()) return {};
    if (word == "mu_law") return Quantiser::mu_law;
    if (word == "linear") return Quantiser::linear;
    throw ModelError("--quantiser " + word + " is neither mu_law nor linear");
}

void show(const ImportRequest& request, const Checkpoint& checkpoint) {
    const Config& c = checkpoint.config;
    std::string frames;
    double weights = 0;
    for (const auto& tier : c.tiers) frames += (frames.empty() ? "" : "/") + std::to_string(tier.frame);
    for (const auto& [name, tensor] : checkpoint.tensors) weights += static_cast<double>(tensor.values.size());
    std::printf("%s -> %s: dim %d, frames %s, %d x %s, %d levels %s, %g Hz, %.1f million weights\n",
                request.file.c_str(), request.out.c_str(), c.dim, frames.c_str(), c.tiers[0].layers,
                kind_of(c.tiers[0].cell).name, c.levels, c.quantiser == Quantiser::mu_law ? "mu-law" : "linear",
                c.sample_rate, weights / 1e6);
}

void run(const ImportRequest& request) {
    const Source& source = source_of(request.from);
    const auto quantiser = quantiser_of(request.quantiser);
    std::error_code error;
    if (!fs::exists(request.file, error))
        throw ModelError(request.file.string() + ": there is no such file; look at its name");
    if (request.file.extension() != ".safetensors")
        throw ModelError(request.file.string() +
                         ": it is no .safetensors file; the README has a converter for each source");
    if (!request.rate)
        throw ModelError(request.file.string() + ": it does not say its sample rate; add --rate HZ (" + source.name +
                         " trains at " + std::to_string(source.sample_rate) + " when nothing is said)");
    if (fs::equivalent(request.out, request.file, error))
        throw ModelError(request.out.string() + " cannot be written: it is the file that is read; choose another name");
    const auto checkpoint = import_checkpoint(request.file, source, *request.rate, quantiser);
    write_checkpoint(request.out, checkpoint, Storage::f32);
    show(request, checkpoint);
}

}  // namespace

int import_network(const ImportRequest& request) {
    return attempt([&] { run(request); });
}

}  // namespace legume
