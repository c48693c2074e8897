// legume: play | render | train | new | check | describe | devices.
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "host/audio.h"
#include "host/describe.h"
#include "host/midi.h"
#include "host/new.h"
#include "host/opening.h"
#include "host/play.h"
#include "host/render.h"
#include "nodes/registry.h"

namespace {

using namespace legume;

int check_patches(const std::vector<std::string>& patches) {
    bool faults = false;
    for (const auto& patch : patches) {
        const auto checked = open_patch(patch);
        if (print_problems(checked.problems))
            faults = true;
        else
            std::printf("%s: sound, %zu nodes, %zu wires\n", patch.c_str(), checked.nodes.size(), checked.links.size());
    }
    return faults ? 1 : 0;
}

int describe(const std::string& node, bool schema, bool markdown, const std::string& osc) {
    if (schema) {
        std::fputs(patch_schema(node_types()).c_str(), stdout);
    } else if (markdown) {
        std::fputs(manual_markdown(node_types()).c_str(), stdout);
    } else if (!osc.empty()) {
        const auto checked = open_patch(osc);
        if (print_problems(checked.problems)) return 1;
        std::fputs(osc_namespace(checked).c_str(), stdout);
    } else if (!node.empty()) {
        const auto* type = find_type(node_types(), node);
        if (!type) {
            std::vector<std::string> names;
            for (const auto* known : node_types()) names.emplace_back(known->name);
            const auto near = nearest(node, names);
            std::fprintf(stderr, "there is no node type \"%s\"; %s\n", node.c_str(),
                         near.empty() ? "legume describe lists them" : ("did you mean \"" + near + "\"?").c_str());
            return 1;
        }
        std::fputs(describe_text(*type).c_str(), stdout);
    } else {
        std::fputs(describe_text(node_types()).c_str(), stdout);
    }
    return 0;
}

int devices(bool verbose) {
    for (const auto& device : list_audio_devices(verbose))
        std::printf("audio  %-44s in %2d  out %2d  %6.0f Hz%s\n", device.label().c_str(), device.inputs, device.outputs,
                    device.rate, device.initial ? "  (default)" : "");
    for (const auto& port : list_midi_ports(verbose)) std::printf("midi   %s\n", port.c_str());
    return 0;
}

// CLI::Range lets nan through, and prints its ends with six digits after the point.
CLI::Validator within(double low, double high) {
    const auto limits = print_number(low) + " to " + print_number(high);
    const auto judge = [=](const std::string& text) {
        double value = 0;
        const bool sound = CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
        return sound ? "" : text + " is not a number from " + limits;
    };
    return {judge, limits};
}

// Training lives in a program of its own, so that the player never loads LibTorch.
int train(const std::vector<std::string>& arguments) {
    const auto trainer = (program_folder() / "legume-train").string();
    std::vector<char*> argv{const_cast<char*>(trainer.c_str())};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(trainer.c_str(), argv.data());
    std::fprintf(stderr, "the trainer is not built here; ./host/setup training adds it\n");
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Plays patches of neural networks, samples and effects, live and offline."};
    app.set_version_flag("--version", "legume " LEGUME_VERSION);
    app.require_subcommand(1);

    PlayRequest live;
    bool no_osc = false;
    auto* play_command = app.add_subcommand("play", "Play a patch live");
    play_command->add_option("PATCH", live.patch, "The patch")->required();
    play_command->add_option("--device", live.device, "Sound card by (part of its) name, or null; remembered");
    play_command->add_option("--rate", live.rate, "Frames a second; remembered")->check(within(8'000, 384'000));
    play_command->add_option("--buffer", live.buffer, "Frames a callback; remembered")->check(within(1, 16384));
    play_command->add_option("--seed", live.seed, "For the same chance as another time");
    play_command->add_option("--seconds", live.seconds, "End after so long")->check(within(0.01, 1e6));
    play_command->add_option("--record", live.record, "Write what is played to FILE.wav or FILE.flac");
    play_command->add_option("--osc-port", live.osc_port, "UDP port that OSC comes to")->check(within(1, 65535));
    play_command->add_option("--osc-listen", live.osc_listen, "local: this computer only; lan: other computers too")
        ->transform(CLI::CheckedTransformer(std::map<std::string, OscSocket::Listen>{
            {"local", OscSocket::Listen::loopback}, {"lan", OscSocket::Listen::lan}}));
    play_command->add_flag("--no-osc", no_osc, "Open no OSC port");
    play_command->add_flag("--verbose", live.verbose, "Show what the sound libraries print");

    RenderRequest offline;
    auto* render_command = app.add_subcommand("render", "Play a patch offline into a sound file");
    render_command->add_option("PATCH", offline.patch, "The patch")->required();
    render_command->add_option("-o,--out", offline.out, "FILE.wav or FILE.flac")->required();
    render_command->add_option("--seconds", offline.seconds, "How long; else the patch's length")
        ->check(within(0.001, 1e6));
    render_command->add_option("--rate", offline.rate, "Frames a second")->check(within(8'000, 384'000));
    render_command->add_option("--channels", offline.channels, "Else as many as the outputs have")
        ->check(within(1, 16));
    render_command->add_option("--seed", offline.seed, "For the same chance as another time");

    auto* train_command = app.add_subcommand("train", "Train the network of a patch's train node");
    train_command->prefix_command();

    std::vector<std::string> patches;
    auto* check_command = app.add_subcommand("check", "Say everything that is wrong with a patch");
    check_command->add_option("PATCH", patches, "Patches")->required();

    std::string node, osc;
    bool schema = false, markdown = false;
    auto* describe_command = app.add_subcommand("describe", "Describe the nodes");
    describe_command->add_option("NODE", node, "One node");
    describe_command->add_flag("--schema", schema, "JSON schema of patches");
    describe_command->add_flag("--markdown", markdown, "The manual");
    describe_command->add_option("--osc", osc, "The OSC addresses of this patch");

    std::filesystem::path folder;
    auto* new_command = app.add_subcommand("new", "Make a folder with a first patch of your own");
    new_command->add_option("DIR", folder, "The folder")->required();

    bool verbose = false;
    auto* devices_command = app.add_subcommand("devices", "List sound cards and MIDI ports");
    devices_command->add_flag("--verbose", verbose, "Show what the sound libraries print");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    live.osc = !no_osc;
    if (play_command->parsed()) return play(live);
    if (render_command->parsed()) return render(offline);
    if (train_command->parsed()) return train(train_command->remaining());
    if (check_command->parsed()) return check_patches(patches);
    if (describe_command->parsed()) return describe(node, schema, markdown, osc);
    if (new_command->parsed()) return new_folder(folder);
    return devices(verbose);
}
