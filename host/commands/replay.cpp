// The same runner as live, offline: each edit, control and decision at the frame where it was.
// SPDX-License-Identifier: MIT
#include "host/commands/replay.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include "graph/abilities.h"
#include "graph/base/math.h"
#include "graph/reads.h"
#include "host/control/controls.h"
#include "host/engine/bounce.h"
#include "host/engine/runner.h"
#include "host/session/open.h"
#include "host/show/show.h"
#include "host/system/command.h"
#include "nodes/files/sha256.h"
#include "nodes/registry.h"
#include "nodes/samplernn/checkpoint/checkpoint.h"
#include "nodes/sound/sound_file.h"

namespace legume {
namespace {

namespace fs = std::filesystem;

void warn(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

// A sound of the show, block by block; silent where it ends.
class Track {
  public:
    explicit Track(const fs::path& file) {
        if (!file.empty()) reader_ = std::make_unique<SoundReader>(file);
        if (reader_) held_.resize(static_cast<std::size_t>(reader_->header().channels * block_frames));
    }
    // The next block, a plane for each channel. False when there is no whole block left.
    bool next(std::array<std::array<float, block_frames>, max_channels>& planes) {
        if (!reader_) return false;
        const auto width = static_cast<std::size_t>(reader_->header().channels);
        std::size_t got = 0;
        try {
            while (got < block_frames) {
                const auto more = reader_->read(std::span(held_).subspan(got * width));
                if (more == 0) break;
                got += more;
            }
        } catch (const SoundError&) {  // a header that a crash left behind what is there
        }
        if (got < block_frames) reader_.reset();
        for (std::size_t c = 0; c < width; ++c)
            for (std::size_t i = 0; i < block_frames; ++i) planes[c][i] = i < got ? held_[i * width + c] : 0.0f;
        return got == block_frames;
    }
    std::uint64_t frames() const { return reader_ ? static_cast<std::uint64_t>(reader_->header().frames) : 0; }

  private:
    std::unique_ptr<SoundReader> reader_;
    std::vector<float> held_;
};

std::string and_more(std::size_t count, const std::string& of) {
    return count ? ", with " + std::to_string(count) + " more of " + of : "";
}

using Planes = Bounce::Planes;

class Replay {
  public:
    explicit Replay(const ReplayRequest& request)
        : request_(request), folder_(fs::absolute(find_show(request.show))), show_(open_show(folder_)) {
        for (const auto& asked : request.models) {
            const auto equals = asked.find('=');
            const auto model = equals == asked.npos ? asked : asked.substr(equals + 1);
            models_[equals == asked.npos ? "" : asked.substr(0, equals)] = fs::absolute(model).lexically_normal();
        }
        out_ = fs::absolute(request.out);
        heard_ = show_sound(folder_, "recording");
        given_ = show_sound(folder_, "inputs");
    }
    int run();

  private:
    void say_what_differs();
    void say_what_is_new(std::size_t edit, const std::string& id, const Node& node);
    bool edit(std::size_t number);
    void adapt(Patch& patch);
    void add_stems(Patch& patch);
    std::string beside(std::string name) const;
    void post(const ShowControl& control);
    std::uint64_t length();
    const std::pair<const std::string, fs::path>* model_for(const std::string& node) const {  // that was asked for
        auto model = models_.find(node);
        if (model == models_.end()) model = models_.find("");
        return model == models_.end() ? nullptr : &*model;
    }
    bool as_played() const { return request_.models.empty() && !request_.without_dropouts; }
    std::string name() const { return (folder_ / show_log_name).string(); }

    const ReplayRequest& request_;
    const fs::path folder_;
    const Show show_;
    fs::path out_, heard_, given_;
    std::map<std::string, fs::path> models_;     // by node; "": all
    std::set<std::string> found_;                // of them
    std::map<std::string, std::string> newest_;  // "node\noption": which checkpoint of a folder it played
    std::unique_ptr<Runner> runner_;
    std::size_t unknown_ = 0;
};

void Replay::say_what_differs() {
    if (show_.version != LEGUME_VERSION)
        warn(name() + ": played by legume " + show_.version +
             "; this is " LEGUME_VERSION ", so that it may sound different");
    if (show_.damaged)
        warn(name() + ":" + std::to_string(show_.damaged) + ":1: damaged from here on; the show is played up to " +
             print_number(math::round_even(static_cast<double>(show_.frames) / show_.rate * 10) / 10) + " s");
    std::map<std::string, std::string> now;
    std::set<std::string> said;
    std::map<std::string, std::vector<std::string>> gone;  // by what was named
    for (const auto& file : show_.files) {
        std::error_code error;
        if (!models_.empty() && file.option == "model") continue;
        if (!fs::exists(file.file, error)) {
            if (said.insert(file.file).second) gone[file.named].push_back(file.file);
            continue;
        }
        if (file.sum.empty() || fs::is_directory(file.file, error)) continue;
        auto& sum = now[file.file];
        if (sum.empty()) sum = samplernn::sha256_of_file(file.file).value_or(samplernn::sha256_of(""));
        if (sum != file.sum && said.insert(file.file).second)
            warn(file.file + " is not what it was in the show (SHA-256 " + sum.substr(0, 12) + ", then " +
                 file.sum.substr(0, 12) + "), so that it will sound different");
    }
    for (const auto& [named, files] : gone)
        warn(files[0] + " is gone" + and_more(files.size() - 1, named) +
             "; put it back, or play another in its place: --model");
}

// What lay in a folder in the show is told above; this is what has come since.
void Replay::say_what_is_new(std::size_t edit, const std::string& id, const Node& node) {
    std::map<std::string, std::set<fs::path>> all;  // by what was named
    for (const auto& file : show_.files)
        if (file.node == ShowNode{edit, id}) all[file.named].insert(file.file);
    if (all.empty()) return;  // it has played since before that edit, or reads nothing
    for (const auto& now : all_read(node)) {
        const auto& then = all[now.named.string()];
        // A file by itself; a folder in a log that did not say what lay in it; a run, which is read as it was.
        if (then.empty() || then.count(now.named) || then.begin()->extension() == ".safetensors") continue;
        std::vector<fs::path> fresh;
        std::copy_if(now.files.begin(), now.files.end(), std::back_inserter(fresh),
                     [&](const fs::path& file) { return !then.count(file); });
        if (!fresh.empty())
            warn(fresh[0].string() + and_more(fresh.size() - 1, now.named.string()) +
                 " was not there in the show, so that it may sound different");
    }
}

std::uint64_t Replay::length() {
    auto frames = show_.frames;
    if (request_.seconds)
        frames = std::min(frames, static_cast<std::uint64_t>(math::round_even(*request_.seconds * show_.rate)));
    if (show_.inputs > 0) {
        if (given_.empty())
            throw CommandError((folder_ / "inputs.wav").string() +
                               " is gone; without what came in the show cannot be played again");
        const auto there = static_cast<std::uint64_t>(read_sound_header(given_).frames);
        if (there < frames) {
            frames = there;
            warn(given_.string() + " ends after " +
                 print_number(math::round_even(static_cast<double>(there) / show_.rate * 10) / 10) +
                 " s; the show is played up to there");
        }
    }
    if (frames == 0) throw CommandError(name() + ": the show ended before anything was heard");
    return frames;
}

// A file that lies beside the one that is written: NAME of take.wav is take-NAME.wav.
std::string Replay::beside(std::string name) const {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '/' || c == '.'; }, '-');
    auto base = out_;
    base.replace_extension();
    return base.string() + "-" + name + out_.extension().string();
}

// What differs from the text: other models, the checkpoint that was the newest then, and where the takes go, since the
// show's own are not to be mixed with new ones.
void Replay::adapt(Patch& patch) {
    for (auto& node : patch.nodes)
        for (auto& setting : node.settings) {
            if (node.type == "recorder" && setting.name == "file") setting.value.text = beside(node.id);
            if (setting.name == "model") {
                if (const auto* model = model_for(node.id)) {
                    found_.insert(model->first);
                    setting.value.kind = Value::Kind::text;
                    setting.value.text = model->second.string();
                    continue;
                }
            }
            if (const auto newest = newest_.find(node.id + "\n" + setting.name); newest != newest_.end())
                setting.value.text = newest->second;
        }
    if (request_.stems) add_stems(patch);
}

// A recorder on each sound that goes into an output.
void Replay::add_stems(Patch& patch) {
    std::set<std::string> outputs, sources;
    for (const auto& node : patch.nodes)
        if (const auto* type = find_type(node_types(), node.type); type && type->make()->device_outputs() > 0)
            outputs.insert(node.id);
    for (const auto& wire : patch.wires)
        if (outputs.count(wire.to.node)) sources.insert(to_string(wire.from));
    Problems none;
    for (const auto& source : sources) {
        auto plain = source;
        std::replace_if(
            plain.begin(), plain.end(), [](char c) { return c == '/' || c == '.'; }, '-');
        PatchNode recorder;
        recorder.id = "stem-of-" + plain;
        recorder.type = "recorder";
        Setting file;
        file.name = "file";
        file.value.text = beside(plain);
        recorder.settings.push_back(file);
        if (patch.find(recorder.id)) continue;
        parse_wires(source + " -> " + recorder.id, {}, {}, patch, none);
        patch.nodes.push_back(std::move(recorder));
    }
}

bool Replay::edit(std::size_t number) {
    const auto& edit = show_.edits[number];
    for (const auto& file : show_.files) {
        std::error_code error;
        if (file.node.edit != number) continue;
        const auto option = file.node.id + "\n" + file.option;
        newest_.erase(option);
        const bool folder = file.named != file.file && fs::is_directory(file.named, error);
        const bool remembers = show_.decisions.count({file.node, "newest"}) > 0;  // it finds its run's by itself
        if (!folder || remembers || fs::path(file.file).extension() != ".safetensors") continue;
        try {
            if (samplernn::find_checkpoint(file.named) == fs::path(file.file)) continue;
        } catch (const samplernn::ModelError&) {
        }
        warn(file.named + ": now plays another checkpoint; this is " + file.file + ", as in the show");
        newest_[option] = fs::absolute(file.file).string();
    }
    auto checked = open_patch(
        edit.file, [this](Patch& patch) { adapt(patch); }, &edit.texts);
    if (print_problems(checked.problems)) return false;
    for (std::size_t i = 0; i < checked.nodes.size(); ++i) {
        say_what_is_new(number, checked.patch.nodes[i].id, *checked.nodes[i]);
        for (auto* decision : checked.nodes[i]->decisions()) {
            const auto told = show_.decisions.find({ShowNode{number, checked.patch.nodes[i].id}, decision->name});
            const bool undone = request_.without_dropouts && decision->of == TimingDecision::Of::lateness;
            const bool of_another = decision->name == "newest" && model_for(checked.patch.nodes[i].id);
            const bool heed = told != show_.decisions.end() && !undone && !of_another;
            decision->replay(heed ? told->second : std::vector<TimingDecision::Answer>{});
        }
    }
    if (!edit.change) return !print_problems(runner_->edit(std::move(checked)));
    auto prepared = runner_->prepare(std::move(checked), edit.change->seed);
    if (print_problems(prepared.problems)) return false;
    runner_->change(std::move(prepared), edit.change->crossfade);
    return true;
}

void Replay::post(const ShowControl& control) {
    const auto& one = control.applied;
    const auto end = end_of(one.target);
    if (end.node == SetlistControls::id) return;  // what was asked for by them is an edit of its own
    Declaration* node = end.node == Transport::id ? &runner_->transport() : nullptr;
    if (!node && one.leaving) node = runner_->find_leaving(end.node);
    if (!node) node = runner_->find(end.node);
    auto* member = node ? node->find(end.member) : nullptr;
    if (!member || member->kind != one.kind) {
        if (unknown_++ == 0) warn(name() + ": there is no " + one.target + "; what moved it is left out");
        return;
    }
    auto& queue = runner_->control();
    queue.forget_sources();  // what was applied was a change
    if (one.kind == Member::Kind::param)
        queue.post(*static_cast<Param*>(member), one.target, one.value, "replay", one.seconds);
    else if (one.kind == Member::Kind::trigger)
        queue.post_again(*static_cast<Trigger*>(member), static_cast<int>(one.frame % block_frames), one.held);
    else
        queue.post(*static_cast<Notes*>(member), one.note);
}

int Replay::run() {
    std::error_code error;
    fs::current_path(show_.cwd, error);
    if (error) warn(show_.cwd + " is gone, where the show was played; its files are looked for from here");
    say_what_differs();
    const auto frames = length();
    RunnerSetup setup;
    setup.rate = show_.rate;
    setup.inputs = show_.inputs;
    setup.outputs = show_.outputs;
    setup.seed = show_.seed;
    setup.replay = true;
    setup.states = folder_;
    setup.tell = [](const std::string& id, const std::string& line) { warn(id + ": " + line); };
    setup.beat = show_.beat;
    setup.resume = [this](const std::string& id, Node& node) {
        const auto kept = show_.kept.find(ShowNode{0, id});
        auto* stateful = as<HasState>(node);
        if (kept != show_.kept.end() && !(stateful && stateful->load_state(kept->second)))
            warn(name() + ": " + id + " does not go on from what was kept of it");
    };
    runner_ = std::make_unique<Runner>(setup);
    if (!edit(0)) return 1;

    Track heard(heard_), given(given_);
    Planes in{}, before{};
    std::array<const float*, max_channels> from;
    for (std::size_t c = 0; c < max_channels; ++c) from[c] = in[c].data();
    const auto channels = static_cast<std::size_t>(show_.outputs);
    const auto format = sound_format(out_) == SoundFormat::wav_float ? SoundFormat::wav_long : sound_format(out_);
    Bounce bounce(*runner_, out_, format, frames);
    std::map<std::uint64_t, std::size_t> edits;
    for (std::size_t e = 1; e < show_.edits.size(); ++e)
        if (show_.edits[e].frame) edits[*show_.edits[e].frame] = e;
    std::size_t control = 0;
    std::uint64_t compared = 0;
    std::optional<std::uint64_t> parted;
    given.next(before);  // a block comes in while the one before is heard
    while (!bounce.over()) {
        const auto at = bounce.at();
        if (const auto next = edits.find(at); next != edits.end() && !edit(next->second)) return 1;
        for (; control < show_.controls.size() && show_.controls[control].applied.frame < at + block_frames; ++control)
            post(show_.controls[control]);
        given.next(in);
        const auto n = bounce.block(from.data());
        if (as_played() && !parted && heard.next(before)) {
            compared = at + n;
            for (std::size_t i = 0; i < n && !parted; ++i)
                for (std::size_t c = 0; c < channels; ++c)
                    if (before[c][i] != bounce.played()[c][i]) parted = at + i;
        }
    }
    const double times = bounce.finish();
    runner_.reset();  // the stems are whole
    for (const auto& [node, model] : models_)
        if (!found_.count(node))
            warn("--model " + node + "=" + model.string() + ": the show has no node " + node + " with a model");
    const double seconds = static_cast<double>(frames) / show_.rate;
    std::string end;
    if (parted)
        end = "; NOT the recording: other samples from " +
              print_number(math::round_even(static_cast<double>(*parted) / show_.rate * 1000) / 1000) + " s on";
    else if (compared > 0)
        end = "; the same as the recording, sample for sample" +
              (compared < frames
                   ? ", which ends after " +
                         print_number(math::round_even(static_cast<double>(compared) / show_.rate * 10) / 10) + " s"
                   : std::string());
    std::printf("%s: %.6g s, %d channels, %.6g Hz, %.1f x real time%s\n", out_.c_str(), seconds, show_.outputs,
                show_.rate, times, end.c_str());
    return 0;
}

}  // namespace

int replay(const ReplayRequest& request) {
    int code = 1;
    const int failed = attempt([&] {
        try {
            code = Replay(request).run();
        } catch (const SoundError& error) {
            throw CommandError(request.out.string() + " " + error.what());
        }
    });
    return failed ? failed : code;
}

}  // namespace legume
