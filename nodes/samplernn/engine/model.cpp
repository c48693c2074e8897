// Folds a checkpoint's tensors once, in double, when a network is loaded.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/engine/model.h"

#include <algorithm>
#include <string>
#include <utility>

namespace legume::samplernn {
namespace {

void check(const Checkpoint& checkpoint) {
    checkpoint.config.validate();
    for (const auto& [name, shape] : expected_shapes(checkpoint.config)) {
        const auto it = checkpoint.tensors.find(name);
        if (it == checkpoint.tensors.end()) throw ModelError("tensor \"" + name + "\" is missing");
        if (it->second.shape != shape || it->second.values.size() != static_cast<std::size_t>(count(shape))) {
            throw ModelError("tensor \"" + name + "\" has another shape than its config asks for");
        }
    }
}

Dense operator+(Dense a, const Dense& b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
    return a;
}

Dense transpose(const Dense& a) {
    Dense t(a.cols, a.rows);
    for (int r = 0; r < a.rows; ++r) {
        for (int c = 0; c < a.cols; ++c) t.row(c)[r] = a.row(r)[c];
    }
    return t;
}

// One tap of the convolution as [E, D], to be multiplied from the embedding's right.
Dense tap_of(const std::vector<float>& conv, int dim, int embedding, int taps, int tap) {
    Dense t(embedding, dim);
    for (int d = 0; d < dim; ++d) {
        for (int e = 0; e < embedding; ++e)
            t.row(e)[d] = conv[(index(d) * index(embedding) + index(e)) * index(taps) + index(tap)];
    }
    return t;
}

}  // namespace

Model::Model(const Checkpoint& checkpoint, Precision as, const Kernels& with)
    : config(checkpoint.config), precision(as), kernels(with), levels(checkpoint.config) {
    check(checkpoint);
    for (std::size_t i = 0; i < config.tiers.size(); ++i) fold_tier(checkpoint.tensors, i);
    fold_sample_tier(checkpoint.tensors);
}

void Model::fold_tier(const Tensors& tensors, std::size_t i) {
    const TensorReader source(tensors);
    const Tier& tier = config.tiers[i];
    const std::string name = "tier." + std::to_string(i) + ".";
    const int dim = config.dim, rows = kind_of(tier.cell).gates * dim;
    TierWeights weights;
    weights.frame = tier.frame;
    for (int k = 0; k < tier.layers; ++k) weights.layers.push_back(load_layer(source, config, i, k, precision));

    const bool top = i + 1 == config.tiers.size();
    Dense bias = source.column(name + "cell.0.b_ih", rows);
    if (top && !config.top_projection) {
        weights.input = Matrix(source.matrix(name + "cell.0.w_ih", rows, tier.frame));
        weights.conditioning.push_back({{}, {{}, pack(bias)}});
        tiers_.push_back(std::move(weights));
        return;
    }
    const Dense w_ih = source.matrix(name + "cell.0.w_ih", rows, dim);
    weights.input = Matrix(multiply(kernels, w_ih, source.matrix(name + "input.weight", dim, tier.frame)));
    bias = bias + multiply(kernels, w_ih, source.column(name + "input.bias", dim));
    if (top) weights.conditioning.push_back({{}, {{}, pack(bias)}});
    const std::string above = "tier." + std::to_string(i + 1) + ".up.";
    const bool pruned_above = source.pruned(above + "weight"), pruned = source.pruned(name + "cell.0.w_ih");
    for (int r = 0; !top && r < config.tiers[i + 1].frame / tier.frame; ++r) {
        const Dense up = source.matrix(above + "weight", dim, dim, r * dim);
        const Dense up_bias = source.column(above + "bias", dim, r * dim);
        if (pruned_above || pruned) {
            weights.conditioning.push_back(
                {{Matrix(up, precision, pruned_above), pack(up_bias)}, {Matrix(w_ih, precision, pruned), pack(bias)}});
        } else {
            weights.conditioning.push_back(
                {{}, {Matrix(multiply(kernels, w_ih, up), precision), pack(bias + multiply(kernels, w_ih, up_bias))}});
        }
    }
    tiers_.push_back(std::move(weights));
}

void Model::fold_sample_tier(const Tensors& tensors) {
    const TensorReader source(tensors);
    const Precision fine = without_int4(precision);
    const int dim = config.dim, taps = config.tiers[0].frame;
    const auto hidden = [](int i) { return "sample.hidden." + std::to_string(i) + "."; };
    const bool pruned = source.pruned("tier.0.up.weight");
    // The first hidden layer vanishes when nothing stands between it and the sum.
    const bool fold = !config.relu_after_sum && config.hidden > 0 && !pruned && !source.pruned(hidden(0) + "weight");
    const Dense first = fold ? source.matrix(hidden(0) + "weight", dim, dim) : Dense();
    const Dense first_transposed = transpose(first);
    relu_sum_ = config.relu_after_sum || fold;

    const Dense conv_bias = source.column("sample.conv_bias", dim);
    for (int r = 0; r < taps; ++r) {
        Dense weight = source.matrix("tier.0.up.weight", dim, dim, r * dim);
        Dense bias = source.column("tier.0.up.bias", dim, r * dim) + conv_bias;
        if (fold) {
            weight = multiply(kernels, first, weight);
            bias = multiply(kernels, first, bias) + source.column(hidden(0) + "bias", dim);
        }
        sample_conditioning_.push_back({{}, {Matrix(weight, fine, pruned), pack(bias)}});
    }
    const Dense embedding = source.matrix("sample.embedding", config.levels, config.embedding);
    tables_.reserve(index(taps) * index(config.levels) * index(dim));
    for (int tap = 0; tap < taps; ++tap) {
        Dense table =
            multiply(kernels, embedding, tap_of(source.values("sample.conv"), dim, config.embedding, taps, tap));
        if (fold) table = multiply(kernels, table, first_transposed);
        for (const double value : table.values) tables_.push_back(static_cast<float>(value));
    }
    for (int i = fold ? 1 : 0; i < config.hidden; ++i) {
        hidden_.push_back(source.affine(hidden(i) + "weight", hidden(i) + "bias", dim, dim, fine));
    }
    out_ = source.affine("sample.out.weight", "sample.out.bias", config.levels, dim, fine);
}

std::size_t Model::bytes() const {
    std::size_t sum = tables_.size() * sizeof(float) + out_.weight.bytes();
    for (const auto& tier : tiers_) {
        sum += tier.input.bytes();
        for (const auto& conditioning : tier.conditioning) sum += conditioning.bytes();
        for (const auto& layer : tier.layers) sum += layer.bytes();
    }
    for (const auto& conditioning : sample_conditioning_) sum += conditioning.bytes();
    for (const auto& hidden : hidden_) sum += hidden.weight.bytes();
    return sum;
}

double Model::bytes_per_sample() const {
    const auto mean = [&](const std::vector<Linear>& all) {
        double sum = 0;
        for (const auto& linear : all) sum += static_cast<double>(linear.bytes());
        return sum / static_cast<double>(all.size());
    };
    double sum = static_cast<double>(out_.weight.bytes()) + mean(sample_conditioning_);
    sum += static_cast<double>(sample_conditioning_.size()) * config.dim * sizeof(float);  // a row of each table
    for (const auto& hidden : hidden_) sum += static_cast<double>(hidden.weight.bytes());
    for (const auto& tier : tiers_) {
        double step = static_cast<double>(tier.input.bytes()) + mean(tier.conditioning);
        for (const auto& layer : tier.layers) step += static_cast<double>(layer.bytes());
        sum += step / tier.frame;
    }
    return sum;
}

}  // namespace legume::samplernn
