// The rig that tests play patches in.
// SPDX-License-Identifier: MIT
#include "tests/harness.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <stdexcept>

#include "graph/base/denormals.h"
#include "nodes/dsp/random.h"
#include "nodes/registry.h"
#include "nodes/sound/sound_file.h"
#include "tests/graph/declared.h"
#include "tests/heap_trap.h"

namespace legume::test {
namespace {

struct Tap final : Node {
    In in{this, "in", "What the test listens to."};
    void process(const Block& b) noexcept RT_SAFE override {
        const Signal& device = b.device_out();
        for (int c = 0; c < std::min(in.channels(b), device.channels); ++c) {
            const auto x = in.read(b, c);
            for (int i = 0; i < block_frames; ++i) device.data[static_cast<std::size_t>(c)][i] += x[i];
        }
    }
};
const NodeType tap_node{"tap", "Hands its input to the test.", make_node<Tap>};

Signal lay_out(std::vector<float>& arena, int channels) {
    arena.assign(static_cast<std::size_t>(channels) * block_frames, 0.0f);
    Signal signal;
    signal.channels = channels;
    for (int c = 0; c < channels; ++c) signal.data[static_cast<std::size_t>(c)] = arena.data() + c * block_frames;
    return signal;
}

[[noreturn]] void fail(const Problems& problems) {
    std::string all;
    for (const auto& problem : problems) all += to_string(problem) + "\n";
    throw std::runtime_error(all);
}

}  // namespace

NodeTypes test_types() {
    static const std::vector<const NodeType*> types = [] {
        const auto all = node_types();
        std::vector<const NodeType*> list(all.begin(), all.end());
        list.push_back(&declared_type);
        list.push_back(&tap_node);
        return list;
    }();
    return types;
}

Patch make_patch(const std::vector<NodeText>& nodes, const std::vector<std::string>& wires) {
    Patch patch;
    for (const auto& text : nodes) {
        PatchNode node;
        node.id = text.id;
        node.type = text.type;
        for (const auto& [name, value] : text.settings) {
            Setting setting;
            setting.name = name;
            setting.value.text = value;
            node.settings.push_back(setting);
        }
        patch.nodes.push_back(node);
    }
    Problems problems;
    for (const auto& wire : wires) parse_wires(wire, {}, std::nullopt, patch, problems);
    if (!problems.empty()) fail(problems);
    return patch;
}

std::vector<std::string> problems_of(const std::vector<NodeText>& nodes, const std::vector<std::string>& wires) {
    Store store;
    auto checked = check(make_patch(nodes, wires), test_types());
    const auto compiled = compile(std::move(checked), {48'000, 1, store, {}});
    std::vector<std::string> lines;
    for (const auto& problem : compiled.problems) lines.push_back(problem.message);
    return lines;
}

Rig::Rig(const std::vector<NodeText>& nodes, const std::vector<std::string>& wires, Setup setup)
    : Rig(make_patch(nodes, wires), setup) {}

Rig::Rig(Patch patch, Setup setup) : setup_(setup), conductor_(setup.rate) {
    auto compiled = compile(check(std::move(patch), test_types()),
                            {setup.rate, setup.seed, store_, [this](const std::string& id, const std::string& line) {
                                 told.push_back(id + ": " + line);
                             }});
    if (!compiled.schedule) fail(compiled.problems);
    schedule_ = std::move(compiled.schedule);
    work();
}

Rig::~Rig() { schedule_.reset(); }  // while `told` still listens

void Rig::work() {
    for (bool worked = true; worked;) {
        worked = false;
        for (auto* work : schedule_->works()) worked = work->run() || worked;
    }
}

Channels Rig::run(std::size_t frames, const Channels& in) {
    const NoDenormals no_denormals;
    const Signal heard = lay_out(in_, setup_.inputs), played = lay_out(out_, setup_.outputs);
    Channels result(static_cast<std::size_t>(setup_.outputs));
    for (std::size_t at = 0; at < frames; at += block_frames) {
        for (std::size_t c = 0; c < static_cast<std::size_t>(setup_.inputs); ++c)
            for (std::size_t i = 0; i < block_frames; ++i)
                heard.data[c][i] = c < in.size() && at + i < in[c].size() ? in[c][at + i] : 0.0f;
        {
            HeapTrap armed(trap);
            control_.apply(frame_);
            const auto now = conductor_.advance();
            control_.fire_due(frame_, now);
            schedule_->process(frame_, now, heard, played);
            sprung += armed.sprung();
        }
        frame_ += block_frames;
        if (frame_ / block_frames % static_cast<std::uint64_t>(lag) == 0) work();
        for (std::size_t c = 0; c < result.size(); ++c)
            result[c].insert(result[c].end(), played.data[c], played.data[c] + block_frames);
        Stamp stamp;
        while (control_.stamp(stamp)) {
        }
    }
    return result;
}

Node& Rig::node(const std::string& id) {
    auto* node = schedule_->find(id);
    if (!node) throw std::runtime_error("no node " + id);
    return *node;
}
Declaration& Rig::declaration(const std::string& id) {
    if (id == Transport::id) return conductor_;
    return node(id);
}

namespace {

template <class M>
M& member_of(Declaration& node, const std::string& name) {
    auto* member = dynamic_cast<M*>(node.find(name));
    if (!member) throw std::runtime_error("no such member: " + name);
    return *member;
}

}  // namespace

void Rig::set(const std::string& id, const std::string& param, float value) {
    control_.post(member_of<Param>(declaration(id), param), id + "/" + param, value,
                  "test " + std::to_string(++posts_));
}
void Rig::play(const std::string& id, const std::string& notes, const NoteEvent& event) {
    control_.post(member_of<Notes>(declaration(id), notes), event);
}
void Rig::fire(const std::string& id, const std::string& trigger, const Grid& grid) {
    control_.post(member_of<Trigger>(declaration(id), trigger), grid);
}
Meter& Rig::meter(const std::string& id, const std::string& name) { return member_of<Meter>(declaration(id), name); }

namespace {

template <class Each>
void each_decision(const Schedule& schedule, Each each) {
    const auto& plan = schedule.plan();
    for (std::size_t i = 0; i < plan.nodes.size(); ++i)
        for (auto* decision : plan.nodes[i]->decisions()) each(plan.ids[i] + "/" + decision->name, *decision);
}

}  // namespace

void collect(const Schedule& schedule, TimingDecisions& into) {
    each_decision(schedule, [&](const std::string& name, TimingDecision& decision) {
        if (decision.lost()) throw std::runtime_error(name + " was not asked for too long");
        for (TimingDecision::Answer answer; decision.recorded(answer);) into[name].push_back(answer);
    });
}

void replay_decisions(const Schedule& schedule, const TimingDecisions& decisions) {
    each_decision(schedule, [&](const std::string& name, TimingDecision& decision) {
        const auto found = decisions.find(name);
        decision.replay(found != decisions.end() ? found->second : std::vector<TimingDecision::Answer>{});
    });
}

void write_wav(const std::filesystem::path& file, const Channels& sound, double rate) {
    SoundWriter writer(file, rate, static_cast<int>(sound.size()), SoundFormat::wav_float);
    Samples samples;
    for (std::size_t i = 0; i < sound[0].size(); ++i)
        for (const auto& channel : sound) samples.push_back(channel[i]);
    writer.write(samples);
    writer.finish();
}

// ---------------------------------------------------------------- sounds and measures

Samples sine(double hertz, double rate, std::size_t frames, float amplitude) {
    Samples x(frames);
    for (std::size_t i = 0; i < frames; ++i)
        x[i] = amplitude * static_cast<float>(std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate));
    return x;
}

Samples noise(std::size_t frames, std::uint64_t seed, float amplitude) {
    Samples x(frames);
    for (std::size_t i = 0; i < frames; ++i)
        x[i] = amplitude * static_cast<float>(2 * dsp::random_uniform(seed, 99, i) - 1);
    return x;
}

Samples part(const Samples& x, std::size_t from, std::size_t count) {
    if (from + count > x.size()) throw std::runtime_error("the sound is too short for that part");
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(from);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

double rms(const Samples& x) {
    double sum = 0;
    for (const double s : x) sum += s * s;
    return x.empty() ? 0 : std::sqrt(sum / static_cast<double>(x.size()));
}

double peak(const Samples& x) {
    double most = 0;
    for (const double s : x) most = std::max(most, std::abs(s));
    return most;
}

double largest_step(const Samples& x) {
    double most = 0;
    for (std::size_t i = 1; i < x.size(); ++i) most = std::max(most, std::abs(double{x[i]} - double{x[i - 1]}));
    return most;
}

bool finite(const Channels& x) {
    for (const auto& channel : x)
        for (const float s : channel)
            if (!std::isfinite(s)) return false;
    return true;
}

double amplitude_at(const Samples& x, double rate, double hertz) {
    std::complex<double> sum = 0;
    double weight = 0;
    const auto n = static_cast<double>(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        const auto t = static_cast<double>(i);
        const double hann = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * (t + 0.5) / n);
        sum += std::polar(hann * double{x[i]}, -2 * std::numbers::pi * hertz * t / rate);
        weight += hann;
    }
    return 2 * std::abs(sum) / weight;
}

double decibels(double amplitude) { return 20 * std::log10(std::max(amplitude, 1e-12)); }

namespace {

void transform(std::vector<std::complex<double>>& x) {
    const auto n = x.size();
    if (n < 2) return;
    std::vector<std::complex<double>> even(n / 2), odd(n / 2);
    for (std::size_t i = 0; i < n / 2; ++i) {
        even[i] = x[2 * i];
        odd[i] = x[2 * i + 1];
    }
    transform(even);
    transform(odd);
    for (std::size_t k = 0; k < n / 2; ++k) {
        const auto turned =
            odd[k] * std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
        x[k] = even[k] + turned;
        x[k + n / 2] = even[k] - turned;
    }
}

}  // namespace

std::vector<double> spectrum(const Samples& x) {
    const auto n = std::bit_floor(x.size());
    std::vector<std::complex<double>> bins(n);
    for (std::size_t i = 0; i < n; ++i)
        bins[i] =
            double{x[i]} *
            (0.5 - 0.5 * std::cos(2 * std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(n)));
    transform(bins);
    std::vector<double> magnitudes(n / 2 + 1);
    for (std::size_t k = 0; k < magnitudes.size(); ++k) magnitudes[k] = 4 * std::abs(bins[k]) / static_cast<double>(n);
    return magnitudes;
}

double centroid(const Samples& x, double rate) {
    const auto bins = spectrum(x);
    double sum = 0, weighted = 0;
    for (std::size_t k = 0; k < bins.size(); ++k) {
        sum += bins[k];
        weighted += bins[k] * static_cast<double>(k);
    }
    return sum > 0 ? weighted / sum * rate / (2 * static_cast<double>(bins.size() - 1)) : 0;
}

double loudest_hertz(const Samples& x, double rate) {
    const auto bins = spectrum(x);
    auto k = static_cast<std::size_t>(std::max_element(bins.begin() + 1, bins.end() - 1) - bins.begin());
    k = std::clamp<std::size_t>(k, 1, bins.size() - 2);
    // The top of the parabola through the logarithms of three bins.
    const double a = std::log(bins[k - 1] + 1e-300), b = std::log(bins[k] + 1e-300), c = std::log(bins[k + 1] + 1e-300);
    const double bend = a - 2 * b + c;
    const double off = bend == 0 ? 0 : 0.5 * (a - c) / bend;
    return (static_cast<double>(k) + off) * rate / (2 * static_cast<double>(bins.size() - 1));
}

}  // namespace legume::test
