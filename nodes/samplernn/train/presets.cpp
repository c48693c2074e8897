// The lineages, from their public sources and papers: Unisound's code of 2019, Mehri's, deepsound's, PRiSM's.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/train/presets.h"

#include <algorithm>

namespace legume::samplernn {
namespace {

void set_frames(Config& config, std::vector<int> frames) {
    const Tier tier = config.tiers[0];
    config.tiers.clear();
    for (const int frame : frames) config.tiers.push_back({frame, tier.cell, tier.layers});
}

}  // namespace

const std::vector<std::string>& preset_names() {
    static const std::vector<std::string> names{"legume", "unisound", "original", "deepsound", "prism"};
    return names;
}

const std::vector<std::string>& size_names() {
    static const std::vector<std::string> names{"pocket", "stage", "piece"};
    return names;
}

Preset preset(const std::string& name) {
    Preset made;
    Config& c = made.config;
    if (name == "legume") return made;
    c.dim = 1024;
    if (name == "unisound" || name == "original") {
        set_frames(c, {2, 8});
        made.window = 512;
        c.top_projection = false;
        c.reset_after = false;
    }
    if (name == "unisound") {
        c.frame_scale = FrameScale::unisound;
        c.biases = false;
        c.learned_h0 = false;
    } else if (name == "original") {
        c.quantiser = Quantiser::linear;
        made.learning.weight_norm = true;
    } else if (name == "deepsound") {
        set_frames(c, {16, 64});
        c.quantiser = Quantiser::linear;
        c.relu_after_sum = true;
        made.learning.weight_norm = true;
        c.hidden = 1;
    } else if (name == "prism") {
        set_frames(c, {16, 64});
        for (auto& tier : c.tiers) tier.layers = 4;
        c.learned_h0 = false;
    } else {
        throw ModelError("there is no preset \"" + name + "\"");
    }
    return made;
}

void set_size(Config& config, const std::string& name) {
    const auto& names = size_names();
    const auto at = std::find(names.begin(), names.end(), name) - names.begin();
    if (at == static_cast<std::ptrdiff_t>(names.size())) throw ModelError("there is no size \"" + name + "\"");
    config.dim = 256 << at;
    set_frames(config, at == 2 ? std::vector<int>{2, 8} : std::vector<int>{4, 16});
}

}  // namespace legume::samplernn
