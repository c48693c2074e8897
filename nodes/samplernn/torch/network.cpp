// The SampleRNN in LibTorch: exact semantics of the engine, passes cut so that memory stays within its limit.
// SPDX-License-Identifier: MIT
#include "nodes/samplernn/torch/network.h"

#include <dlfcn.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

#include "graph/base/math.h"
#include "nodes/dsp/random.h"
#include "nodes/samplernn/checkpoint/quantise.h"
#include "nodes/samplernn/torch/live_blocks.h"
#include "nodes/samplernn/torch/sample_tier.h"
#include "nodes/samplernn/torch/team.h"
#include "nodes/samplernn/torch/tiers.h"
#include "nodes/samplernn/torch/weight_norm.h"

namespace legume::samplernn {
namespace {

using Array = torch::Tensor;  // Tensor is the checkpoint's

constexpr double beta1 = 0.9, beta2 = 0.999, adam_epsilon = 1e-8;
constexpr double average_keep = 0.999;
constexpr std::int64_t cached = 1 << 15;  // weights that are updated in one go

int threads = 1;

torch::Device find_device(const std::string& wanted) {
    if (wanted == "cpu") return torch::kCPU;
    if (torch::cuda::is_available()) {
        at::globalContext().setAllowTF32CuBLAS(true);
        setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:2", 0);  // the same sums each time (cuDNN's notes on reproducibility)
        return torch::Device(torch::kCUDA, 0);
    }
    if (wanted == "cuda")
        throw ModelError("no CUDA device: this LibTorch or this machine has none; set device: cpu, or auto");
    return torch::kCPU;
}

// What a tensor begins with: as its cell says, or (outside the cells) by its number of inputs, and biases at zero.
Fresh fresh_of(const Config& config, const std::string& name, std::int64_t dims) {
    for (std::size_t i = 0; i < config.tiers.size(); ++i) {
        const CellKind& kind = kind_of(config.tiers[i].cell);
        const std::string prefix = "tier." + std::to_string(i) + ".";
        for (const auto& state : kind.states)
            if (name == prefix + state.name + "0") return {};
        for (const auto& tensor : kind.tensors)
            if (name.starts_with(prefix + "cell.") && name.ends_with(std::string(".") + tensor.name))
                return tensor.fresh;
    }
    return {dims >= 2 ? Fresh::scaled : Fresh::zero};
}

// Values for a fresh tensor. He et al. 2015 before a ReLU, LeCun's elsewhere, orthogonal (Saxe et al. 2014) for what
// runs in a loop.
void initialise(Array t, const std::string& name, const Config& config, std::uint64_t seed, std::uint64_t stream) {
    auto uniform = [&](const Array& into, double bound) {
        std::vector<float> values(static_cast<std::size_t>(into.numel()));
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = static_cast<float>(bound * (2 * dsp::random_uniform(seed, stream, i) - 1));
        Array(into).copy_(torch::from_blob(values.data(), into.sizes()));
    };
    const auto D = config.dim;
    t.zero_();
    const Fresh fresh = fresh_of(config, name, t.dim());
    if (name == "sample.embedding") {
        uniform(t, std::sqrt(3.0));
    } else if (name == "sample.out.weight") {
        uniform(t, 0.1 * std::sqrt(3.0 / D));  // so that the first guess is no opinion: log2 Q bits
    } else if (fresh.law == Fresh::orthogonal) {
        uniform(t, 1);
        for (std::int64_t gate = 0; gate < t.size(0) / D; ++gate) {
            Array block = t.narrow(0, gate * D, D);
            block.copy_(std::get<0>(torch::linalg_qr(block.to(torch::kCPU, torch::kDouble))));
        }
    } else if (fresh.law == Fresh::scaled) {
        const double fan_in = static_cast<double>(t.numel()) / static_cast<double>(t.size(0));
        uniform(t, std::sqrt((name.starts_with("sample.hidden.") ? 6.0 : 3.0) / fan_in));
    } else if (fresh.bias != 0) {
        t.narrow(0, fresh.gate * D, D).fill_(fresh.bias);
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

// As they are saved: every tier's h, then every tier's second state where it has one, and so on.
template <class Work>
void each_state(const TierStates& states, Work work) {
    std::size_t most = 0;
    for (const auto& tier : states.tiers) most = std::max(most, tier.size());
    for (std::size_t s = 0; s < most; ++s)
        for (const auto& tier : states.tiers)
            if (s < tier.size()) work(tier[s]);
}

}  // namespace

struct States::Held : TierStates {};
States::States() : held_(std::make_unique<Held>()) {}
States::~States() = default;
States::States(States&&) noexcept = default;
States& States::operator=(States&&) noexcept = default;

std::vector<float> States::save() const {
    std::vector<float> all;
    each_state(*held_, [&](const Array& state) {
        for (const float v : to_vector(state)) all.push_back(v);
    });
    return all;
}

struct Network::Parts {
    Config config;
    torch::Device device;
    // All that is learned are views into one tensor, and so are the gradients: Adam, clipping, averaging and saving are
    // one operation each.
    Array flat, gradient, moment1, moment2, average;
    std::map<std::string, Shape> shapes;  // of what is learned
    std::map<std::string, Array> learned, gradients;
    std::map<std::string, Array> weights;  // what the passes see: what is learned, or folded from it
    std::map<std::string, Array> lengths;  // of the folded ones: g; `learned` has v under the weight's own name
    std::int64_t updates = 0;
    Dropout dropout;
    double norm = 0;
    std::optional<LiveBlocks> live;  // when it is pruned
    Array mask;                      // laid out as `flat`: 1 for each that lives
    Team team;
    Bank bank;
    // The passes' buffers, made for the windows that come: learned ones are all alike.
    std::unique_ptr<Tiers> tiers;
    std::unique_ptr<SampleTier> sample_tier;
    std::int64_t made_streams = 0, made_samples = 0, made_rows = 0;

    Parts(const Config& c, const std::string& wanted, const Learning& learning)
        : config(c), device(find_device(wanted)), dropout{learning.dropout}, team(device.is_cpu() ? threads : 1) {
        const auto asked = expected_shapes(config);
        shapes = asked;
        if (learning.weight_norm)
            for (const auto& [name, shape] : asked)
                if (is_normed(name)) shapes[name + ".g"] = {shape[0]};
        std::int64_t numbers = 0;
        for (const auto& [name, shape] : shapes) numbers += count(shape);
        flat = torch::zeros({numbers}, device);
        gradient = torch::zeros_like(flat);
        moment1 = torch::zeros_like(flat);
        moment2 = torch::zeros_like(flat);
        average = torch::zeros_like(flat);
        learned = views(flat);
        gradients = views(gradient);
        for (const auto& [name, shape] : asked) {
            const bool folded = shapes.count(name + ".g") > 0;
            weights[name] = folded ? torch::zeros(shape, device) : learned[name];
            if (folded) lengths[name] = learned[name + ".g"];
        }
        auto find = [](const std::map<std::string, Array>& all) {
            return [&all](const std::string& name) {
                const auto found = all.find(name);
                return found == all.end() ? Array() : found->second;
            };
        };
        bank = {find(weights), find(gradients)};
    }

    std::map<std::string, Array> views(const Array& of) const {  // the tensors in what is laid out as `flat` is
        std::map<std::string, Array> all;
        std::int64_t at = 0;
        for (const auto& [name, shape] : shapes) {
            const std::int64_t n = count(shape);
            all[name] = of.narrow(0, at, n).view(shape);
            at += n;
        }
        return all;
    }

    void apply_mask() {
        mask = torch::ones_like(flat);
        live->mask(views(mask));
        flat.mul_(mask);
        average.mul_(mask);
    }

    // What memory is counted for in all lanes, a graphics card has in one: so many are worth its launches.
    std::int64_t rows(const GradientCheckpoints& cuts) const {
        return cuts.rows ? cuts.rows : rows_at_once(config) * (device.is_cpu() ? 1 : most_lanes);
    }

    void make_passes(std::int64_t streams, std::int64_t samples, std::int64_t rows) {
        if (!tiers || streams != made_streams || samples != made_samples) {
            tiers.reset();  // before there are others
            tiers = std::make_unique<Tiers>(config, bank, team, made_streams = streams, made_samples = samples);
        }
        if (!sample_tier || rows != made_rows)
            sample_tier = std::make_unique<SampleTier>(config, bank, team, made_rows = rows);
        for (const auto& [name, g] : lengths) weights[name].copy_(fold_rows(learned[name], g));
        tiers->begin();
        sample_tier->begin();
    }
    void to_learned() const {  // the gradient by the weights
        for (const auto& [name, g] : lengths)
            unfold_gradient(learned.at(name), g, gradients.at(name), gradients.at(name + ".g"));
    }
    void set_lengths() {  // v has the weights' values
        for (const auto& [name, g] : lengths) Array(g).copy_(row_lengths(learned[name]));
        average.copy_(flat);
    }

    Array levels_of(const Window& w) const {  // [streams, history + samples]
        return torch::from_blob(const_cast<std::int32_t*>(w.levels.data()), {w.streams, w.history + w.samples},
                                torch::kInt)
            .to(device);
    }
    Array fresh_of(const Window& w) const {  // [streams, 1]
        return torch::from_blob(const_cast<std::uint8_t*>(w.fresh.data()), {w.streams, 1}, torch::kByte).to(device) ==
               1;
    }

    // Table rows [n, F] and targets [n] of [streams, history + samples], rows ordered as the sample tier has them.
    std::pair<Array, Array> rows_of(const Array& levels) const {
        const std::int64_t F = config.tiers[0].frame, history = config.tiers.back().frame;
        const std::int64_t samples = levels.size(1) - history;
        const Array past = levels.narrow(1, history - F, samples + F - 1).unfold(1, F, 1);
        const Array taps = torch::arange(F, levels.options()).mul_(config.levels);
        auto by_frame = [&](const Array& t) {
            auto sizes = t.sizes().vec();
            sizes[1] = F;
            sizes.insert(sizes.begin() + 1, samples / F);
            return t.reshape(sizes).transpose(0, 1).contiguous();
        };
        return {by_frame(past + taps).view({-1, F}),
                by_frame(levels.narrow(1, history, samples)).view({-1}).to(torch::kLong)};
    }

    // Segment `i` of a window, with the history that it needs.
    Array segment_of(const Array& levels, std::int64_t i, std::int64_t segment) const {
        const std::int64_t history = config.tiers.back().frame, all = levels.size(1) - history;
        return levels.narrow(1, i * segment, history + std::min(segment, all - i * segment));
    }

    void swap_average() {  // all that is learned are views of flat, so values move and not tensors
        const Array kept = flat.clone();
        flat.copy_(average);
        average.copy_(kept);
    }

    Tensors named(const Array& values) const {  // the weights that these, laid out as `flat`, would give
        const auto of = views(values);
        Tensors all;
        for (const auto& [name, weight] : weights) {
            const Array here = of.at(name);
            all[name] = {weight.sizes().vec(),
                         to_vector(lengths.count(name) ? fold_rows(here, of.at(name + ".g")) : here),
                         live && live->prunes(name)};
        }
        return all;
    }
};

Network::Network(const Config& config, std::uint64_t seed, const std::string& device, const Learning& learning) {
    config.validate();
    parts_ = std::make_unique<Parts>(config, device, learning);
    parts_->dropout.seed = seed;
    const c10::InferenceMode mode;
    std::uint64_t stream = 0;
    for (const auto& [name, weight] : parts_->weights)
        initialise(parts_->learned[name].detach(), name, config, seed, stream++);
    parts_->set_lengths();
}
Network::~Network() = default;

const Config& Network::config() const { return parts_->config; }
std::string Network::libtorch() { return TORCH_VERSION; }

std::string Network::device() const { return parts_->device.is_cuda() ? "cuda" : "cpu"; }
std::int64_t Network::parameters() const { return parts_->flat.numel(); }
Tensors Network::tensors() const { return parts_->named(parts_->flat); }
Tensors Network::averaged() const { return parts_->named(parts_->average); }

void Network::set_tensors(const Tensors& tensors) {
    const c10::InferenceMode mode;
    if (tensors.size() != parts_->weights.size())
        throw ModelError("has " + std::to_string(tensors.size()) + " tensors where the config asks for " +
                         std::to_string(parts_->weights.size()));
    for (const auto& [name, weight] : parts_->weights) {
        const auto found = tensors.find(name);
        if (found == tensors.end()) throw ModelError("has no tensor " + name);
        from_span(parts_->learned[name].detach(), found->second.values);
    }
    parts_->set_lengths();
}

States Network::fresh_states(int streams) const {
    States states;
    for (const auto& tier : parts_->config.tiers) {
        auto& own = states.held_->tiers.emplace_back();
        for (const auto& state : kind_of(tier.cell).states)
            own.push_back(torch::zeros({tier.layers, streams, state.size(parts_->config.dim)}, parts_->device));
    }
    return states;
}

States Network::load_states(int streams, std::span<const float> saved) const {
    States states = fresh_states(streams);
    each_state(*states.held_, [&](const Array& state) {
        const auto n = static_cast<std::size_t>(state.numel());
        if (saved.size() < n) throw ModelError("holds too few states");
        from_span(state, saved.first(n));
        saved = saved.subspan(n);
    });
    if (!saved.empty()) throw ModelError("holds too many states");
    return states;
}

// Forward through the tiers alone, keeping the states where segments begin; then segment by segment from the last to
// the first: tiers again, sample tier there and back, tiers back, with the states' gradient handed to the segment
// before. The gradient is exact, the memory that of one segment.
double Network::learn(const Window& window, States& states, const GradientCheckpoints& cuts) {
    const c10::InferenceMode mode;
    auto& p = *parts_;
    p.gradient.zero_();
    p.dropout.update = static_cast<std::uint64_t>(p.updates);
    const std::int64_t segment = cuts.segment ? cuts.segment : window.samples;
    const std::int64_t segments = (window.samples + segment - 1) / segment;
    p.make_passes(window.streams, segment, p.rows(cuts));
    const Array levels = p.levels_of(window), fresh = p.fresh_of(window);
    std::vector<TierStates> starts{p.tiers->start(*states.held_, fresh)};
    TierStates at = starts[0], gradient;
    for (std::int64_t i = 0; i < segments; ++i) {
        p.tiers->forward(p.segment_of(levels, i, segment), at, p.dropout, i * segment);
        if (i + 1 < segments) starts.push_back(at);
    }
    static_cast<TierStates&>(*states.held_) = at;
    for (const auto& tier : at.tiers)
        for (auto& own = gradient.tiers.emplace_back(); const auto& state : tier)
            own.push_back(torch::zeros_like(state));
    const double scale = 1.0 / (static_cast<double>(window.streams) * window.samples);
    double loss = 0;
    for (auto i = segments; i-- > 0;) {
        const Array part = p.segment_of(levels, i, segment);
        if (i + 1 < segments) p.tiers->forward(part, at = starts[static_cast<std::size_t>(i)], p.dropout, i * segment);
        const auto [taps, targets] = p.rows_of(part);
        loss += p.sample_tier->learn(taps, targets, p.tiers->cond(), scale);
        p.tiers->backward(gradient);
        starts.pop_back();
    }
    p.tiers->end_start(gradient, fresh);
    p.sample_tier->end();
    p.to_learned();
    return loss * scale / math::ln2;
}

double Network::evaluate(const Window& window, States& states, const GradientCheckpoints& cuts) {
    const c10::InferenceMode mode;
    auto& p = *parts_;
    p.swap_average();
    const std::int64_t segment = cuts.segment ? cuts.segment : window.samples;
    p.make_passes(window.streams, segment, p.rows(cuts));
    const Array levels = p.levels_of(window);
    TierStates& at = *states.held_;
    at = p.tiers->start(at, p.fresh_of(window));
    double loss = 0;
    for (std::int64_t i = 0; i * segment < window.samples; ++i) {
        const Array part = p.segment_of(levels, i, segment);
        p.tiers->forward(part, at);
        const auto [taps, targets] = p.rows_of(part);
        loss += p.sample_tier->evaluate(taps, targets, p.tiers->cond());
    }
    p.swap_average();
    return loss / (math::ln2 * window.streams * window.samples);
}

// Kingma & Ba 2014.
bool Network::update(double learning_rate, double clip_norm, double most_norm) {
    const c10::InferenceMode mode;
    auto& p = *parts_;
    std::vector<double> squares(static_cast<std::size_t>(p.team.lanes()));
    auto in_lanes = [&](auto work) {
        p.team.each([&](int lane) {
            const c10::InferenceMode in_lane;
            const auto part = share(p.flat.numel(), lane, p.team.lanes());
            const auto most = p.device.is_cpu() ? cached : part.count;
            for (std::int64_t at = 0; at < part.count; at += most)
                work(lane, part.from + at, std::min(most, part.count - at));
        });
    };
    in_lanes([&](int lane, std::int64_t from, std::int64_t n) {
        Array g = p.gradient.narrow(0, from, n);
        if (p.live) g = g * p.mask.narrow(0, from, n);
        squares[static_cast<std::size_t>(lane)] += std::pow(g.norm().item<double>(), 2);
    });
    p.norm = 0;
    for (const double square : squares) p.norm += square;
    p.norm = std::sqrt(p.norm);
    if (!std::isfinite(p.norm) || p.norm > most_norm) return false;
    ++p.updates;
    const auto n = static_cast<double>(p.updates);
    const double clip = p.norm > clip_norm ? clip_norm / p.norm : 1;
    in_lanes([&](int, std::int64_t from, std::int64_t count) {
        auto of = [&](const Array& t) { return t.narrow(0, from, count); };
        const Array g = of(p.gradient), flat = of(p.flat);
        if (clip < 1) g.mul_(clip);
        of(p.moment1).lerp_(g, 1 - beta1);
        of(p.moment2).mul_(beta2).addcmul_(g, g, 1 - beta2);
        const Array root = of(p.moment2).sqrt().mul_(1 / std::sqrt(1 - std::pow(beta2, n))).add_(adam_epsilon);
        flat.addcdiv_(of(p.moment1), root, -learning_rate / (1 - std::pow(beta1, n)));
        if (p.live) flat.mul_(of(p.mask));
        of(p.average).lerp_(flat, 1 - std::min(average_keep, n / (n + 10)));  // young means forget sooner
    });
    return true;
}

void Network::prune(double share, double churn) {
    const c10::InferenceMode mode;
    auto& p = *parts_;
    const bool first = !p.live;
    if (first) p.live.emplace(p.config);
    p.live->choose(p.learned, p.views(p.moment1), share, churn);
    p.apply_mask();
    if (!first || p.updates > 0) return;
    // Fewer inputs, larger weights: sums are as large as in the dense network (Evci et al., Gradient Flow in Sparse
    // Neural Networks, 2022).
    for (auto& [name, view] : p.learned)
        if (p.live->prunes(name)) Array(view).mul_(1 / std::sqrt(1 - share));
    p.average.copy_(p.flat);
}

double Network::gradient_norm() const { return parts_->norm; }
std::vector<float> Network::gradient() const { return to_vector(parts_->gradient); }
std::vector<float> Network::weights() const { return to_vector(parts_->flat); }
void Network::set_weights(std::span<const float> weights) {
    const c10::InferenceMode mode;
    from_span(parts_->flat, weights);
    parts_->average.copy_(parts_->flat);
}

std::vector<float> Network::save() const {
    const auto& p = *parts_;
    std::vector<float> all;
    all.reserve(static_cast<std::size_t>(4 * p.flat.numel()));
    for (const auto* t : {&p.flat, &p.average, &p.moment1, &p.moment2}) {
        const Array here = t->to(torch::kCPU);
        all.insert(all.end(), here.data_ptr<float>(), here.data_ptr<float>() + here.numel());
    }
    if (p.live)
        for (const float block : p.live->save()) all.push_back(block);
    return all;
}

void Network::load(std::span<const float> saved, std::int64_t updates) {
    const c10::InferenceMode mode;
    auto& p = *parts_;
    const auto n = static_cast<std::size_t>(p.flat.numel());
    p.live.reset();
    LiveBlocks live(p.config);
    if (saved.size() != 4 * n && saved.size() != 4 * n + live.size())
        throw ModelError("holds the weights of another network");
    for (auto* t : {&p.flat, &p.average, &p.moment1, &p.moment2}) {
        from_span(*t, saved.first(n));
        saved = saved.subspan(n);
    }
    if (!saved.empty()) {
        live.load(saved);
        p.live = std::move(live);
        p.apply_mask();
    }
    p.updates = updates;
}

std::vector<float> Network::logits(std::span<const int> levels) const {
    const c10::InferenceMode mode;
    auto& p = *parts_;
    const int big = p.config.tiers.back().frame, n = static_cast<int>(levels.size());
    Window window{1, (n + big - 1) / big * big, big, {}, {1}};
    window.levels.assign(static_cast<std::size_t>(window.samples + big), Levels(p.config).silence());
    std::copy(levels.begin(), levels.end(), window.levels.begin() + big);
    p.make_passes(1, window.samples, window.samples);
    const Array in = p.levels_of(window);
    TierStates states = p.tiers->start(*fresh_states(1).held_, p.fresh_of(window));
    p.tiers->forward(in, states);
    return to_vector(p.sample_tier->logits(p.rows_of(in).first, p.tiers->cond()).narrow(0, 0, n));
}

void set_threads(int count) {
    threads = count;
    torch::set_num_threads(1);  // the lanes' threads are ours: LibTorch's would wait for theirs on the lanes' cores
    // OpenBLAS keeps its own pool; another BLAS follows LibTorch's.
    if (auto* set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<void (*)(int)>(set)(1);
#if defined(__GLIBC__)
    // Large blocks come back in every step: keep them, the kernel would clear their pages anew each time. No larger
    // threshold is taken.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

}  // namespace legume::samplernn
