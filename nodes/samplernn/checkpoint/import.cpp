// Each source is one function that says its names and shapes; all that is done to a tensor stands above them.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/checkpoint/import.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nodes/samplernn/checkpoint/safetensors.h"
#include "nodes/samplernn/checkpoint/stored.h"

namespace legume::samplernn {
namespace {

using Size = std::int64_t;

[[noreturn]] void fail(const std::string& message) { throw ModelError(message); }

std::string tensor(const std::string& name) { return "tensor \"" + name + "\" "; }

}  // namespace

// The file's tensors. Each is taken once, of the shape that the others ask for.
class Foreign {
  public:
    Foreign(const std::filesystem::path& file, std::string source) : file_(file), source_(std::move(source)) {
        for (auto& entry : file_.entries()) entries_.emplace(entry.name, entry);
    }
    bool has(const std::string& name) const { return entries_.count(name) > 0; }
    const Shape& shape(const std::string& name, std::size_t dims) const {
        const Shape& found = entry(name).shape;
        const bool empty = std::find(found.begin(), found.end(), 0) != found.end();
        if (found.size() != dims || empty)
            fail(tensor(name) + "is of shape " + print(found) + "; " + source_ + "'s has " + std::to_string(dims) +
                 " dimensions, none of them 0");
        return found;
    }
    Tensor take(const std::string& name, const Shape& shape) {
        const Entry& found = entry(name);
        if (found.shape != shape)
            fail(tensor(name) + "is of shape " + print(found.shape) + "; with the others " + print(shape) +
                 " would fit");
        if (found.dtype != Dtype::f32 && found.dtype != Dtype::f16) fail(tensor(name) + "is neither F32 nor F16");
        Tensor taken = decode(name, shape, {file_.read(found)});
        entries_.erase(name);
        return taken;
    }
    void done() const {
        if (!entries_.empty())
            fail(tensor(entries_.begin()->first) + "is left over: " + source_ + "'s networks have none of that name");
    }

  private:
    const Entry& entry(const std::string& name) const {
        const auto found = entries_.find(name);
        if (found == entries_.end()) fail("it has no tensor \"" + name + "\"; is it " + source_ + "'s?");
        return found->second;
    }
    SafetensorsFile file_;
    std::string source_;
    std::map<std::string, Entry> entries_;
};

namespace {

// With its axes in reverse order; up to three of them.
Tensor reversed(const Tensor& from) {
    const auto first = static_cast<std::size_t>(from.shape.front()), last = static_cast<std::size_t>(from.shape.back());
    const std::size_t middle = from.values.size() / (first * last);
    Tensor to{Shape(from.shape.rbegin(), from.shape.rend()), std::vector<float>(from.values.size())};
    for (std::size_t i = 0; i < first; ++i) {
        for (std::size_t j = 0; j < middle; ++j) {
            for (std::size_t k = 0; k < last; ++k)
                to.values[(k * middle + j) * first + i] = from.values[(i * middle + j) * last + k];
        }
    }
    return to;
}

Tensor reshaped(Tensor from, Shape shape) { return {std::move(shape), std::move(from.values)}; }

// Part of the first axis.
Tensor rows(const Tensor& from, Size begin, Size size) {
    Shape shape = from.shape;
    const auto row = static_cast<Size>(from.values.size()) / shape[0];
    shape[0] = size;
    return {shape, {from.values.begin() + begin * row, from.values.begin() + (begin + size) * row}};
}
Tensor columns(const Tensor& from, Size begin, Size size) { return reversed(rows(reversed(from), begin, size)); }

Tensor stacked(Tensor upper, const Tensor& lower) {
    upper.shape[0] += lower.shape[0];
    upper.values.insert(upper.values.end(), lower.values.begin(), lower.values.end());
    return upper;
}

// Gate after gate along the first axis; legume's gate i is the source's order[i].
Tensor gates(const Tensor& from, const std::vector<Size>& order) {
    const Size size = from.shape[0] / static_cast<Size>(order.size());
    Tensor to = rows(from, order[0] * size, size);
    for (std::size_t i = 1; i < order.size(); ++i) to = stacked(std::move(to), rows(from, order[i] * size, size));
    return to;
}

Tensor zeros(const Shape& shape) { return {shape, std::vector<float>(static_cast<std::size_t>(count(shape)))}; }

// What does not fit an int is refused by Config::validate.
int whole(Size size) { return static_cast<int>(std::min(size, Size{1} << 30)); }

std::string tier(std::size_t i) { return "tier." + std::to_string(i) + "."; }
std::string cell(std::size_t i, int k) { return tier(i) + "cell." + std::to_string(k) + "."; }

// TensorFlow's dense layer: [inputs, outputs].
void dense(Foreign& in, const std::string& name, Size inputs, Size outputs, const std::string& to, Tensors& out) {
    out[to + "weight"] = reversed(in.take(name + "kernel", {inputs, outputs}));
    out[to + "bias"] = in.take(name + "bias", {outputs});
}

// A kind of cell as a source has it, and how its tensors become legume's.
struct ForeignCell {
    Cell cell;
    void (*read)(Foreign& in, const std::string& name, Size inputs, Size dim, const std::string& to, Tensors& out);
};

// One matrix for input and state, [inputs + D, G D], and one bias.
void unisound_gates(const Tensor& kernel, Tensor bias, Size inputs, Size dim, const std::string& to, Tensors& out) {
    out[to + "w_ih"] = columns(kernel, 0, inputs);
    out[to + "w_hh"] = columns(kernel, inputs, dim);
    out[to + "b_hh"] = zeros(bias.shape);
    out[to + "b_ih"] = std::move(bias);
}

// GRUCell has r and u, and apart from them c; h' = u h + (1 - u) c.
void unisound_gru(Foreign& in, const std::string& name, Size inputs, Size dim, const std::string& to, Tensors& out) {
    const Tensor kernel = stacked(reversed(in.take(name + "gates/kernel", {inputs + dim, 2 * dim})),
                                  reversed(in.take(name + "candidate/kernel", {inputs + dim, dim})));
    unisound_gates(kernel, stacked(in.take(name + "gates/bias", {2 * dim}), in.take(name + "candidate/bias", {dim})),
                   inputs, dim, to, out);
}

// BasicLSTMCell has i, j, f, o, and adds 1 to f, which no file says.
void unisound_lstm(Foreign& in, const std::string& name, Size inputs, Size dim, const std::string& to, Tensors& out) {
    const Tensor kernel = gates(reversed(in.take(name + "kernel", {inputs + dim, 4 * dim})), {0, 2, 1, 3});
    Tensor bias = gates(in.take(name + "bias", {4 * dim}), {0, 2, 1, 3});
    for (Size d = dim; d < 2 * dim; ++d) bias.values[static_cast<std::size_t>(d)] += 1;
    unisound_gates(kernel, std::move(bias), inputs, dim, to, out);
}

// The cells of one tier of Unisound's. One alone has another name than one of several.
struct Stack {
    ForeignCell kind;
    std::vector<std::string> names;
};
Stack unisound_stack(const Foreign& in, const std::string& scope) {
    const struct {
        std::string folder, kernel;
        ForeignCell kind;
    } kinds[] = {{"basic_lstm_cell/", "kernel", {Cell::lstm, unisound_lstm}},
                 {"gru_cell/", "gates/kernel", {Cell::gru, unisound_gru}}};
    const auto layer = [&](int k) { return scope + "multi_rnn_cell/cell_" + std::to_string(k) + "/"; };
    for (const auto& [folder, kernel, kind] : kinds) {
        Stack stack{kind, {}};
        for (int k = 0; in.has(layer(k) + folder + kernel); ++k) stack.names.push_back(layer(k) + folder);
        if (stack.names.empty() && in.has(scope + folder + kernel)) stack.names.push_back(scope + folder);
        if (!stack.names.empty()) return stack;
    }
    return {kinds[1].kind, {scope + kinds[1].folder}};  // reading it says what is missing
}

void unisound(Foreign& in, Checkpoint& checkpoint) {
    Config& c = checkpoint.config;
    Tensors& out = checkpoint.tensors;
    const std::string names[] = {"Frame_layer/", "BigFrame_layer/"},
                      up[] = {"frame_proj_weights", "big_frame_proj_weights"}, sample = "Sample_layer/",
                      input = names[0] + "frame_cell_proj_weights";
    const Stack stacks[] = {unisound_stack(in, names[0] + "FRAME_RNN/"),
                            unisound_stack(in, names[1] + "BIG_FRAME_RNN/")};
    const Size frame = in.shape(input, 2)[0], dim = in.shape(input, 2)[1];
    const Size ratios[] = {frame, in.shape(names[1] + up[1], 2)[1] / dim};
    c.levels = whole(in.shape(sample + "embedding", 2)[0]);
    c.embedding = whole(in.shape(sample + "embedding", 2)[1]);
    c.dim = whole(dim);
    c.tiers = {{whole(frame), stacks[0].kind.cell, whole(static_cast<Size>(stacks[0].names.size()))},
               {whole(frame * ratios[1]), stacks[1].kind.cell, whole(static_cast<Size>(stacks[1].names.size()))}};
    c.frame_scale = FrameScale::unisound;
    c.top_projection = c.biases = c.reset_after = c.learned_h0 = false;
    c.validate();

    out["tier.0.input.weight"] = reversed(in.take(input, {frame, dim}));
    for (std::size_t i = 0; i < 2; ++i) {
        for (int k = 0; k < c.tiers[i].layers; ++k)
            stacks[i].kind.read(in, stacks[i].names[static_cast<std::size_t>(k)],
                                i == 1 && k == 0 ? c.tiers[1].frame : dim, dim, cell(i, k), out);
        out[tier(i) + "up.weight"] = reversed(in.take(names[i] + up[i], {dim, ratios[i] * dim}));
    }
    out["sample.embedding"] = in.take(sample + "embedding", {c.levels, c.embedding});
    const Tensor filter = in.take(sample + "sample_filter", {frame * c.embedding, 1, dim});
    out["sample.conv"] = reversed(reshaped(filter, {frame, c.embedding, dim}));
    out["sample.hidden.0.weight"] = reversed(in.take(sample + "sample_mlp1", {dim, dim}));
    out["sample.hidden.1.weight"] = reversed(in.take(sample + "sample_mlp2", {dim, dim}));
    out["sample.out.weight"] = reversed(in.take(sample + "sample_mlp3", {dim, c.levels}));
}

// Keras: GRU gates z, r, h with two biases, LSTM gates i, f, c, o with one.
void prism_gru(Foreign& in, const std::string& name, Size inputs, Size dim, const std::string& to, Tensors& out) {
    const std::vector<Size> order{1, 0, 2};
    const Size all = 3 * dim;
    out[to + "w_ih"] = gates(reversed(in.take(name + "kernel", {inputs, all})), order);
    out[to + "w_hh"] = gates(reversed(in.take(name + "recurrent_kernel", {dim, all})), order);
    const Tensor both = reshaped(in.take(name + "bias", {2, all}), {2 * all});
    out[to + "b_ih"] = gates(rows(both, 0, all), order);
    out[to + "b_hh"] = gates(rows(both, all, all), order);
}
void prism_lstm(Foreign& in, const std::string& name, Size inputs, Size dim, const std::string& to, Tensors& out) {
    const Size all = 4 * dim;
    out[to + "w_ih"] = reversed(in.take(name + "kernel", {inputs, all}));
    out[to + "w_hh"] = reversed(in.take(name + "recurrent_kernel", {dim, all}));
    out[to + "b_ih"] = in.take(name + "bias", {all});
    out[to + "b_hh"] = zeros({all});
}

// There, the first time, a layer starts from the first state of the layer below it; here all of them start at zero.
void prism(Foreign& in, Checkpoint& checkpoint) {
    Config& c = checkpoint.config;
    Tensors& out = checkpoint.tensors;
    const std::string names[] = {"frame_rnn/", "big_frame_rnn/"}, sample = "sample_mlp/";
    const auto layer = [&](std::size_t i, int k) { return names[i] + "rnn/layer_" + std::to_string(k) + "/cell/"; };
    const Size dim = in.shape(names[0] + "inputs/kernel", 2)[1];
    c.levels = whole(in.shape(sample + "embedding/embeddings", 2)[0]);
    c.embedding = whole(in.shape(sample + "embedding/embeddings", 2)[1]);
    c.dim = whole(dim);
    c.tiers.clear();
    ForeignCell kinds[2];
    for (std::size_t i = 0; i < 2; ++i) {
        if (in.has(names[i] + "rnn/layer_0_skip_out/kernel"))
            fail("it was trained with skip_conn, whose cells read more than legume's can; train without");
        const bool four = in.shape(layer(i, 0) + "kernel", 2)[1] == 4 * dim;  // gates
        kinds[i] = four ? ForeignCell{Cell::lstm, prism_lstm} : ForeignCell{Cell::gru, prism_gru};
        Tier found{whole(in.shape(names[i] + "inputs/kernel", 2)[0]), kinds[i].cell, 1};
        while (in.has(layer(i, found.layers) + "kernel")) ++found.layers;
        c.tiers.push_back(found);
    }
    c.learned_h0 = false;
    c.validate();

    for (std::size_t i = 0; i < 2; ++i) {
        const Tier& own = c.tiers[i];
        const Size ratio = i == 0 ? own.frame : own.frame / c.tiers[0].frame;
        dense(in, names[i] + "inputs/", own.frame, dim, tier(i) + "input.", out);
        for (int k = 0; k < own.layers; ++k) kinds[i].read(in, layer(i, k), dim, dim, cell(i, k), out);
        // [step, out, in]. Its first versions have a bare variable, and no bias; the layer has one for all steps.
        const std::string up = names[i] + "upsample";
        const bool bare = in.has(up);
        out[tier(i) + "up.weight"] =
            reshaped(in.take(bare ? up : up + "/kernel", {ratio, dim, dim}), {ratio * dim, dim});
        const Tensor bias = bare ? zeros({dim}) : in.take(up + "/bias", {dim});
        Tensor all = bias;
        for (Size r = 1; r < ratio; ++r) all = stacked(std::move(all), bias);
        out[tier(i) + "up.bias"] = std::move(all);
    }
    const Size frame = c.tiers[0].frame;
    out["sample.embedding"] = in.take(sample + "embedding/embeddings", {c.levels, c.embedding});
    out["sample.conv"] = reversed(in.take(sample + "inputs/kernel", {frame, c.embedding, dim}));
    out["sample.conv_bias"] = zeros({dim});
    dense(in, sample + "hidden1/", dim, dim, "sample.hidden.0.", out);
    dense(in, sample + "hidden2/", dim, dim, "sample.hidden.1.", out);
    dense(in, sample + "outputs/", dim, c.levels, "sample.out.", out);
}

// PyTorch's weight_norm, where it was on: w = g v / |v|, the length over all axes but the first.
Tensor normed(Foreign& in, const std::string& name, const Shape& shape) {
    if (in.has(name + "weight")) return in.take(name + "weight", shape);
    Shape lengths(shape.size(), 1);
    lengths[0] = shape[0];
    Tensor weight = in.take(name + "weight_v", shape);
    const Tensor length = in.take(name + "weight_g", lengths);
    const std::size_t row = weight.values.size() / length.values.size();
    for (std::size_t r = 0; r < length.values.size(); ++r) {
        double sum = 0;
        for (std::size_t i = r * row; i < (r + 1) * row; ++i) sum += double(weight.values[i]) * weight.values[i];
        if (!(sum > 0)) fail(tensor(name + "weight_v") + "has a part that is all zero, which has no direction");
        const double scale = length.values[r] / std::sqrt(sum);
        for (std::size_t i = r * row; i < (r + 1) * row; ++i)
            weight.values[i] = static_cast<float>(scale * weight.values[i]);
    }
    return weight;
}

void deepsound(Foreign& in, Checkpoint& checkpoint) {
    Config& c = checkpoint.config;
    Tensors& out = checkpoint.tensors;
    const std::string sample = "model.sample_level_mlp.";
    const auto rnn = [](std::size_t i) { return "model.frame_level_rnns." + std::to_string(i) + "."; };
    const Size dim = in.shape(rnn(0) + "h0", 2)[1];
    c.levels = whole(in.shape(sample + "embedding.weight", 2)[0]);
    c.embedding = whole(in.shape(sample + "embedding.weight", 2)[1]);
    c.dim = whole(dim);
    c.tiers.clear();
    for (std::size_t i = 0; in.has(rnn(i) + "h0"); ++i) {
        const std::string input = rnn(i) + "input_expand.weight";
        c.tiers.push_back({whole(in.shape(in.has(input) ? input : input + "_v", 3)[1]), Cell::gru,
                           whole(in.shape(rnn(i) + "h0", 2)[0])});
    }
    c.relu_after_sum = true;
    c.hidden = 1;
    c.validate();

    for (std::size_t i = 0; i < c.tiers.size(); ++i) {
        const Tier& own = c.tiers[i];
        const Size ratio = i == 0 ? own.frame : own.frame / c.tiers[i - 1].frame;
        out[tier(i) + "h0"] = in.take(rnn(i) + "h0", {own.layers, dim});
        out[tier(i) + "input.weight"] =
            reshaped(normed(in, rnn(i) + "input_expand.", {dim, own.frame, 1}), {dim, own.frame});
        out[tier(i) + "input.bias"] = in.take(rnn(i) + "input_expand.bias", {dim});
        for (int k = 0; k < own.layers; ++k) {
            const std::string name = rnn(i) + "rnn.", end = "_l" + std::to_string(k);
            out[cell(i, k) + "w_ih"] = in.take(name + "weight_ih" + end, {3 * dim, dim});
            out[cell(i, k) + "w_hh"] = in.take(name + "weight_hh" + end, {3 * dim, dim});
            out[cell(i, k) + "b_ih"] = in.take(name + "bias_ih" + end, {3 * dim});
            out[cell(i, k) + "b_hh"] = in.take(name + "bias_hh" + end, {3 * dim});
        }
        // conv_t is [in, out, step], the bias [out, step].
        const std::string up = rnn(i) + "upsampling.";
        out[tier(i) + "up.weight"] =
            reshaped(reversed(normed(in, up + "conv_t.", {dim, dim, ratio})), {ratio * dim, dim});
        out[tier(i) + "up.bias"] = reshaped(reversed(in.take(up + "bias", {dim, ratio})), {ratio * dim});
    }
    out["sample.embedding"] = in.take(sample + "embedding.weight", {c.levels, c.embedding});
    out["sample.conv"] = normed(in, sample + "input.", {dim, c.embedding, c.tiers[0].frame});
    out["sample.conv_bias"] = zeros({dim});
    out["sample.hidden.0.weight"] = reshaped(normed(in, sample + "hidden.", {dim, dim, 1}), {dim, dim});
    out["sample.hidden.0.bias"] = in.take(sample + "hidden.bias", {dim});
    out["sample.out.weight"] = reshaped(normed(in, sample + "output.", {c.levels, dim, 1}), {c.levels, dim});
    out["sample.out.bias"] = in.take(sample + "output.bias", {c.levels});
}

constexpr Source known[] = {{"unisound", Quantiser::mu_law, 22'050, unisound},
                            {"prism", Quantiser::mu_law, 22'050, prism},
                            {"deepsound", Quantiser::linear, 16'000, deepsound}};

}  // namespace

std::span<const Source> sources() { return known; }

Checkpoint import_checkpoint(const std::filesystem::path& file, const Source& source, double sample_rate,
                             std::optional<Quantiser> quantiser) {
    try {
        Foreign in(file, source.name);
        Checkpoint checkpoint;
        checkpoint.config.sample_rate = sample_rate;
        checkpoint.config.quantiser = quantiser.value_or(source.quantiser);
        source.read(in, checkpoint);
        in.done();
        return checkpoint;
    } catch (const ModelError& error) {
        throw ModelError(file.string() + ": " + error.what());
    }
}

}  // namespace legume::samplernn
