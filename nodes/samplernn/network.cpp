// The SampleRNN in LibTorch: exact semantics of the engine, backward passes cut so that memory stays small.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/network.h"

#include <dlfcn.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "graph/math.h"
#include "nodes/dsp/random.h"
#include "nodes/samplernn/quantise.h"

namespace legume::samplernn {
namespace {

using Array = torch::Tensor;  // Tensor is the checkpoint's
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Rows of the sample tier are ordered (frame, stream, sample in frame), which is how the tier above hands its
// conditioning down: nothing is ever permuted.
constexpr std::int64_t rows_per_chunk = 4096;  // of the sample tier: its activations stay in the cache
constexpr double beta1 = 0.9, beta2 = 0.999, adam_epsilon = 1e-8;
constexpr double average_keep = 0.999;

enum class Recurrent : std::int64_t { gru, gru_reset_before, lstm };

// One layer over time by hand: the steps do only what depends on the step before, all else is one product over time.
// In: x [T, B, G D] (W_ih x + b_ih), h0 [B, D], c0 [B, D] (LSTM; else any), w_hh, b_hh. Out: h [T, B, D], c [B, D].
struct Recurrence : torch::autograd::Function<Recurrence> {
    static variable_list forward(AutogradContext* ctx, Array x, Array h0, Array c0, Array w, Array b,
                                 std::int64_t kind) {
        const auto T = x.size(0), B = x.size(1), D = h0.size(1);
        const auto cell = static_cast<Recurrent>(kind);
        Array gates = torch::empty_like(x);  // after their activations
        Array h = torch::empty({T + 1, B, D}, x.options());
        Array extra = torch::empty({T + 1, B, D}, x.options());  // GRU: U_n h + c, or r * h; LSTM: c
        h[0].copy_(h0);
        if (cell == Recurrent::lstm) extra[0].copy_(c0);
        const Array wt = w.t();
        Array product = torch::empty({B, x.size(2)}, x.options());
        for (std::int64_t t = 0; t < T; ++t) {
            const Array before = h[t], a = gates[t], in = x[t];
            Array after = h[t + 1];
            if (cell == Recurrent::gru) {
                torch::addmm_out(product, b, before, wt);
                Array rz = a.narrow(1, 0, 2 * D), n = a.narrow(1, 2 * D, D), un = extra[t + 1];
                torch::add_out(rz, in.narrow(1, 0, 2 * D), product.narrow(1, 0, 2 * D)).sigmoid_();
                un.copy_(product.narrow(1, 2 * D, D));
                torch::addcmul_out(n, in.narrow(1, 2 * D, D), un, a.narrow(1, 0, D)).tanh_();
                torch::lerp_out(after, n, before, a.narrow(1, D, D));
            } else if (cell == Recurrent::gru_reset_before) {
                Array rz = a.narrow(1, 0, 2 * D), n = a.narrow(1, 2 * D, D), rh = extra[t + 1];
                torch::add_out(rz, in.narrow(1, 0, 2 * D),
                               torch::addmm(b.narrow(0, 0, 2 * D), before, wt.narrow(1, 0, 2 * D)))
                    .sigmoid_();
                torch::mul_out(rh, a.narrow(1, 0, D), before);
                torch::add_out(n, in.narrow(1, 2 * D, D),
                               torch::addmm(b.narrow(0, 2 * D, D), rh, wt.narrow(1, 2 * D, D)))
                    .tanh_();
                torch::lerp_out(after, n, before, a.narrow(1, D, D));
            } else {
                torch::addmm_out(product, b, before, wt);
                Array sum = a, c = extra[t + 1];
                torch::add_out(sum, in, product);
                a.narrow(1, 0, 2 * D).sigmoid_();
                a.narrow(1, 2 * D, D).tanh_();
                a.narrow(1, 3 * D, D).sigmoid_();
                torch::mul_out(c, a.narrow(1, D, D), extra[t]);
                c.addcmul_(a.narrow(1, 0, D), a.narrow(1, 2 * D, D));
                torch::tanh_out(after, c).mul_(a.narrow(1, 3 * D, D));
            }
        }
        ctx->save_for_backward({gates, h, extra, w});
        ctx->saved_data["kind"] = kind;
        Array out = h.narrow(0, 1, T), last = extra[T].clone();
        ctx->mark_non_differentiable({last});
        return {out, last};
    }

    static variable_list backward(AutogradContext* ctx, variable_list grads) {
        const auto saved = ctx->get_saved_variables();
        const Array gates = saved[0], h = saved[1], extra = saved[2], w = saved[3];
        const auto cell = static_cast<Recurrent>(ctx->saved_data["kind"].toInt());
        const auto T = gates.size(0), B = gates.size(1), D = h.size(2), G = gates.size(2);
        const Array grad = grads[0];
        Array dx = torch::empty_like(gates);  // of the gates' sums, on the side of x
        Array du;                             // the same on the side of h, where it differs: n of a reset-after GRU
        if (cell == Recurrent::gru) du = torch::empty_like(gates);
        Array carry = torch::zeros({B, D}, gates.options()), carry_c = torch::zeros({B, D}, gates.options());
        Array dh = torch::empty({B, D}, gates.options());
        for (auto t = T - 1; t >= 0; --t) {
            torch::add_out(dh, grad[t], carry);
            const Array a = gates[t], before = h[t], d = dx[t];
            auto gate = [D](const Array& of, std::int64_t i) { return of.narrow(1, i * D, D); };
            if (cell == Recurrent::lstm) {
                const Array i = gate(a, 0), f = gate(a, 1), g = gate(a, 2), o = gate(a, 3);
                const Array tc = extra[t + 1].tanh();
                gate(d, 3).copy_(torch::sigmoid_backward(dh * tc, o));
                const Array dc = carry_c + torch::tanh_backward(dh * o, tc);
                gate(d, 0).copy_(torch::sigmoid_backward(dc * g, i));
                gate(d, 1).copy_(torch::sigmoid_backward(dc * extra[t], f));
                gate(d, 2).copy_(torch::tanh_backward(dc * i, g));
                torch::mul_out(carry_c, dc, f);
                torch::mm_out(carry, d, w);
                continue;
            }
            const Array r = gate(a, 0), z = gate(a, 1), n = gate(a, 2);
            const Array through = dh * z;  // h' = n + z (h - n)
            gate(d, 1).copy_(torch::sigmoid_backward(dh * (before - n), z));
            const Array dn = torch::tanh_backward(dh - through, n);
            gate(d, 2).copy_(dn);
            if (cell == Recurrent::gru) {
                gate(d, 0).copy_(torch::sigmoid_backward(dn * extra[t + 1], r));
                const Array u = du[t];
                u.narrow(1, 0, 2 * D).copy_(d.narrow(1, 0, 2 * D));
                gate(u, 2).copy_(dn * r);
                torch::addmm_out(carry, through, u, w);
            } else {
                const Array drh = dn.mm(w.narrow(0, 2 * D, D));
                gate(d, 0).copy_(torch::sigmoid_backward(drh * before, r));
                torch::addmm_out(carry, through.addcmul(drh, r), d.narrow(1, 0, 2 * D), w.narrow(0, 0, 2 * D));
            }
        }
        const Array& side = cell == Recurrent::gru ? du : dx;
        const Array flat = side.reshape({T * B, G}), hs = h.narrow(0, 0, T).reshape({T * B, D});
        Array dw = torch::empty_like(w);
        if (cell == Recurrent::gru_reset_before) {
            dw.narrow(0, 0, 2 * D).copy_(flat.narrow(1, 0, 2 * D).t().mm(hs));
            dw.narrow(0, 2 * D, D).copy_(flat.narrow(1, 2 * D, D).t().mm(extra.narrow(0, 1, T).reshape({T * B, D})));
        } else {
            torch::mm_out(dw, flat.t(), hs);
        }
        return {dx, carry, cell == Recurrent::lstm ? carry_c : Array(), dw, flat.sum(0), Array()};
    }
};

torch::Device find_device(const std::string& wanted) {
    if (wanted == "cpu") return torch::kCPU;
    if (torch::cuda::is_available()) return torch::Device(torch::kCUDA, 0);
    if (wanted == "cuda")
        throw ModelError("no CUDA device: this LibTorch or this machine has none; set device: cpu, or auto");
    return torch::kCPU;
}

// Values for a fresh tensor, by what it is for. He et al. 2015 before a ReLU, LeCun's elsewhere, orthogonal
// (Saxe et al. 2014) for what runs in a loop. The bias of 1 lets states last (z of a GRU, f of an LSTM).
void initialise(Array t, const std::string& name, const Config& config, std::uint64_t seed, std::uint64_t stream) {
    auto ends = [&](std::string_view end) { return name.size() >= end.size() && name.ends_with(end); };
    auto uniform = [&](const Array& into, double bound) {
        std::vector<float> values(static_cast<std::size_t>(into.numel()));
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = static_cast<float>(bound * (2 * dsp::random_uniform(seed, stream, i) - 1));
        Array(into).copy_(torch::from_blob(values.data(), into.sizes()));
    };
    const auto D = config.dim;
    t.zero_();
    if (ends(".w_hh")) {
        uniform(t, 1);
        for (std::int64_t gate = 0; gate < t.size(0) / D; ++gate) {
            Array block = t.narrow(0, gate * D, D);
            block.copy_(std::get<0>(torch::linalg_qr(block.to(torch::kCPU, torch::kDouble))));
        }
    } else if (ends(".b_ih")) {
        t.narrow(0, D, D).fill_(1);
    } else if (name == "sample.embedding") {
        uniform(t, std::sqrt(3.0));
    } else if (name == "sample.out.weight") {
        uniform(t, 0.1 * std::sqrt(3.0 / D));  // so that the first guess is no opinion: log2 Q bits
    } else if (t.dim() >= 2 && !ends(".h0") && !ends(".c0")) {
        const double fan_in = static_cast<double>(t.numel()) / static_cast<double>(t.size(0));
        uniform(t, std::sqrt((name.starts_with("sample.hidden.") ? 6.0 : 3.0) / fan_in));
    }
}

std::vector<float> to_vector(const Array& t) {
    const Array flat = t.detach().to(torch::kCPU, torch::kFloat).contiguous();
    return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

void from_span(Array into, std::span<const float> values) {
    if (static_cast<std::int64_t>(values.size()) != into.numel())
        throw ModelError("holds " + std::to_string(values.size()) + " numbers where the network has " +
                         std::to_string(into.numel()));
    into.copy_(torch::from_blob(const_cast<float*>(values.data()), into.sizes()));
}

}  // namespace

struct States::Held {
    std::vector<Array> h, c;  // a tier each: [layers, streams, D]; c is empty for a GRU
};
States::States() : held_(std::make_unique<Held>()) {}
States::~States() = default;
States::States(States&&) noexcept = default;
States& States::operator=(States&&) noexcept = default;

std::vector<float> States::save() const {
    std::vector<float> all;
    for (const auto* list : {&held_->h, &held_->c})
        for (const auto& t : *list)
            for (const float v : to_vector(t)) all.push_back(v);
    return all;
}

struct Network::Parts {
    Config config;
    torch::Device device;
    // All weights are views into one tensor, and so are their gradients: Adam, clipping, averaging and saving are one
    // operation each.
    Array flat, gradient, moment1, moment2, average;
    std::map<std::string, Array> weights;
    std::int64_t updates = 0;
    double norm = 0;

    Parts(const Config& c, const std::string& wanted) : config(c), device(find_device(wanted)) {
        const auto shapes = expected_shapes(config);
        std::int64_t count = 0;
        for (const auto& [name, shape] : shapes) {
            std::int64_t n = 1;
            for (const auto s : shape) n *= s;
            count += n;
        }
        flat = torch::zeros({count}, device);
        gradient = torch::zeros_like(flat);
        moment1 = torch::zeros_like(flat);
        moment2 = torch::zeros_like(flat);
        std::int64_t at = 0;
        for (const auto& [name, shape] : shapes) {
            std::int64_t n = 1;
            for (const auto s : shape) n *= s;
            Array view = flat.narrow(0, at, n).view(shape).detach().requires_grad_();
            view.mutable_grad() = gradient.narrow(0, at, n).view(shape);
            weights[name] = view;
            at += n;
        }
    }

    Array find(const std::string& name) const {
        const auto found = weights.find(name);
        return found == weights.end() ? Array() : found->second;
    }
    Array scaled(const Array& levels) const {  // of what a frame tier sees
        const double q = config.levels;
        return config.frame_scale == FrameScale::theano ? levels.to(torch::kFloat).mul(4 / q).sub(2)
                                                        : levels.to(torch::kFloat).div(q).sub(2);
    }
    Array levels_of(const Window& w) const {  // [streams, history + samples]
        return torch::from_blob(const_cast<std::int32_t*>(w.levels.data()), {w.streams, w.history + w.samples},
                                torch::kInt)
            .to(device);
    }

    // Runs the frame tiers, top to bottom; moves `states` on. Gives the lowest tier's conditioning [frames, B, F D].
    Array condition(const Array& levels, const Window& window, States& states) const {
        const std::int64_t B = window.streams, D = config.dim;
        const Array fresh =
            torch::tensor(std::vector<std::int64_t>(window.fresh.begin(), window.fresh.end())).to(device).view({B, 1});
        const bool any_fresh = std::find(window.fresh.begin(), window.fresh.end(), 1) != window.fresh.end();
        Array from_above;  // [steps, B, D]
        for (auto i = config.tiers.size(); i-- > 0;) {
            const Tier& tier = config.tiers[i];
            const std::string prefix = "tier." + std::to_string(i) + ".";
            const std::int64_t steps = window.samples / tier.frame;
            Array x = scaled(levels.narrow(1, window.history - tier.frame, window.samples))
                          .view({B, steps, tier.frame})
                          .transpose(0, 1)
                          .contiguous();
            if (const Array w = find(prefix + "input.weight"); w.defined())
                x = torch::linear(x, w, find(prefix + "input.bias"));
            if (from_above.defined()) x = x + from_above;
            Array &h = states.held_->h[i], &c = states.held_->c[i], sum;
            auto begin = [&](const Array& carried, const std::string& learned, std::int64_t layer) {
                if (!any_fresh) return carried[layer];
                const Array h0 = find(prefix + learned);
                return torch::where(fresh == 1, h0.defined() ? h0[layer] : torch::zeros({D}, carried.options()),
                                    carried[layer]);
            };
            std::vector<Array> last_h, last_c;
            const auto kind = tier.cell == Cell::lstm ? Recurrent::lstm
                              : config.reset_after    ? Recurrent::gru
                                                      : Recurrent::gru_reset_before;
            for (std::int64_t k = 0; k < tier.layers; ++k) {
                const std::string cell = prefix + "cell." + std::to_string(k) + ".";
                const Array sums = torch::linear(x, find(cell + "w_ih"), find(cell + "b_ih"));
                const Array h0 = begin(h, "h0", k);
                const auto out =
                    Recurrence::apply(sums, h0, kind == Recurrent::lstm ? begin(c, "c0", k) : h0.detach(),
                                      find(cell + "w_hh"), find(cell + "b_hh"), static_cast<std::int64_t>(kind));
                x = out[0];
                last_h.push_back(x.detach()[steps - 1]);
                last_c.push_back(out[1].detach());
                sum = sum.defined() && config.skip ? sum + x : x;
            }
            h = torch::stack(last_h);
            if (kind == Recurrent::lstm) c = torch::stack(last_c);
            Array up = torch::linear(sum, find(prefix + "up.weight"), find(prefix + "up.bias"));
            if (i == 0) return up;
            const std::int64_t ratio = tier.frame / config.tiers[i - 1].frame;
            from_above = up.view({steps, B, ratio, D}).transpose(1, 2).reshape({steps * ratio, B, D});
        }
        throw ModelError("a network needs at least one frame tier");
    }

    // Embedding, then convolution, as one table a tap: [F Q, D], tap by tap.
    Array tables() const {
        return torch::matmul(find("sample.embedding"), find("sample.conv").permute({2, 1, 0}))
            .reshape({-1, config.dim});
    }

    // Rows' logits. `rows` [n, F] indexes the tables, `cond` [n, D].
    Array sample_tier(const Array& table, const Array& rows, const Array& cond) const {
        const Array offsets = torch::arange(rows.size(0), rows.options()).mul_(rows.size(1));
        Array x = std::get<0>(torch::embedding_bag(table, rows.reshape({-1}), offsets)) + cond;
        if (const Array bias = find("sample.conv_bias"); bias.defined()) x = x + bias;
        if (config.relu_after_sum) x = torch::relu(x);
        for (int i = 0; i < config.hidden; ++i) {
            const std::string name = "sample.hidden." + std::to_string(i) + ".";
            x = torch::relu(torch::linear(x, find(name + "weight"), find(name + "bias")));
        }
        return torch::linear(x, find("sample.out.weight"), find("sample.out.bias"));
    }

    // Table rows [frames, B, F, taps] and targets [frames, B, F] of a window.
    std::pair<Array, Array> rows_of(const Array& levels, const Window& window) const {
        const std::int64_t F = config.tiers[0].frame, frames = window.samples / F;
        const Array past = levels.narrow(1, window.history - F, window.samples + F - 1).unfold(1, F, 1);
        const Array taps = torch::arange(F, levels.options()).mul_(config.levels);
        auto by_frame = [&](const Array& t) {
            auto sizes = t.sizes().vec();
            sizes[1] = F;
            sizes.insert(sizes.begin() + 1, frames);
            return t.reshape(sizes).transpose(0, 1).contiguous();
        };
        return {by_frame(past + taps), by_frame(levels.narrow(1, window.history, window.samples)).to(torch::kLong)};
    }

    // Calls visit(table rows, targets, first frame, frames) chunk by chunk.
    template <class Visit>
    void chunks(const Array& levels, const Window& window, Visit visit) const {
        const std::int64_t F = config.tiers[0].frame, frames = window.samples / F;
        const std::int64_t step = std::max<std::int64_t>(1, rows_per_chunk / (F * window.streams));
        const auto [rows, targets] = rows_of(levels, window);
        for (std::int64_t at = 0; at < frames; at += step) {
            const auto n = std::min(step, frames - at);
            visit(rows.narrow(0, at, n).reshape({-1, F}), targets.narrow(0, at, n).reshape({-1}), at, n);
        }
    }

    void swap_average() {  // the weights are views of flat, so values move and not tensors
        const Array kept = flat.clone();
        flat.copy_(average);
        average.copy_(kept);
    }

    Tensors named(const Array& values) const {
        Tensors all;
        std::int64_t at = 0;
        for (const auto& [name, view] : weights) {
            all[name] = {view.sizes().vec(), to_vector(values.narrow(0, at, view.numel()))};
            at += view.numel();
        }
        return all;
    }
};

Network::Network(const Config& config, std::uint64_t seed, const std::string& device) {
    config.validate();
    parts_ = std::make_unique<Parts>(config, device);
    const torch::NoGradGuard no_grad;
    std::uint64_t stream = 0;
    for (auto& [name, view] : parts_->weights) initialise(view.detach(), name, config, seed, stream++);
    parts_->average = parts_->flat.clone();
}
Network::~Network() = default;

const Config& Network::config() const { return parts_->config; }
std::string Network::device() const { return parts_->device.is_cuda() ? "cuda" : "cpu"; }
std::int64_t Network::parameters() const { return parts_->flat.numel(); }
Tensors Network::tensors() const { return parts_->named(parts_->flat); }
Tensors Network::averaged() const { return parts_->named(parts_->average); }

void Network::set_tensors(const Tensors& tensors) {
    const torch::NoGradGuard no_grad;
    if (tensors.size() != parts_->weights.size())
        throw ModelError("has " + std::to_string(tensors.size()) + " tensors where the config asks for " +
                         std::to_string(parts_->weights.size()));
    for (auto& [name, view] : parts_->weights) {
        const auto found = tensors.find(name);
        if (found == tensors.end()) throw ModelError("has no tensor " + name);
        from_span(view.detach(), found->second.values);
    }
    parts_->average.copy_(parts_->flat);
}

States Network::fresh_states(int streams) const {
    States states;
    for (const auto& tier : parts_->config.tiers) {
        const Array zeros = torch::zeros({tier.layers, streams, parts_->config.dim}, parts_->device);
        states.held_->h.push_back(zeros);
        states.held_->c.push_back(tier.cell == Cell::lstm ? zeros.clone() : torch::zeros({0}, parts_->device));
    }
    return states;
}

States Network::load_states(int streams, std::span<const float> saved) const {
    States states = fresh_states(streams);
    for (auto* list : {&states.held_->h, &states.held_->c})
        for (auto& t : *list) {
            const auto n = static_cast<std::size_t>(t.numel());
            if (saved.size() < n) throw ModelError("holds too few states");
            from_span(t, saved.first(n));
            saved = saved.subspan(n);
        }
    if (!saved.empty()) throw ModelError("holds too many states");
    return states;
}

// The sample tier runs forward and backward chunk by chunk on cut copies of its inputs; what arrives at the cuts then
// goes back through the tiers in one piece. The gradient is exact, the memory that of one chunk.
double Network::learn(const Window& window, States& states) {
    auto& p = *parts_;
    p.gradient.zero_();
    const Array levels = p.levels_of(window);
    const Array cond = p.condition(levels, window, states);
    const Array table = p.tables(), cut_table = table.detach().requires_grad_();
    const double scale = 1.0 / (static_cast<double>(window.streams) * window.samples);
    std::vector<Array> cond_gradients;
    Array loss = torch::zeros({}, p.device);
    p.chunks(levels, window, [&](const Array& rows, const Array& targets, std::int64_t at, std::int64_t n) {
        const Array cut = cond.detach().narrow(0, at, n).reshape({-1, p.config.dim}).requires_grad_();
        const Array part =
            torch::cross_entropy_loss(p.sample_tier(cut_table, rows, cut), targets, {}, at::Reduction::Sum) * scale;
        part.backward();
        loss += part.detach();
        cond_gradients.push_back(cut.grad());
    });
    torch::autograd::backward({cond, table}, {torch::cat(cond_gradients).view(cond.sizes()), cut_table.grad()});
    return loss.item<double>() / math::ln2;
}

double Network::evaluate(const Window& window, States& states) {
    auto& p = *parts_;
    const torch::NoGradGuard no_grad;
    p.swap_average();
    const Array levels = p.levels_of(window);
    const Array cond = p.condition(levels, window, states);
    const Array table = p.tables();
    Array loss = torch::zeros({}, p.device);
    p.chunks(levels, window, [&](const Array& rows, const Array& targets, std::int64_t at, std::int64_t n) {
        const Array logits = p.sample_tier(table, rows, cond.narrow(0, at, n).reshape({-1, p.config.dim}));
        loss += torch::cross_entropy_loss(logits, targets, {}, at::Reduction::Sum);
    });
    p.swap_average();
    return loss.item<double>() / (math::ln2 * window.streams * window.samples);
}

// Kingma & Ba 2014.
bool Network::update(double learning_rate, double clip_norm) {
    auto& p = *parts_;
    const torch::NoGradGuard no_grad;
    p.norm = p.gradient.norm().item<double>();
    if (!std::isfinite(p.norm)) return false;
    if (p.norm > clip_norm) p.gradient.mul_(clip_norm / p.norm);
    ++p.updates;
    const auto n = static_cast<double>(p.updates);
    p.moment1.lerp_(p.gradient, 1 - beta1);
    p.moment2.mul_(beta2).addcmul_(p.gradient, p.gradient, 1 - beta2);
    const Array root = p.moment2.sqrt().mul_(1 / std::sqrt(1 - std::pow(beta2, n))).add_(adam_epsilon);
    p.flat.addcdiv_(p.moment1, root, -learning_rate / (1 - std::pow(beta1, n)));
    p.average.lerp_(p.flat, 1 - std::min(average_keep, n / (n + 10)));  // young means forget sooner
    return true;
}

double Network::gradient_norm() const { return parts_->norm; }
std::vector<float> Network::gradient() const { return to_vector(parts_->gradient); }
std::vector<float> Network::weights() const { return to_vector(parts_->flat); }
void Network::set_weights(std::span<const float> weights) {
    from_span(parts_->flat, weights);
    parts_->average.copy_(parts_->flat);
}

std::vector<float> Network::save() const {
    const auto& p = *parts_;
    return to_vector(torch::cat({p.flat, p.average, p.moment1, p.moment2}));
}

void Network::load(std::span<const float> saved, std::int64_t updates) {
    auto& p = *parts_;
    const auto n = static_cast<std::size_t>(p.flat.numel());
    if (saved.size() != 4 * n) throw ModelError("holds the weights of another network");
    for (auto* t : {&p.flat, &p.average, &p.moment1, &p.moment2}) {
        from_span(*t, saved.first(n));
        saved = saved.subspan(n);
    }
    p.updates = updates;
}

std::vector<float> Network::logits(std::span<const int> levels) const {
    const auto& p = *parts_;
    const torch::NoGradGuard no_grad;
    const int big = p.config.tiers.back().frame, n = static_cast<int>(levels.size());
    Window window{1, (n + big - 1) / big * big, big, {}, {1}};
    window.levels.assign(static_cast<std::size_t>(window.samples + big), Levels(p.config).silence());
    std::copy(levels.begin(), levels.end(), window.levels.begin() + big);
    States states = fresh_states(1);
    const Array in = p.levels_of(window);
    const Array cond = p.condition(in, window, states);
    const auto rows = p.rows_of(in, window).first;
    const Array all = p.sample_tier(p.tables(), rows.reshape({-1, rows.size(3)}), cond.reshape({-1, p.config.dim}));
    return to_vector(all.narrow(0, 0, n));
}

void set_threads(int threads) {
    torch::set_num_threads(threads);
    // OpenBLAS keeps its own pool; another BLAS follows LibTorch's.
    if (auto* set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<void (*)(int)>(set)(threads);
    at::globalContext().setFlushDenormal(true);  // Adam's moments decay into them
#if defined(__GLIBC__)
    // Every step allocates the same large blocks: keep them, the kernel would clear their pages anew each time.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

}  // namespace legume::samplernn
