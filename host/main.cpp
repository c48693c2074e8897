// The command line of legume: what each command takes, and who does it.
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string_view>

#include "host/audio/audio.h"
#include "host/audio/card_process.h"
#include "host/commands/describe.h"
#include "host/commands/diagram.h"
#include "host/commands/models/bench.h"
#include "host/commands/models/compress.h"
#include "host/commands/models/import.h"
#include "host/commands/models/listen.h"
#include "host/commands/models/report.h"
#include "host/commands/models/takes.h"
#include "host/commands/new.h"
#include "host/commands/pack.h"
#include "host/commands/rehearse.h"
#include "host/commands/render.h"
#include "host/commands/replay.h"
#include "host/commands/show_cues.h"
#include "host/engine/admission.h"
#include "host/midi/midi.h"
#include "host/pack/unpack.h"
#include "host/patch/reader.h"
#include "host/session/open.h"
#include "host/session/play.h"
#include "host/session/setlist.h"
#include "host/system/command.h"
#include "host/system/paths.h"
#include "nodes/registry.h"

namespace {

using namespace legume;

bool check_patch(const std::string& patch, const SetText& set, bool measure) {
    auto checked = open_in_set(patch, set);
    if (print_problems(checked.problems)) return false;
    for (const auto& notice : checked.notices) std::printf("%s\n", to_string(notice).c_str());
    std::printf("%s: valid, %zu nodes, %zu wires\n", patch.c_str(), checked.nodes.size(), checked.links.size());
    return !measure || measure_patch(std::move(checked));
}

int check_patches(const std::vector<std::string>& patches, bool measure) {
    bool valid = true;
    for (const auto& file : patches) {
        if (is_pack(file) && check_pack(file) != 0) {
            valid = false;
            continue;
        }
        const auto set = find_set(file);
        if (!set) {
            valid = check_patch(file, {}, measure) && valid;
            continue;
        }
        valid = !print_problems(set->problems) && valid;
        for (const auto& patch : set->patches) valid = check_patch(patch.file.string(), *set, measure) && valid;
    }
    return valid ? 0 : 1;
}

struct DescribeRequest {
    std::string node, osc, graph, gallery;
    bool schema = false, markdown = false;
};

int describe(const DescribeRequest& request) {
    const auto& [node, osc, graph, gallery, schema, markdown] = request;
    if (schema) {
        std::fputs(patch_schema(node_types()).c_str(), stdout);
    } else if (markdown) {
        std::fputs(manual_markdown(node_types()).c_str(), stdout);
    } else if (!osc.empty()) {
        const auto checked = open_patch(osc);
        if (print_problems(checked.problems)) return 1;
        std::fputs(osc_namespace(checked).c_str(), stdout);
    } else if (!graph.empty()) {
        const auto checked = open_patch(graph);
        if (print_problems(checked.problems)) return 1;
        std::fputs(diagram(checked).c_str(), stdout);
    } else if (!gallery.empty()) {
        return attempt([page = gallery] { std::fputs(draw_page(page).c_str(), stdout); });
    } else if (!node.empty()) {
        const auto* type = find_type(node_types(), node);
        if (!type && node.find_first_of("./") != node.npos) {  // a file, as no node is called so
            const auto checked = open_patch(node);
            if (print_problems(checked.problems)) return 1;
            std::fputs(describe_text(checked, node_types()).c_str(), stdout);
            return 0;
        }
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
        const bool valid = CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
        return valid ? "" : text + " is not a number from " + limits;
    };
    return {judge, limits};
}

// A place in a piece, as cues are written.
void add_from(CLI::App& command, double& seconds) {
    const auto take = [&seconds](const std::string& text) {
        const auto time = read_time(text);
        if (!time || !(*time >= 0 && *time <= latest_time))
            throw CLI::ValidationError("--from",
                                       "\"" + text + "\" is no time of a piece; write one such as 3:20 or 12.5 s");
        seconds = *time;
    };
    command.add_option_function<std::string>("--from", take, "Begin here, such as 3:20: what cues did before is done");
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

int run(int argc, char** argv) {
    CLI::App app{"Plays patches of neural networks, samples and effects, live and offline."};
    app.set_version_flag("--version", "legume " LEGUME_VERSION);
    app.require_subcommand(1);

    PlayRequest live;
    bool no_osc = false;
    auto* play_command = app.add_subcommand("play", "Play a patch live, or a set of them one after the other");
    play_command->add_option("PATCH", live.patches, "The patch, several of them, or a set")->required();
    play_command
        ->add_option("--crossfade", live.crossfade, "Seconds from one patch to the next; else as the set says, or 2")
        ->check(within(0, longest_crossfade));
    play_command->add_option("--device", live.device, "Sound card by (part of its) name, or null; remembered");
    play_command->add_option("--rate", live.rate, "Frames a second; remembered")->check(within(8'000, 384'000));
    play_command->add_option("--buffer", live.buffer, "Frames a callback; remembered")->check(within(1, 16384));
    play_command->add_option("--seed", live.seed, "For the same chance as another time");
    play_command->add_option("--seconds", live.seconds, "End after so long")->check(within(0.01, 1e6));
    add_from(*play_command, live.from);
    play_command->add_option("--record", live.record, "Write what is played to FILE.wav or FILE.flac");
    bool no_log = false;
    play_command->add_option("--shows", live.shows, "Keep this show's log and recording in a folder of its own here");
    play_command->add_flag("--no-log", no_log, "Keep nothing of this show");
    auto& osc = live.osc_settings;
    play_command->add_option("--osc-port", osc.port, "UDP port that OSC comes to")->check(within(1, 65535));
    auto* lan_option =
        play_command->add_option("--osc-listen", osc.listen, "local: this computer only; lan: other computers too")
            ->transform(CLI::CheckedTransformer(std::map<std::string, OscSocket::Listen>{
                {"local", OscSocket::Listen::loopback}, {"lan", OscSocket::Listen::lan}}));
    std::vector<std::string> allowed;
    play_command->add_option("--osc-allow", allowed, "With lan: hear only these computers, such as 192.168.1.7")
        ->delimiter(',')
        ->needs(lan_option)
        ->check([](const std::string& text) {
            return parse_address(text) ? "" : "\"" + text + "\" is no IPv4 address, such as 192.168.1.7";
        });
    play_command
        ->add_option("--osc-timetags", osc.honour_time_tags,
                     "now: play what comes at once; honour: hold a bundle until its time, at most 1 s")
        ->transform(CLI::CheckedTransformer(std::map<std::string, bool>{{"now", false}, {"honour", true}}));
    bool no_query = false;
    play_command->add_flag("--no-oscquery", no_query, "Tell no program by HTTP what can be moved");
    play_command->add_flag("--no-osc", no_osc, "Open no OSC port");
    play_command->add_flag("--learn{next}", live.learn,
                           "Bind the next control that is moved: --learn=NODE/PARAM to that; alone to what OSC moves");
    play_command->add_flag("--resume", live.resume, "Go on where the last show of this patch ended in the middle");
    play_command->add_flag("--verbose", live.verbose, "Show what the sound libraries print");

    RehearseRequest tried;
    auto* rehearse_command =
        app.add_subcommand("rehearse", "Play every scene of a set on the real device, and say what would break it");
    rehearse_command->add_option("PATCH", tried.patches, "The patches, in their order")->required();
    rehearse_command->add_option("--minutes", tried.minutes, "How long; 20")->check(within(0.01, 10'000));
    rehearse_command->add_option("--device", tried.device, "Sound card by (part of its) name, or null; remembered");
    rehearse_command->add_option("--rate", tried.rate, "Frames a second; remembered")->check(within(8'000, 384'000));
    rehearse_command->add_option("--buffer", tried.buffer, "Frames a callback; remembered")->check(within(1, 16384));
    rehearse_command->add_flag("--verbose", tried.verbose, "Show what the sound libraries print");

    RenderRequest offline;
    auto* render_command = app.add_subcommand("render", "Play a patch offline into a sound file");
    ReplayRequest again;
    auto* patch_option = render_command->add_option("PATCH", offline.patch, "The patch");
    render_command->add_option("-o,--out", offline.out, "FILE.wav or FILE.flac")->required();
    render_command->add_option("--seconds", offline.seconds, "How long; else the patch's length, or the show's")
        ->check(within(0.001, 1e6));
    auto* rate_option =
        render_command->add_option("--rate", offline.rate, "Frames a second")->check(within(8'000, 384'000));
    auto* channels_option =
        render_command->add_option("--channels", offline.channels, "Else as many as the outputs have")
            ->check(within(1, 16));
    add_from(*render_command, offline.from);
    auto* seed_option = render_command->add_option("--seed", offline.seed, "For the same chance as another time");
    auto* replay_option =
        render_command
            ->add_option("--replay", again.show, "Instead of a patch: play this show again, by its folder, or: last")
            ->excludes(patch_option)
            ->excludes(rate_option)
            ->excludes(channels_option)
            ->excludes(seed_option);
    render_command->add_flag("--without-dropouts", again.without_dropouts, "As if nothing had been late")
        ->needs(replay_option);
    render_command->add_option("--model", again.models, "Another network in the place of all, or of one: NODE=MODEL")
        ->needs(replay_option);
    render_command->add_flag("--stems", again.stems, "Also a file of each sound that goes into an output")
        ->needs(replay_option);

    auto* train_command = app.add_subcommand("train", "Train the network of a patch's train node");
    train_command->prefix_command();

    TakesRequest taken;
    auto* takes_command = app.add_subcommand("takes", "Render takes from the checkpoints of a run, and its report");
    takes_command->add_option("RUN", taken.run, "The run's folder, or a folder of checkpoints")->required();
    takes_command->add_option("--count", taken.count, "Evenly over the checkpoints; 22")->check(within(1, 100'000));
    takes_command->add_option("--seconds", taken.seconds, "Of each; 10")->check(within(0.01, 7'200));
    auto* from_option =
        takes_command->add_option("--from", taken.from, "Youngest age; 0 is the run's beginning")->check(within(0, 1));
    auto* to_option = takes_command->add_option("--to", taken.to, "Oldest age; 1 is its end")->check(within(0, 1));
    takes_command->add_option("--temperature", taken.temperatures, "One, or several in turn: 0.9,1,1.1")
        ->delimiter(',')
        ->check(within(0, 2));
    takes_command->add_option("--seed", taken.seed, "For the same takes as another time");
    takes_command->add_option("--checkpoint", taken.checkpoint, "This one alone: a step, or a file")
        ->excludes(from_option)
        ->excludes(to_option);

    ListenRequest heard;
    bool no_osc_either = false;
    auto* listen_command = app.add_subcommand("listen", "Play the takes of a run one by one, and star them");
    listen_command->add_option("RUN", heard.run, "The run's folder")->required();
    listen_command->add_flag("--follow", heard.follow, "Only takes that appear from now on");
    listen_command->add_option("--device", heard.device.device,
                               "Sound card by (part of its) name, or null; remembered");
    listen_command->add_option("--seconds", heard.seconds, "End after so long")->check(within(0.01, 1e6));
    listen_command->add_option("--osc-port", heard.osc_port, "UDP port that OSC comes to")->check(within(1, 65535));
    listen_command->add_flag("--no-osc", no_osc_either, "Open no OSC port");

    ReportRequest shown;
    auto* report_command =
        app.add_subcommand("report", "Write a page of a run: its curves, and its takes to choose from");
    report_command->add_option("RUN", shown.run, "The run's folder")->required();
    report_command->add_flag("--standalone", shown.standalone,
                             "A page of the takes in picks.yaml alone, their sound inside");

    std::vector<std::string> patches;
    auto* check_command = app.add_subcommand("check", "Say everything that is wrong with a patch");
    check_command->add_option("PATCH", patches, "Patches")->required();
    bool measure = false;
    check_command->add_flag("--measure", measure, "Also load the networks, and say how fast this machine plays them");

    std::string show;
    auto* cues_command = app.add_subcommand("cues", "Turn what was played in a show into cues for its patch");
    cues_command->add_option("SHOW", show, "The show's folder, or: last")->required();

    DescribeRequest described;
    auto* describe_command = app.add_subcommand("describe", "Describe the nodes, or a patch");
    describe_command->add_option("NODE", described.node, "One node, or a patch, whose nodes are described as they are");
    describe_command->add_flag("--schema", described.schema, "JSON schema of patches");
    describe_command->add_flag("--markdown", described.markdown, "The manual");
    describe_command->add_option("--osc", described.osc, "The OSC addresses of this patch");
    describe_command->add_option("--graph", described.graph, "This patch as a diagram, in Mermaid's text");
    describe_command->add_option("--gallery", described.gallery, "This page of diagrams, drawn anew from its patches");

    std::filesystem::path folder;
    auto* new_command = app.add_subcommand("new", "Make a folder with a first patch of your own");
    new_command->add_option("DIR", folder, "The folder")->required();

    PackRequest packed;
    auto* pack_command = app.add_subcommand("pack", "Make one file of a patch and all that it plays from");
    pack_command->add_option("PATCH", packed.patch, "The patch")->required();
    pack_command->add_option("-o,--out", packed.out, "FILE.legume; else the patch's name, in this folder");
    pack_command->add_option("--licence", packed.licence, "What others may do with it, for its card");

    CompressRequest smaller;
    auto* compress_command = app.add_subcommand("compress", "Store a network smaller, and measure what int8 costs it");
    compress_command->add_option("MODEL", smaller.model, "A checkpoint, or a folder of them")->required();
    compress_command->add_option("-o,--out", smaller.out, "FILE.safetensors; without it nothing is written");
    compress_command->add_option("--prune", smaller.prune, "Share of the 16 x 4 blocks to make zero; for benchmarks")
        ->check(within(0.01, 0.99));
    compress_command->add_option("--store", smaller.store, "f32, f16 (when nothing is said) or int8")
        ->check(CLI::IsMember({"f32", "f16", "int8"}));
    compress_command->add_option("--measure", smaller.measure,
                                 "Sound, or a folder of it: what fp32 and int8 cost on its held-out part");

    ImportRequest foreign;
    auto* import_command = app.add_subcommand("import", "Make a network of another SampleRNN one of legume's");
    import_command->add_option("FILE", foreign.file, "Its weights, FILE.safetensors; the README has converters")
        ->required();
    import_command->add_option("-o,--out", foreign.out, "FILE.safetensors")->required();
    import_command->add_option("--from", foreign.from, "unisound, prism or deepsound")->required();
    import_command->add_option("--rate", foreign.rate, "Hz, of the sound that it learned from")
        ->check(within(1'000, 384'000));
    import_command->add_option("--quantiser", foreign.quantiser, "mu_law or linear, when it is not the source's usual");

    BenchRequest benched;
    auto* bench_command = app.add_subcommand("bench", "Measure how fast this machine plays a network");
    bench_command->add_option("MODEL", benched.model, "A checkpoint, or a folder of them");
    bench_command->add_option("--shape", benched.shape, "Instead of a model: \"dim=512 frames=4/16 sparsity=0.9\"");
    bench_command->add_option("--seconds", benched.seconds, "For each row")->check(within(0.001, 600));
    auto* json_flag = bench_command->add_flag("--json", benched.json, "For programs");
    bench_command->add_flag("--breakdown", benched.breakdown, "Instead of how fast, where a sample's time goes")
        ->excludes(json_flag);

    bool verbose = false;
    auto* devices_command = app.add_subcommand("devices", "List sound cards and MIDI ports");
    devices_command->add_flag("--verbose", verbose, "Show what the sound libraries print");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 1;
    }
    if (render_command->parsed() && again.show.empty() && offline.patch.empty()) {
        std::fprintf(stderr, "render plays a patch, or a show by --replay SHOW; name one of them\n");
        return 1;
    }
    live.osc = !no_osc;
    live.keep = !no_log;
    again.out = offline.out;
    again.seconds = offline.seconds;
    osc.query = !no_query;
    for (const auto& text : allowed) osc.allow.push_back(*parse_address(text));
    if (play_command->parsed()) return play(live);
    if (rehearse_command->parsed()) return rehearse(tried);
    if (render_command->parsed()) return again.show.empty() ? render(offline) : replay(again);
    if (train_command->parsed()) return train(train_command->remaining());
    if (takes_command->parsed()) return takes(taken);
    heard.osc = !no_osc_either;
    if (listen_command->parsed()) return listen(heard);
    if (report_command->parsed()) return report(shown);
    if (check_command->parsed()) return check_patches(patches, measure);
    if (cues_command->parsed()) return print_cues(show);
    if (describe_command->parsed()) return describe(described);
    if (bench_command->parsed()) return bench(benched);
    if (new_command->parsed()) return new_folder(folder);
    if (pack_command->parsed()) return pack(packed);
    if (compress_command->parsed()) return compress(smaller);
    if (import_command->parsed()) return import_network(foreign);
    return devices(verbose);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "card") return card_process({argv + 2, argv + argc});
    return run(argc, argv);
}
