// Generation in LibTorch: every tensor is made beforehand, and every operation writes into one of them.
// SPDX-License-Identifier: MIT
#include "tests/bench/reference.h"

#include <torch/types.h>

#include <algorithm>
#include <string>

#include "nodes/samplernn/checkpoint/quantise.h"

namespace legume::samplernn {
namespace {

using Array = at::Tensor;  // Tensor is the checkpoint's

struct Step {  // a frame tier
    Array w_in, b_in, w_ih, b_ih, w_hh, b_hh, w_up, b_up;
    Array u, x, gi, gh, rz, rh, n, h, up;                                             // up [R, D]
    Array gi_rz, gi_n, gh_rz, gh_n, r, z, up_flat, w_hh_rz, w_hh_n, b_hh_rz, b_hh_n;  // views
};

}  // namespace

struct Reference::Parts {
    Config config;
    Levels levels;
    std::vector<Step> tiers;
    Array embedding, w_conv, b_conv, w_out, b_out;
    std::vector<Array> w_hidden, b_hidden;
    std::vector<int> history;  // the last B levels, oldest first
    std::int64_t position = 0;
    Array taps, embedded, embedded_flat, s, other, out, probabilities, drawn;

    explicit Parts(const Checkpoint& checkpoint) : config(checkpoint.config), levels(checkpoint.config) {
        const std::int64_t D = config.dim, E = config.embedding, F = config.tiers[0].frame;
        const auto find = [&](const std::string& name, std::vector<std::int64_t> zeros) {
            const auto found = checkpoint.tensors.find(name);
            if (found == checkpoint.tensors.end()) return at::zeros(zeros);
            return at::from_blob(const_cast<float*>(found->second.values.data()), found->second.shape).clone();
        };
        for (std::size_t i = 0; i < config.tiers.size(); ++i) {
            const auto& tier = config.tiers[i];
            if (tier.cell != Cell::gru || tier.layers != 1) throw ModelError("the reference plays GRUs of one layer");
            const std::string name = "tier." + std::to_string(i) + ".";
            const std::int64_t ratio = i == 0 ? tier.frame : tier.frame / config.tiers[i - 1].frame;
            Step t;
            if (checkpoint.tensors.count(name + "input.weight")) {
                t.w_in = find(name + "input.weight", {});
                t.b_in = find(name + "input.bias", {D});
            }
            t.w_ih = find(name + "cell.0.w_ih", {});
            t.b_ih = find(name + "cell.0.b_ih", {3 * D});
            t.w_hh = find(name + "cell.0.w_hh", {});
            t.b_hh = find(name + "cell.0.b_hh", {3 * D});
            t.w_up = find(name + "up.weight", {});
            t.b_up = find(name + "up.bias", {ratio * D});
            t.h = find(name + "h0", {1, D}).view({D});
            t.u = at::empty({tier.frame});
            t.x = at::empty({D});
            t.gi = at::empty({3 * D});
            t.gh = at::empty({3 * D});
            t.rz = at::empty({2 * D});
            t.rh = at::empty({D});
            t.n = at::empty({D});
            t.up = at::empty({ratio, D});
            t.gi_rz = t.gi.narrow(0, 0, 2 * D);
            t.gi_n = t.gi.narrow(0, 2 * D, D);
            t.gh_rz = t.gh.narrow(0, 0, 2 * D);
            t.gh_n = t.gh.narrow(0, 2 * D, D);
            t.r = t.rz.narrow(0, 0, D);
            t.z = t.rz.narrow(0, D, D);
            t.up_flat = t.up.view({-1});
            t.w_hh_rz = t.w_hh.narrow(0, 0, 2 * D);
            t.w_hh_n = t.w_hh.narrow(0, 2 * D, D);
            t.b_hh_rz = t.b_hh.narrow(0, 0, 2 * D);
            t.b_hh_n = t.b_hh.narrow(0, 2 * D, D);
            tiers.push_back(std::move(t));
        }
        embedding = find("sample.embedding", {});
        w_conv = find("sample.conv", {}).permute({0, 2, 1}).reshape({D, F * E}).contiguous();
        b_conv = find("sample.conv_bias", {D});
        for (int i = 0; i < config.hidden; ++i) {
            const std::string name = "sample.hidden." + std::to_string(i) + ".";
            w_hidden.push_back(find(name + "weight", {}));
            b_hidden.push_back(find(name + "bias", {D}));
        }
        w_out = find("sample.out.weight", {});
        b_out = find("sample.out.bias", {config.levels});
        taps = at::empty({F}, at::kLong);
        embedded = at::empty({F, E});
        embedded_flat = embedded.view({-1});
        s = at::empty({D});
        other = at::empty({D});
        out = at::empty({config.levels});
        probabilities = at::empty({config.levels});
        drawn = at::empty({1}, at::kLong);
        history.assign(static_cast<std::size_t>(config.tiers.back().frame), levels.silence());
        step_tiers();
    }

    void step_tiers() {
        for (std::size_t i = tiers.size(); i-- > 0;) {
            if (position % config.tiers[i].frame == 0) step(i);
        }
    }

    void step(std::size_t i) {
        Step& t = tiers[i];
        const int frame = config.tiers[i].frame;
        auto* u = t.u.data_ptr<float>();
        for (int j = 0; j < frame; ++j) u[j] = levels.input(*(history.end() - frame + j));
        if (t.w_in.defined()) {
            at::addmv_out(t.x, t.b_in, t.w_in, t.u);
            if (i + 1 < tiers.size()) {
                const auto& above = tiers[i + 1].up;
                t.x.add_(above[position / frame % above.size(0)]);
            }
        }
        at::addmv_out(t.gi, t.b_ih, t.w_ih, t.w_in.defined() ? t.x : t.u);
        if (config.reset_after) {
            at::addmv_out(t.gh, t.b_hh, t.w_hh, t.h);
            at::add_out(t.rz, t.gi_rz, t.gh_rz).sigmoid_();
            at::addcmul_out(t.n, t.gi_n, t.r, t.gh_n).tanh_();
        } else {
            at::addmv_out(t.gh_rz, t.b_hh_rz, t.w_hh_rz, t.h);
            at::add_out(t.rz, t.gi_rz, t.gh_rz).sigmoid_();
            at::mul_out(t.rh, t.r, t.h);
            at::addmv_out(t.n, t.b_hh_n, t.w_hh_n, t.rh).add_(t.gi_n).tanh_();
        }
        at::lerp_out(t.h, t.n, t.h, t.z);
        at::addmv_out(t.up_flat, t.b_up, t.w_up, t.h);
    }

    void sample_tier() {
        const auto F = taps.size(0);
        std::copy(history.end() - F, history.end(), taps.data_ptr<std::int64_t>());
        at::index_select_out(embedded, embedding, 0, taps);
        at::addmv_out(s, b_conv, w_conv, embedded_flat).add_(tiers[0].up[position % F]);
        if (config.relu_after_sum) s.relu_();
        for (std::size_t i = 0; i < w_hidden.size(); ++i) {
            at::addmv_out(other, b_hidden[i], w_hidden[i], s).relu_();
            std::swap(s, other);
        }
        at::addmv_out(out, b_out, w_out, s);
    }

    void push(int level) {
        std::copy(history.begin() + 1, history.end(), history.begin());
        history.back() = level;
        ++position;
        step_tiers();
    }
};

namespace {

template <class Work>
auto inferring(const Work& work) {
    const c10::InferenceMode mode;
    return work();
}

}  // namespace

Reference::Reference(const Checkpoint& checkpoint)
    : parts_(inferring([&] { return std::make_unique<Parts>(checkpoint); })) {}
Reference::~Reference() = default;

std::vector<float> Reference::logits() {
    const c10::InferenceMode mode;
    parts_->sample_tier();
    const auto* from = parts_->out.data_ptr<float>();
    return {from, from + parts_->out.numel()};
}

void Reference::push(int level) {
    const c10::InferenceMode mode;
    parts_->push(level);
}

int Reference::draw() {
    const c10::InferenceMode mode;
    auto& p = *parts_;
    p.sample_tier();
    at::softmax_out(p.probabilities, p.out, 0);
    at::multinomial_out(p.drawn, p.probabilities, 1);
    const auto level = static_cast<int>(*p.drawn.data_ptr<std::int64_t>());
    p.push(level);
    return level;
}

}  // namespace legume::samplernn
