// The command line of legume: what each command takes, and who does it.
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

struct CheckRequest {
    std::vector<std::string> patches;
    bool measure = false;
};

int check_patches(const CheckRequest& request) {
    const bool measure = request.measure;
    bool valid = true;
    for (const auto& file : request.patches) {
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

int devices(const bool& verbose) {
    for (const auto& device : list_audio_devices(verbose))
        std::printf("audio  %-44s in %2d  out %2d  %6.0f Hz%s\n", device.label().c_str(), device.inputs, device.outputs,
                    device.rate, device.initial ? "  (default)" : "");
    for (const auto& port : list_midi_ports(verbose)) std::printf("midi   %s\n", port.c_str());
    return 0;
}

// CLI::Range lets nan through, and prints its ends with six digits after the point.
CLI::Validator within(double low, double high) {
    const auto limits = print_number(low) + " to " + print_number(high);
    const auto validate = [=](const std::string& text) {
        double value = 0;
        const bool valid = CLI::detail::lexical_cast(text, value) && value >= low && value <= high;
        return valid ? "" : text + " is not a number from " + limits;
    };
    return {validate, limits};
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
int train(const CLI::App* const& command) {
    const auto trainer = (program_folder() / "legume-train").string();
    std::vector<char*> argv{const_cast<char*>(trainer.c_str())};
    const auto arguments = command->remaining();
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(trainer.c_str(), argv.data());
    std::fprintf(stderr, "the trainer is not built here; ./host/setup training adds it\n");
    return 1;
}

// The commands, and what the line that was read asks for.
class CommandLine {
  public:
    // A command whose options fill a request of its own, which `does` then gets.
    template <class Request>
    std::pair<CLI::App*, Request*> add(const std::string& name, const std::string& doc, int (*does)(const Request&)) {
        auto* const command = app_.add_subcommand(name, doc);
        const auto request = std::make_shared<Request>();
        command->callback([this, request, does] { asked_ = [request, does] { return does(*request); }; });
        return {command, request.get()};
    }
    int run(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            return app_.exit(error) == 0 ? 0 : 1;
        }
        return asked_();
    }
    CommandLine() {
        app_.set_version_flag("--version", "legume " LEGUME_VERSION);
        app_.require_subcommand(1);
    }

  private:
    CLI::App app_{"Plays patches of neural networks, samples and effects, live and offline."};
    std::function<int()> asked_;
};

void add_device(CLI::App& command, std::string& device) {
    command.add_option("--device", device, "Sound card by (part of its) name, or null; remembered");
}

template <class Request>
void add_card(CLI::App& command, Request& request) {
    add_device(command, request.device);
    command.add_option("--rate", request.rate, "Frames a second; remembered")->check(within(8'000, 384'000));
    command.add_option("--buffer", request.buffer, "Frames a callback; remembered")->check(within(1, 16384));
}

void add_osc(CLI::App& command, PlayRequest& live) {
    auto& osc = live.osc_settings;
    command.add_option("--osc-port", osc.port, "UDP port that OSC comes to")->check(within(1, 65535));
    auto* lan = command.add_option("--osc-listen", osc.listen, "local: this computer only; lan: other computers too")
                    ->transform(CLI::CheckedTransformer(std::map<std::string, OscSocket::Listen>{
                        {"local", OscSocket::Listen::loopback}, {"lan", OscSocket::Listen::lan}}));
    const auto allow = [&osc](const std::vector<std::string>& allowed) {
        for (const auto& text : allowed) osc.allow.push_back(*parse_address(text));
    };
    command
        .add_option_function<std::vector<std::string>>("--osc-allow", allow,
                                                       "With lan: hear only these computers, such as 192.168.1.7")
        ->delimiter(',')
        ->needs(lan)
        ->check([](const std::string& text) {
            return parse_address(text) ? "" : "\"" + text + "\" is no IPv4 address, such as 192.168.1.7";
        });
    command
        .add_option("--osc-timetags", osc.honour_time_tags,
                    "now: play what comes at once; honour: hold a bundle until its time, at most 1 s")
        ->transform(CLI::CheckedTransformer(std::map<std::string, bool>{{"now", false}, {"honour", true}}));
    command.add_flag_callback(
        "--no-oscquery", [&osc] { osc.query = false; }, "Tell no program by HTTP what can be moved");
    command.add_flag_callback(
        "--no-osc", [&live] { live.osc = false; }, "Open no OSC port");
}

void add_play(CommandLine& line) {
    const auto [command, live] =
        line.add<PlayRequest>("play", "Play a patch live, or a set of them one after the other", play);
    command->add_option("PATCH", live->patches, "The patch, several of them, or a set")->required();
    command
        ->add_option("--crossfade", live->crossfade, "Seconds from one patch to the next; else as the set says, or 2")
        ->check(within(0, longest_crossfade));
    add_card(*command, *live);
    command->add_option("--seed", live->seed, "For the same chance as another time");
    command->add_option("--seconds", live->seconds, "End after so long")->check(within(0.01, 1e6));
    add_from(*command, live->from);
    command->add_option("--record", live->record, "Write what is played to FILE.wav or FILE.flac");
    command->add_option("--shows", live->shows, "Keep this show's log and recording in a folder of its own here");
    command->add_flag_callback(
        "--no-log", [request = live] { request->keep = false; }, "Keep nothing of this show");
    add_osc(*command, *live);
    command->add_flag("--learn{next}", live->learn,
                      "Bind the next control that is moved: --learn=NODE/PARAM to that; alone to what OSC moves");
    command->add_flag("--resume", live->resume, "Go on where the last show of this patch ended in the middle");
    command->add_flag("--verbose", live->verbose, "Show what the sound libraries print");
}

void add_rehearse(CommandLine& line) {
    const auto [command, tried] = line.add<RehearseRequest>(
        "rehearse", "Play every scene of a set on the real device, and say what would break it", rehearse);
    command->add_option("PATCH", tried->patches, "The patches, in their order")->required();
    command->add_option("--minutes", tried->minutes, "How long; 20")->check(within(0.01, 10'000));
    add_card(*command, *tried);
    command->add_flag("--verbose", tried->verbose, "Show what the sound libraries print");
}

struct Offline {
    RenderRequest patch;
    ReplayRequest show;
};

int render_or_replay(const Offline& offline) {
    if (!offline.show.show.empty()) {
        auto show = offline.show;
        show.out = offline.patch.out;
        show.seconds = offline.patch.seconds;
        return replay(show);
    }
    if (!offline.patch.patch.empty()) return render(offline.patch);
    std::fprintf(stderr, "render plays a patch, or a show by --replay SHOW; name one of them\n");
    return 1;
}

void add_render(CommandLine& line) {
    const auto [command, offline] =
        line.add<Offline>("render", "Play a patch offline into a sound file", render_or_replay);
    auto& [patch, show] = *offline;
    auto* patch_option = command->add_option("PATCH", patch.patch, "The patch");
    command->add_option("-o,--out", patch.out, "FILE.wav or FILE.flac")->required();
    command->add_option("--seconds", patch.seconds, "How long; else the patch's length, or the show's")
        ->check(within(0.001, 1e6));
    auto* rate = command->add_option("--rate", patch.rate, "Frames a second")->check(within(8'000, 384'000));
    auto* channels =
        command->add_option("--channels", patch.channels, "Else as many as the outputs have")->check(within(1, 16));
    add_from(*command, patch.from);
    auto* seed = command->add_option("--seed", patch.seed, "For the same chance as another time");
    auto* again =
        command->add_option("--replay", show.show, "Instead of a patch: play this show again, by its folder, or: last")
            ->excludes(patch_option)
            ->excludes(rate)
            ->excludes(channels)
            ->excludes(seed);
    command->add_flag("--without-dropouts", show.without_dropouts, "As if nothing had been late")->needs(again);
    command->add_option("--model", show.models, "Another network in the place of all, or of one: NODE=MODEL")
        ->needs(again);
    command->add_flag("--stems", show.stems, "Also a file of each sound that goes into an output")->needs(again);
}

void add_train(CommandLine& line) {
    const auto [command, self] = line.add<const CLI::App*>("train", "Train the network of a patch's train node", train);
    *self = command->prefix_command();
    command->set_help_flag();  // the trainer says itself what it takes
}

void add_takes(CommandLine& line) {
    const auto [command, taken] =
        line.add<TakesRequest>("takes", "Render takes from the checkpoints of a run, and its report", takes);
    command->add_option("RUN", taken->run, "The run's folder, or a folder of checkpoints")->required();
    command->add_option("--count", taken->count, "Evenly over the checkpoints; 22")->check(within(1, 100'000));
    command->add_option("--seconds", taken->seconds, "Of each; 10")->check(within(0.01, 7'200));
    auto* from =
        command->add_option("--from", taken->from, "Youngest age; 0 is the run's beginning")->check(within(0, 1));
    auto* to = command->add_option("--to", taken->to, "Oldest age; 1 is its end")->check(within(0, 1));
    command->add_option("--temperature", taken->temperatures, "One, or several in turn: 0.9,1,1.1")
        ->delimiter(',')
        ->check(within(0, 2));
    command->add_option("--seed", taken->seed, "For the same takes as another time");
    command->add_option("--checkpoint", taken->checkpoint, "This one alone: a step, or a file")
        ->excludes(from)
        ->excludes(to);
}

void add_listen(CommandLine& line) {
    const auto [command, heard] =
        line.add<ListenRequest>("listen", "Play the takes of a run one by one, and star them", listen);
    command->add_option("RUN", heard->run, "The run's folder")->required();
    command->add_flag("--follow", heard->follow, "Only takes that appear from now on");
    add_device(*command, heard->device.device);
    command->add_option("--seconds", heard->seconds, "End after so long")->check(within(0.01, 1e6));
    command->add_option("--osc-port", heard->osc_port, "UDP port that OSC comes to")->check(within(1, 65535));
    command->add_flag_callback(
        "--no-osc", [request = heard] { request->osc = false; }, "Open no OSC port");
}

void add_report(CommandLine& line) {
    const auto [command, shown] =
        line.add<ReportRequest>("report", "Write a page of a run: its curves, and its takes to choose from", report);
    command->add_option("RUN", shown->run, "The run's folder")->required();
    command->add_flag("--standalone", shown->standalone, "A page of the takes in picks.yaml alone, their sound inside");
}

void add_check(CommandLine& line) {
    const auto [command, asked] =
        line.add<CheckRequest>("check", "Say everything that is wrong with a patch", check_patches);
    command->add_option("PATCH", asked->patches, "Patches")->required();
    command->add_flag("--measure", asked->measure, "Also load the networks, and say how fast this machine plays them");
}

void add_cues(CommandLine& line) {
    const auto [command, show] =
        line.add<std::string>("cues", "Turn what was played in a show into cues for its patch", print_cues);
    command->add_option("SHOW", *show, "The show's folder, or: last")->required();
}

void add_describe(CommandLine& line) {
    const auto [command, described] = line.add<DescribeRequest>("describe", "Describe the nodes, or a patch", describe);
    command->add_option("NODE", described->node, "One node, or a patch, whose nodes are described as they are");
    command->add_flag("--schema", described->schema, "JSON schema of patches");
    command->add_flag("--markdown", described->markdown, "The manual");
    command->add_option("--osc", described->osc, "The OSC addresses of this patch");
    command->add_option("--graph", described->graph, "This patch as a diagram, in Mermaid's text");
    command->add_option("--gallery", described->gallery, "This page of diagrams, drawn anew from its patches");
}

void add_new(CommandLine& line) {
    const auto [command, folder] =
        line.add<std::filesystem::path>("new", "Make a folder with a first patch of your own", new_folder);
    command->add_option("DIR", *folder, "The folder")->required();
}

void add_pack(CommandLine& line) {
    const auto [command, packed] =
        line.add<PackRequest>("pack", "Make one file of a patch and all that it plays from", pack);
    command->add_option("PATCH", packed->patch, "The patch")->required();
    command->add_option("-o,--out", packed->out, "FILE.legume; else the patch's name, in this folder");
    command->add_option("--licence", packed->licence, "What others may do with it, for its card");
}

void add_compress(CommandLine& line) {
    const auto [command, smaller] =
        line.add<CompressRequest>("compress", "Store a network smaller, and measure what int8 costs it", compress);
    command->add_option("MODEL", smaller->model, "A checkpoint, or a folder of them")->required();
    command->add_option("-o,--out", smaller->out, "FILE.safetensors; without it nothing is written");
    command->add_option("--prune", smaller->prune, "Share of the 16 x 4 blocks to make zero; for benchmarks")
        ->check(within(0.01, 0.99));
    command->add_option("--store", smaller->store, "f32, f16 (when nothing is said) or int8")
        ->check(CLI::IsMember({"f32", "f16", "int8"}));
    command->add_option("--measure", smaller->measure,
                        "Sound, or a folder of it: what fp32 and int8 cost on its held-out part");
}

void add_import(CommandLine& line) {
    const auto [command, foreign] =
        line.add<ImportRequest>("import", "Make a network of another SampleRNN one of legume's", import_network);
    command->add_option("FILE", foreign->file, "Its weights, FILE.safetensors; the README has converters")->required();
    command->add_option("-o,--out", foreign->out, "FILE.safetensors")->required();
    command->add_option("--from", foreign->from, "unisound, prism or deepsound")->required();
    command->add_option("--rate", foreign->rate, "Hz, of the sound that it learned from")
        ->check(within(1'000, 384'000));
    command->add_option("--quantiser", foreign->quantiser, "mu_law or linear, when it is not the source's usual");
}

void add_bench(CommandLine& line) {
    const auto [command, benched] =
        line.add<BenchRequest>("bench", "Measure how fast this machine plays a network", bench);
    command->add_option("MODEL", benched->model, "A checkpoint, or a folder of them");
    command->add_option("--shape", benched->shape, "Instead of a model: \"dim=512 frames=4/16 sparsity=0.9\"");
    command->add_option("--seconds", benched->seconds, "For each row")->check(within(0.001, 600));
    auto* json = command->add_flag("--json", benched->json, "For programs");
    command->add_flag("--breakdown", benched->breakdown, "Instead of how fast, where a sample's time goes")
        ->excludes(json);
}

void add_devices(CommandLine& line) {
    const auto [command, verbose] = line.add<bool>("devices", "List sound cards and MIDI ports", devices);
    command->add_flag("--verbose", *verbose, "Show what the sound libraries print");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "card") return card_process({argv + 2, argv + argc});
    CommandLine line;
    for (const auto add : {add_play, add_rehearse, add_render, add_train, add_takes, add_listen, add_report, add_check,
                           add_cues, add_describe, add_new, add_pack, add_compress, add_import, add_bench, add_devices})
        add(line);
    return line.run(argc, argv);
}
