// What a node costs: nanoseconds a block of 64 stereo frames, a patch of 100 nodes, and the speed of a render.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "graph/base/denormals.h"
#include "host/patch/yaml.h"
#include "nodes/registry.h"
#include "nodes/sound/sound_file.h"
#include "tests/harness.h"

namespace {

using namespace legume;
using namespace legume::test;

constexpr double rate = 48'000;
constexpr std::size_t turn_frames = 640 * block_frames;  // of sound that goes round

// The files that nodes ask for.
struct Files {
    Folder folder;
    Files() {
        auto room = noise(96'000, 3, 0.1f);
        for (std::size_t i = 0; i < room.size(); ++i) room[i] *= 1 - static_cast<float>(i) / 96'000;
        write_wav(folder / "two-seconds.wav", {room, noise(96'000, 4, 0.05f)}, rate);
        std::filesystem::create_directories(folder / "run/takes");
        for (const auto* name : {"00000010-young.flac", "00000020-old.flac"}) {
            SoundWriter take(folder / "run/takes" / name, 16'000, 1, SoundFormat::flac_16);
            take.write(noise(32'000, 5, 0.3f));
            take.finish();
        }
    }
    std::vector<std::pair<std::string, std::string>> of(const NodeType& type) const {
        std::vector<std::pair<std::string, std::string>> settings;
        const auto node = type.make();
        for (const auto* option : node->options())
            if (option->required) settings.emplace_back(option->name, value(type, option->name));
        return settings;
    }
    std::string value(const NodeType& type, const std::string& option) const {
        if (option == "run") return (folder / "run").string();
        return (folder / (std::string(type.name) == "recorder" ? "take.wav" : "two-seconds.wav")).string();
    }
};

// Networks have a bench of their own, a train node and a morph play nothing.
bool judged(const NodeType& type) {
    const std::string name = type.name;
    return name.rfind("samplernn", 0) != 0 && name != "train" && name != "morph";
}

// Stereo noise into every In of the node, or mono where it takes no more; `none` is what that costs without it.
Rig rig_of(const NodeType* type, const Files& files) {
    std::vector<NodeText> nodes{{"i", "input", {{"channels", "2"}}}, {"mono", "input", {}}, {"t", "tap", {}}};
    std::vector<std::string> wires{"i -> t"};
    if (type) {
        nodes.push_back({"it", type->name, files.of(*type)});
        const auto node = type->make();
        for (const auto* in : node->ins()) {
            const bool stereo = std::min(in->shape.channels, node->channels_of(*in)) > 1;
            wires.push_back(std::string(stereo ? "i" : "mono") + " -> it." + in->name);
        }
    }
    return Rig(nodes, wires, {.rate = rate, .inputs = 2, .outputs = 4});  // a cue has its own pair
}

// Twenty voices of five nodes each: what a crowded set looks like.
Rig hundred() {
    std::vector<NodeText> nodes;
    std::vector<std::string> wires;
    for (int i = 0; i < 20; ++i) {
        const auto n = std::to_string(i);
        nodes.push_back({"voice" + n, "oscillator", {{"frequency", std::to_string(50 + 30 * i)}, {"gain", "-30 dB"}}});
        nodes.push_back({"sway" + n, "lfo", {{"rate", "0." + std::to_string(i + 1)}}});
        nodes.push_back({"tone" + n, "filter", {}});
        nodes.push_back({"place" + n, "pan", {}});
        nodes.push_back({"echo" + n, i % 2 ? "delay" : "gain", {}});
        wires.push_back("voice" + n + " -> tone" + n + " -> place" + n + " -> echo" + n + " -> t");
        wires.push_back("sway" + n + " -> tone" + n + ".cutoff");
    }
    nodes.push_back({"t", "tap", {}});
    return Rig(nodes, wires, {.rate = rate});
}

void play(benchmark::State& state, Rig& rig, const Channels& sound) {
    rig.run(turn_frames, sound);
    for (auto _ : state) benchmark::DoNotOptimize(rig.run(turn_frames, sound).data());
    state.counters["blocks"] = {static_cast<double>(state.iterations() * (turn_frames / block_frames)),
                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert};
}

// Keeps each case's median.
class Medians : public benchmark::ConsoleReporter {
  public:
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs)
            if (run.aggregate_name == "median") seconds[run.run_name.function_name] = run.counters.at("blocks").value;
    }
    std::map<std::string, double> seconds;  // a block
};

}  // namespace

int main(int argc, char** argv) {
    std::vector<char*> arguments(argv, argv + argc);
    std::string take_turns = "--benchmark_enable_random_interleaving=true";  // a busy minute falls on all
    arguments.insert(arguments.begin() + 1, take_turns.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;

    const Files files;
    const Channels sound{noise(turn_frames, 1, 0.3f), noise(turn_frames, 2, 0.3f)};
    const auto add = [&](const std::string& name, std::function<Rig()> make) {
        benchmark::RegisterBenchmark(name.c_str(),
                                     [&sound, make](benchmark::State& state) {
                                         const NoDenormals no_denormals;
                                         auto rig = make();
                                         play(state, rig, sound);
                                     })
            ->MinTime(0.05)
            ->Repetitions(5)
            ->ReportAggregatesOnly();
    };
    add("none", [&] { return rig_of(nullptr, files); });
    for (const auto* type : node_types())
        if (judged(*type)) add(type->name, [&, type] { return rig_of(type, files); });
    add("100 nodes", [] { return hundred(); });
    add("effects-chain.yaml",
        [] { return Rig(load_patch(source_folder() / "patches/effects-chain.yaml").patch, {.rate = rate}); });

    Medians medians;
    benchmark::RunSpecifiedBenchmarks(&medians);
    const double none = medians.seconds["none"], block = block_frames / rate;
    std::vector<std::pair<double, std::string>> nodes;
    for (const auto* type : node_types())
        if (const auto found = medians.seconds.find(type->name); found != medians.seconds.end())
            nodes.emplace_back(std::max(found->second - none, 0.0), type->name);
    std::sort(nodes.begin(), nodes.end());
    std::printf("| node | ns a block | of a core |\n|---|---|---|\n");
    for (const auto& [seconds, name] : nodes)
        std::printf("| %s | %.0f | %.2f %% |\n", name.c_str(), seconds * 1e9, 100 * seconds / block);
    if (const auto found = medians.seconds.find("100 nodes"); found != medians.seconds.end())
        std::printf("\n100 nodes: %.1f us a block, %.1f %% of a core\n", found->second * 1e6,
                    100 * found->second / block);
    if (const auto found = medians.seconds.find("effects-chain.yaml"); found != medians.seconds.end())
        std::printf("effects-chain.yaml: %.1f x real time\n", block / found->second);
    return 0;
}
