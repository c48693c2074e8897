// Random weights with the names and axes of the networks that `legume import` reads, for the tests of it.
// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "nodes/dsp/random.h"
#include "nodes/samplernn/checkpoint/import.h"
#include "nodes/samplernn/checkpoint/safetensors.h"
#include "nodes/samplernn/checkpoint/stored.h"

namespace legume::samplernn {

struct Foreigner {
    Tensors tensors;

    void add(const std::string& name, const Shape& shape) {
        Tensor tensor{shape, {}};
        const auto all = static_cast<double>(count(shape)), first = static_cast<double>(shape[0]);
        const double spread = shape.size() == 1 ? 0.3 : 2.2 * std::sqrt(3 / (first + all / first));
        const std::uint64_t stream = tensors.size();
        for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(all); ++i)
            tensor.values.push_back(static_cast<float>(spread * (2 * dsp::random_uniform(3, stream, i) - 1)));
        tensors[name] = std::move(tensor);
    }
    void write(const std::filesystem::path& file) const {
        std::vector<Piece> pieces;
        for (const auto& [name, tensor] : tensors) {
            pieces.push_back({name, Dtype::f32, tensor.shape, ""});
            if (!tensor.values.empty()) pieces.back() = encode(name, tensor, Storage::f32)[0];
        }
        write_safetensors(file, {}, std::move(pieces));
    }
};

inline const Source& source(const std::string& name) {
    for (const auto& known : sources()) {
        if (known.name == name) return known;
    }
    throw ModelError("there is no source " + name);
}

// Frames 2/8, one cell with a name of its own or several in a MultiRNNCell.
struct UnisoundShape {
    static constexpr int frame = 2, big = 8, dim = 20, levels = 32, embedding = 6;
    int layers = 1;
    bool lstm = false;
    std::string cell(const std::string& scope, int k) const {
        const std::string multi = layers > 1 ? "multi_rnn_cell/cell_" + std::to_string(k) + "/" : "";
        return scope + multi + (lstm ? "basic_lstm_cell/" : "gru_cell/");
    }
};
inline const std::string unisound_scopes[] = {"Frame_layer/FRAME_RNN/", "BigFrame_layer/BIG_FRAME_RNN/"};

inline Foreigner unisound_weights(const UnisoundShape& s) {
    Foreigner w;
    w.add("BigFrame_layer/big_frame_proj_weights", {s.dim, s.dim * s.big / s.frame});
    w.add("Frame_layer/frame_proj_weights", {s.dim, s.dim * s.frame});
    w.add("Frame_layer/frame_cell_proj_weights", {s.frame, s.dim});
    for (const auto& scope : unisound_scopes) {
        for (int k = 0; k < s.layers; ++k) {
            const std::int64_t rows = s.dim + (k == 0 && scope == unisound_scopes[1] ? s.big : s.dim);
            const std::string cell = s.cell(scope, k);
            if (s.lstm) {
                w.add(cell + "kernel", {rows, 4 * s.dim});
                w.add(cell + "bias", {4 * s.dim});
                continue;
            }
            w.add(cell + "gates/kernel", {rows, 2 * s.dim});
            w.add(cell + "gates/bias", {2 * s.dim});
            w.add(cell + "candidate/kernel", {rows, s.dim});
            w.add(cell + "candidate/bias", {s.dim});
        }
    }
    w.add("Sample_layer/embedding", {s.levels, s.embedding});
    w.add("Sample_layer/sample_filter", {2 * s.embedding, 1, s.dim});
    w.add("Sample_layer/sample_mlp1", {s.dim, s.dim});
    w.add("Sample_layer/sample_mlp2", {s.dim, s.dim});
    w.add("Sample_layer/sample_mlp3", {s.dim, s.levels});
    return w;
}

struct PrismShape {
    static constexpr int frame = 4, big = 12, dim = 20, levels = 32;
    int layers = 1;
    bool lstm = false, first_version = false;  // its upsampling is a variable, without a bias
};
inline const std::string prism_tiers[] = {"frame_rnn/", "big_frame_rnn/"};

inline Foreigner prism_weights(const PrismShape& s) {
    Foreigner w;
    for (const auto& tier : prism_tiers) {
        const bool top = tier == prism_tiers[1];
        w.add(tier + "inputs/kernel", {top ? s.big : s.frame, s.dim});
        w.add(tier + "inputs/bias", {s.dim});
        for (int k = 0; k < s.layers; ++k) {
            const std::string cell = tier + "rnn/layer_" + std::to_string(k) + "/cell/";
            const std::int64_t all = (s.lstm ? 4 : 3) * s.dim;
            w.add(cell + "kernel", {s.dim, all});
            w.add(cell + "recurrent_kernel", {s.dim, all});
            w.add(cell + "bias", s.lstm ? Shape{all} : Shape{2, all});
        }
        const Shape up{top ? s.big / s.frame : s.frame, s.dim, s.dim};
        w.add(tier + (s.first_version ? "upsample" : "upsample/kernel"), up);
        if (!s.first_version) w.add(tier + "upsample/bias", {s.dim});
    }
    w.add("sample_mlp/embedding/embeddings", {s.levels, s.levels});
    w.add("sample_mlp/inputs/kernel", {s.frame, s.levels, s.dim});
    for (const char* hidden : {"hidden1", "hidden2"}) {
        w.add(std::string("sample_mlp/") + hidden + "/kernel", {s.dim, s.dim});
        w.add(std::string("sample_mlp/") + hidden + "/bias", {s.dim});
    }
    w.add("sample_mlp/outputs/kernel", {s.dim, s.levels});
    w.add("sample_mlp/outputs/bias", {s.levels});
    return w;
}

struct DeepsoundShape {
    static constexpr int dim = 20, levels = 32;
    std::vector<int> frames{4, 3};  // each in steps of the tier below, as its --frame_sizes
    int layers = 1;
    bool weight_norm = true;
};
inline std::string deepsound_tier(std::size_t i) { return "model.frame_level_rnns." + std::to_string(i) + "."; }

inline Foreigner deepsound_weights(const DeepsoundShape& s) {
    Foreigner w;
    const auto weight = [&](const std::string& name, const Shape& shape) {
        if (!s.weight_norm) return w.add(name + "weight", shape);
        w.add(name + "weight_v", shape);
        w.add(name + "weight_g", {shape[0], 1, 1});
        for (float& length : w.tensors[name + "weight_g"].values) length = 1.0f + 0.3f * length;
    };
    int samples = 1;
    for (std::size_t i = 0; i < s.frames.size(); ++i) {
        const std::string tier = deepsound_tier(i);
        samples *= s.frames[i];
        w.add(tier + "h0", {s.layers, s.dim});
        for (float& h : w.tensors[tier + "h0"].values) h *= 0.5f;
        weight(tier + "input_expand.", {s.dim, samples, 1});
        w.add(tier + "input_expand.bias", {s.dim});
        for (int k = 0; k < s.layers; ++k) {
            const std::string end = "_l" + std::to_string(k);
            for (const char* side : {"ih", "hh"}) {
                w.add(tier + "rnn.weight_" + side + end, {3 * s.dim, s.dim});
                w.add(tier + "rnn.bias_" + side + end, {3 * s.dim});
            }
        }
        weight(tier + "upsampling.conv_t.", {s.dim, s.dim, s.frames[i]});
        w.add(tier + "upsampling.bias", {s.dim, s.frames[i]});
    }
    const std::string mlp = "model.sample_level_mlp.";
    w.add(mlp + "embedding.weight", {s.levels, s.levels});
    weight(mlp + "input.", {s.dim, s.levels, s.frames[0]});
    weight(mlp + "hidden.", {s.dim, s.dim, 1});
    w.add(mlp + "hidden.bias", {s.dim});
    weight(mlp + "output.", {s.levels, s.dim, 1});
    w.add(mlp + "output.bias", {s.levels});
    return w;
}

}  // namespace legume::samplernn
