// What a network is when nobody says more: three sizes, and the lineages of SampleRNN.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/samplernn/train/learning.h"

namespace legume::samplernn {

struct Preset {
    Config config;
    int window = 1024;  // samples
    Learning learning;
};

// The first is what is taken when nothing is said.
const std::vector<std::string>& preset_names();  // legume, unisound, original, deepsound, prism
const std::vector<std::string>& size_names();    // pocket, stage, piece

// Both throw ModelError for another name.
Preset preset(const std::string& name);
void set_size(Config& config, const std::string& name);  // its width and its tiers' frames

}  // namespace legume::samplernn
