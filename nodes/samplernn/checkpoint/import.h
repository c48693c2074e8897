// Networks that other SampleRNNs trained, as legume plays them: their names, axes, gate orders and weight norm undone.
// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <span>

#include "nodes/samplernn/checkpoint/checkpoint.h"

namespace legume::samplernn {

class Foreign;  // the file, while it is taken apart

struct Source {
    const char* name;
    Quantiser quantiser;  // the one that it has, or starts with
    int sample_rate;      // Hz, where it trains when nothing is said
    void (*read)(Foreign& from, Checkpoint& to);
};
// unisound   github.com/Unisound/SampleRNN, TensorFlow 1
// prism      github.com/rncm-prism/prism-samplernn, TensorFlow 2
// deepsound  github.com/deepsound-project/samplernn-pytorch
std::span<const Source> sources();

// From a safetensors file with that source's weights under its own names, as F32 or F16, and nothing else; frames,
// layers, cells and sizes follow from the shapes. Throws ModelError with the file's name, and that of the tensor which
// is missing, of another shape, or left over.
Checkpoint import_checkpoint(const std::filesystem::path& file, const Source& source, double sample_rate,
                             std::optional<Quantiser> quantiser = {});

}  // namespace legume::samplernn
