// A live session: one loop on the control thread that everything reports to.
// SPDX-License-Identifier: MIT
#include "host/session/play.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "graph/base/math.h"
#include "host/audio/device.h"
#include "host/audio/tape.h"
#include "host/control/desk.h"
#include "host/control/inbox.h"
#include "host/control/transport_control.h"
#include "host/engine/admission.h"
#include "host/engine/runner.h"
#include "host/midi/midi_control.h"
#include "host/osc/osc_control.h"
#include "host/session/loader.h"
#include "host/session/open.h"
#include "host/session/setlist.h"
#include "host/session/snapshot_file.h"
#include "host/session/status_line.h"
#include "host/session/xrun_log.h"
#include "host/show/recorder.h"
#include "host/show/show.h"
#include "host/system/awake.h"
#include "host/system/command.h"
#include "host/system/every.h"
#include "host/system/keys.h"
#include "host/system/real_time.h"
#include "host/system/stop.h"
#include "host/system/terminal.h"
#include "host/system/watch.h"

namespace legume {
namespace {

using Clock = std::chrono::steady_clock;
volatile std::sig_atomic_t ending = 0;  // the exit code

class Session {
  public:
    explicit Session(const PlayRequest& request) : request_(request), terminal_(isatty(STDOUT_FILENO) != 0) {}
    int run();
    // After that, when a file is still being read, which may never end: lets go of the world, but not of what the
    // reader holds. Who hears true leaves by _exit.
    bool held_up();

  private:
    void say(const std::string& line);
    void keep_show();
    void open_controls();
    void add_commands();
    void want_edit() { loader_->want_edit(patch_, runner_->playing()); }
    bool open_set();
    void press(char key);
    std::string record(const CommandArguments& arguments);
    void start_tape(const std::filesystem::path& file, std::uint64_t frames);
    bool stop_tape();
    void take(const Mail& mail);
    void follow_edits();
    std::string take_up(Loaded loaded);
    void say_admission();
    void show_status();
    void save_snapshot();
    bool over() const {
        if (stop_asked) return true;
        if (tape_ && tape_->timed()) return tape_->full();
        return request_.seconds && static_cast<double>(runner_->frames()) >= *request_.seconds * runner_->rate();
    }
    void end();

    const PlayRequest& request_;
    SetText set_;
    std::vector<Checked> opened_;  // of the set, until it plays
    const Say say_ = [this](const std::string& line) { say(line); };
    const bool terminal_;
    bool status_drawn_ = false;
    Inbox inbox_;
    // The order matters: what is declared later is gone first, so no callback finds its runner missing.
    std::unique_ptr<Tape> tape_;
    std::filesystem::path tape_file_;
    std::unique_ptr<Runner> runner_;
    std::unique_ptr<Loader> loader_;  // its thread ends before the runner
    std::unique_ptr<Desk> desk_;
    std::unique_ptr<ShowRecorder> kept_;
    std::unique_ptr<Setlist> setlist_;
    std::unique_ptr<AudioDevice> device_;
    std::unique_ptr<OscControl> osc_;
    std::unique_ptr<MidiControl> midi_;
    std::unique_ptr<TransportControl> transport_;  // its thread sends through midi_
    float most_covering_ = 0;
    std::vector<std::string> admitted_;  // as it was said last
    std::unique_ptr<SnapshotFile> snapshot_file_;
    Awake awake_;
    XrunLog xrun_log_{say_};
    Every snapshot_poll_{1000}, status_{100}, xrun_poll_{250}, device_poll_{500}, poison_poll_{1000};
    std::filesystem::path patch_;
    double before_ = 0;            // seconds that were played before a crash
    bool faulty_ = false;          // the text on disk, not what plays
    std::optional<Loaded> edit_;   // ready, and waiting for what is on its way
    std::vector<Answer> reloads_;  // who asked for what is being loaded
    std::optional<Keys> keys_;
};

void Session::say(const std::string& line) {
    if (status_drawn_) std::printf("\r\033[K");
    status_drawn_ = false;
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
    if (kept_) kept_->said(line);
}

void Session::keep_show() {
    if (!request_.keep) return;
    try {
        const auto shows = request_.shows.empty() ? shows_folder() : request_.shows;
        const auto after = snapshot_file_->resumed() ? newest_show(shows).string() : "";
        kept_ = std::make_unique<ShowRecorder>(
            shows, ShowRecorder::Device{device_->name(), device_->buffer()}, desk_->controls,
            [this](std::string line) { inbox_.post(Notice{std::move(line)}); }, after);
        say(kept_->beginning());
    } catch (const std::exception& fault) {
        say("The show is not kept: " + std::string(fault.what()));
    }
}

void Session::open_controls() {
    transport_ = std::make_unique<TransportControl>(desk_->controls, desk_->commands, say_);
    midi_ =
        std::make_unique<MidiControl>(request_.learn, desk_->controls, desk_->commands, inbox_, request_.verbose, say_);
    transport_->send_clock([this](const std::string& port, auto bytes) { midi_->send(port, bytes); },
                           device_->output_latency());
    if (!request_.osc) return;
    osc_ = std::make_unique<OscControl>(request_.osc_settings, desk_->controls, desk_->commands, inbox_, say_);
    osc_->stats = [this] {
        OscControl::Numbers numbers{{"seconds", static_cast<double>(runner_->frames()) / runner_->rate()},
                                    {"load", runner_->load()},
                                    {"late", static_cast<double>(runner_->late_blocks())},
                                    {"xruns", static_cast<double>(device_->xruns())},
                                    {"controls", static_cast<double>(desk_->controls.taken())},
                                    {"dropped", static_cast<double>(inbox_.dropped())}};
        for (const auto& [cause, count] : xrun_log_.causes())
            numbers.emplace_back("late-" + cause, static_cast<double>(count));
        return numbers;
    };
}

void Session::add_commands() {
    desk_->commands.add({"reload", "Reads the patch anew.", false, {}, [this](const CommandArguments&, Answer answer) {
                             reloads_.push_back(std::move(answer));
                             want_edit();
                             return std::string();
                         }});
    desk_->commands.add({"record", "Records into a file from now on; without one, stops recording.", false,
                         [this](const CommandArguments& arguments) { return record(arguments); }});
    desk_->commands.add({"quit", "Fades out and ends.", false, [](const auto&) {
                             stop_asked = 1;
                             return std::string();
                         }});
}

void Session::press(char key) {
    std::string wrong;
    if (key == 'n') wrong = desk_->commands.run("next", {});
    if (key == 'p') wrong = desk_->commands.run("previous", {});
    if (key >= '1' && key <= '9') wrong = desk_->commands.run("go", {static_cast<double>(key - '0')});
    if (key == 'r') wrong = desk_->commands.run("reload", {}, Commands::From::here, say_);
    if (!wrong.empty()) say(wrong);
}

void Session::start_tape(const std::filesystem::path& file, std::uint64_t frames) {
    tape_ = std::make_unique<Tape>(file, runner_->rate(), runner_->outputs(), frames,
                                   [this](std::string line) { inbox_.post(Notice{std::move(line)}); });
    tape_file_ = file;
    runner_->set_tap(TapPoint::tape, tape_.get());
}

// Whether all of it is in the file.
bool Session::stop_tape() {
    const auto fault = tape_->finish();
    if (fault.empty()) {
        char line[64];
        std::snprintf(line, sizeof line, " (%.2f s)", static_cast<double>(tape_->frames()) / runner_->rate());
        say("Recorded " + tape_file_.string() + line +
            (tape_->lost() ? ", " + std::to_string(tape_->lost()) + " frames were lost: the disk is too slow" : ""));
    } else {
        std::fprintf(stderr, "%s\n", fault.c_str());
    }
    tape_.reset();
    return fault.empty();
}

std::string Session::record(const CommandArguments& arguments) {
    if (!arguments.empty()) {
        const auto* file = std::get_if<std::string>(&arguments[0]);
        if (!file) return "/legume/record wants a file's name, .wav or .flac; without one it stops";
        if (tape_) return "what is played goes to " + tape_file_.string() + "; stop that by /legume/record alone";
        if (std::filesystem::exists(*file)) return *file + " is there already; choose another name";
        try {
            start_tape(*file, 0);
        } catch (const SoundError& fault) {
            return *file + " " + fault.what();
        }
        say("Recording " + *file);
        return "";
    }
    if (!tape_) return "nothing is being recorded; /legume/record FILE begins";
    runner_->set_tap(TapPoint::tape, nullptr);
    const auto gone = runner_->frames() + 2 * block_frames;
    const auto patience = Clock::now() + std::chrono::seconds(1);
    while (runner_->frames() < gone) {
        if (Clock::now() > patience) {
            runner_->set_tap(TapPoint::tape, tape_.get());
            return "the sound card does not answer; the recording goes on";
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return stop_tape() ? "" : "the recording is not whole; the terminal says why";
}

void Session::take(const Mail& mail) {
    if (const auto* midi = std::get_if<MidiMessage>(&mail)) {
        if (osc_) osc_->flush();  // what came before
        if (const auto event = parse_midi(midi->bytes)) {
            midi_->take(*event, midi->port);
            transport_->take(*event, midi->port, midi->time);
            desk_->scenes.take(*event);
        }
    } else if (const auto* packet = std::get_if<OscPacket>(&mail)) {
        osc_->take(*packet);
    } else {
        say(std::get<Notice>(mail).text);
    }
}

// What was edited is read and prepared by the loader; here it is only posted, once nothing else is on its way.
void Session::follow_edits() {
    if (loader_->edited(Loader::For::edit)) want_edit();
    if (auto loaded = loader_->take(Loader::For::edit)) edit_ = std::move(loaded);
    if (!edit_ || !runner_->settled()) return;
    const auto wrong = take_up(*std::exchange(edit_, std::nullopt));
    if (wrong.empty()) return;
    for (const auto& answer : std::exchange(reloads_, {})) answer(wrong);
}

// What is wrong with it, for who asked; all of it is said.
std::string Session::take_up(Loaded loaded) {
    const auto changes = diff(runner_->patch(), loaded.prepared.patch);
    const auto problems = std::move(loaded.prepared.problems);
    if (problems.empty()) {
        if (loaded.prepared.number != runner_->playing_number()) {  // something else came meanwhile
            want_edit();
            return "";
        }
        if (loaded.same) {
            if (std::exchange(faulty_, false)) say("The patch is valid again; it is what is playing.");
            reloads_.clear();
            return "";
        }
        for (const auto& notice : loaded.notices) say(to_string(notice));
        runner_->edit(std::move(loaded.prepared));
        if (kept_) kept_->edited();
    }
    faulty_ = !problems.empty();
    if (faulty_) {
        say("The patch has faults; what was playing plays on:");
        for (const auto& problem : problems) say("  " + to_string(problem));
        return to_string(problems.front());
    }
    reloads_.clear();
    desk_->controls.bind();
    std::vector<std::string> said;
    if (!changes.added.empty()) said.push_back("added " + join(changes.added));
    if (!changes.removed.empty()) said.push_back("removed " + join(changes.removed));
    if (!changes.replaced.empty()) said.push_back("replaced " + join(changes.replaced));
    for (const auto& [node, setting] : changes.changed) said.push_back("changed " + node + "." + setting);
    if (changes.wires) said.push_back("rewired");
    if (changes.bindings) said.push_back("bindings");
    if (changes.scenes) said.push_back("scenes");
    if (changes.cues) said.push_back("cues");
    if (changes.settings) said.push_back("settings");
    say("Reloaded: " + join(said));
    say_admission();
    return "";
}

// What is new of it.
void Session::say_admission() {
    auto lines = admission(runner_->schedule(), generate_threads());
    for (const auto& line : lines)
        if (std::find(admitted_.begin(), admitted_.end(), line) == admitted_.end()) say(line);
    admitted_ = std::move(lines);
}

void Session::show_status() {
    const auto peak = runner_->take_peak();
    if (poison_poll_.due())
        for (const auto& poisoned : runner_->poisoned())
            say(poisoned.id + ": " + std::to_string(poisoned.values) +
                " values were not finite; they were silenced and the node reset");
    const float covered = runner_->covering();
    most_covering_ = std::max(most_covering_, covered);
    if (!terminal_) return;
    redraw(stdout, status_line({static_cast<double>(runner_->frames()) / runner_->rate(), math::decibels(peak),
                                runner_->load(), runner_->late_blocks(), device_->xruns(), covered,
                                print_time(runner_->moment().time), setlist_->status(), desk_->controls.last()},
                               line_columns(STDOUT_FILENO)));
    status_drawn_ = true;
}

// A crash goes on from here.
void Session::save_snapshot() {
    auto standing = snapshot_of(desk_->controls);
    standing.patch = std::filesystem::absolute(patch_);
    standing.place = setlist_->place();
    standing.seed = runner_->seed();
    standing.scene = desk_->scenes.current();
    standing.seconds += before_;
    if (const auto fault = snapshot_file_->save(std::move(standing)); !fault.empty()) say(fault);
}

void Session::end() {
    const bool asked = stop_asked;
    most_covering_ = std::max(most_covering_, runner_->covering());
    runner_->fade_out();
    const auto patience = Clock::now() + std::chrono::seconds(2);  // a dead device never fades
    while (!runner_->silent() && Clock::now() < patience) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    device_->stop();
    char line[240];
    std::snprintf(line, sizeof line, "Played %.2f s%s: %llu late blocks, %llu xruns, %llu controls, %llu not taken",
                  static_cast<double>(runner_->frames()) / runner_->rate(), asked ? " (stopped)" : "",
                  static_cast<unsigned long long>(runner_->late_blocks()),
                  static_cast<unsigned long long>(device_->xruns()),
                  static_cast<unsigned long long>(desk_->controls.taken()),
                  static_cast<unsigned long long>(midi_->refused() + (osc_ ? osc_->refused() : 0) + inbox_.dropped()));
    std::string played = line;
    if (most_covering_ > 0) {
        std::snprintf(line, sizeof line, ", covering up to %.1f %%", static_cast<double>(most_covering_) * 100);
        played += line;
    }
    played += setlist_->summary();
    played += xrun_log_.summary();
    played += desk_->controls.summary();
    say(played);
}

// Everything that is wrong in any patch of it is said before the first one sounds.
bool Session::open_set() {
    auto problems = read_set(request_.patches, request_.crossfade, set_);
    for (const auto& patch : set_.patches) {
        opened_.push_back(open_in_set(patch.file, set_));
        const auto& found = opened_.back().problems;
        problems.insert(problems.end(), found.begin(), found.end());
    }
    std::vector<std::string> said;  // what is wrong with the set itself every patch of it would say
    for (const auto& problem : problems)
        if (const auto line = to_string(problem); std::find(said.begin(), said.end(), line) == said.end()) {
            std::fprintf(stderr, "%s\n", line.c_str());
            said.push_back(line);
        }
    return said.empty();
}

int Session::run() {
    if (!open_set()) return 1;
    snapshot_file_ = std::make_unique<SnapshotFile>(request_.patches.front(), request_.resume);
    const auto& left = snapshot_file_->resumed();
    const auto first = left && left->place < set_.patches.size() ? left->place : 0;
    patch_ = left ? left->patch : set_.patches[first].file;
    const bool of_set = std::filesystem::absolute(set_.patches[first].file) == std::filesystem::absolute(patch_);
    auto checked = of_set ? std::move(opened_[first]) : open_in_set(patch_, set_);
    if (print_problems(checked.problems)) return 1;
    const auto& title = checked.patch.title;
    if (set_.patches.size() > 1) {
        say("legume " LEGUME_VERSION ": a set of " + std::to_string(set_.patches.size()) + " patches" +
            (set_.title.empty() ? "" : ", " + set_.title));
        say(std::to_string(first + 1) + "/" + std::to_string(set_.patches.size()) + " " + patch_.string() +
            (title.empty() ? "" : " (" + title + ")"));
    } else {
        say("legume " LEGUME_VERSION ": " + patch_.string() + (title.empty() ? "" : " (" + title + ")"));
    }
    if (!checked.patch.note.empty()) say("  " + checked.patch.note);
    if (!snapshot_file_->greeting().empty()) say(snapshot_file_->greeting());
    for (const auto& notice : checked.notices) say("  " + to_string(notice));
    Watch watch;
    watch.set(checked.patch.watched());
    if (!may_take_real_time(audio_priority) || !lock_memory())
        say("Without real-time priority and locked memory, which are not permitted here, other programs can make it "
            "late; `legume rehearse` says how to get them.");
    const auto seed = left ? left->seed : choose_seed(request_.seed, checked.patch);
    int inputs = device_inputs(checked), outputs = device_outputs(checked);
    for (std::size_t i = 0; i < opened_.size(); ++i) {
        if (of_set && i == first) continue;
        inputs = std::max(inputs, device_inputs(opened_[i]));
        outputs = std::max(outputs, device_outputs(opened_[i]));
    }
    opened_.clear();
    try {
        device_ =
            open_wished({request_.device, request_.rate, request_.buffer, request_.verbose}, inputs, outputs, say_);
        RunnerSetup setup;
        setup.rate = device_->rate();
        setup.inputs = device_->inputs();
        setup.outputs = std::min(std::max(device_->outputs(), 1), max_channels);
        setup.seed = seed;
        setup.live = true;
        if (left) {
            before_ = left->seconds;
            setup.beat = left->beat;
            setup.resume = [&left](const std::string& id, Node& node) { resume(*left, id, node); };
        }
        setup.tell = [this](const std::string& id, const std::string& line) { inbox_.post(Notice{id + ": " + line}); };
        runner_ = std::make_unique<Runner>(setup);
        if (print_problems(runner_->edit(std::move(checked)))) return 1;
        heed_stop_signals();  // until here Ctrl-C ends it at once: a file may be read for ever, and nothing sounds yet
        say_admission();
        runner_->on_late = [this](const LateCallback& late) { xrun_log_.take(late); };
        loader_ = std::make_unique<Loader>(
            *runner_, [this](const std::filesystem::path& file) { return open_in_set(file, set_); },
            [this, seed](const Patch& patch) { return request_.seed ? *request_.seed : patch.seed.value_or(seed); },
            std::move(watch));
        desk_ = std::make_unique<Desk>(*runner_, say_, left ? 0 : request_.from);
        add_commands();
        setlist_ = std::make_unique<Setlist>(
            set_, *loader_, desk_->controls, desk_->commands, say_,
            [this](const std::filesystem::path& file) {
                patch_ = file;
                loader_->came();
                edit_.reset();
                faulty_ = false;
                desk_->controls.bind();
                if (kept_) kept_->edited();
                say_admission();
            },
            first);
        open_controls();
        if (left) {
            legume::take_up(*left, desk_->controls);
            desk_->scenes.go_on(left->scene);
            desk_->cues.go_on(left->seconds, left->beat);
        }
        if (!request_.record.empty()) {
            const auto frames = request_.seconds ? math::round_even(*request_.seconds * setup.rate) : 0.0;
            start_tape(request_.record, static_cast<std::uint64_t>(frames));
        }
        keep_show();
        if (kept_ && left)
            for (const auto& [id, bytes] : left->nodes) kept_->resumed(id, bytes);
        char line[300];
        std::snprintf(line, sizeof line,
                      "Playing on %s at %.6g Hz, seed %llu; control to sound %.0f ms in the patch, %.0f ms in the "
                      "device. Ctrl-C stops.",
                      device_->name().c_str(), device_->rate(), static_cast<unsigned long long>(seed),
                      runner_->schedule().latency_frames() * 1000 / setup.rate, device_->output_latency() * 1000);
        say(line);
        desk_->cues.tick();  // what is due at the beginning is there at the beginning
        runner_->start_pools();
        device_->start(*runner_);
        if (keys_.emplace().open())
            say(set_.patches.size() > 1 ? "Keys: n next, p previous, 1 to 9, r reads the patch anew."
                                        : "Keys: r reads the patch anew.");
    } catch (const SoundError& fault) {
        std::fprintf(stderr, "%s %s\n", request_.record.c_str(), fault.what());
        return 1;
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "%s\n", fault.what());
        return 1;
    }
    while (!over()) {
        for (const auto& mail : inbox_.take(osc_ ? osc_->patience() : std::chrono::milliseconds(10))) take(mail);
        runner_->tick();
        if (kept_) kept_->tick();
        desk_->controls.tick();
        while (const auto key = keys_->take()) press(*key);
        setlist_->tick();
        follow_edits();
        if (device_poll_.due())
            for (const auto& line : device_->news()) say(line);
        if (snapshot_poll_.due()) {
            save_snapshot();
            awake_.look();
        }
        if (xrun_poll_.due())
            xrun_log_.look(static_cast<double>(runner_->frames()) / runner_->rate(), device_->xruns());
        if (status_.due()) show_status();
    }
    end();
    snapshot_file_->over();
    if (const auto show = std::exchange(kept_, nullptr)) say(show->finish());
    for (const auto& mail : inbox_.take(std::chrono::milliseconds(0)))
        if (const auto* notice = std::get_if<Notice>(&mail)) say(notice->text);
    if (!tape_) return 0;
    runner_->set_tap(TapPoint::tape, nullptr);
    return stop_tape() ? 0 : 1;
}

bool Session::held_up() {
    if (!loader_ || !loader_->busy(std::chrono::milliseconds(300))) return false;
    transport_.reset();
    midi_.reset();
    osc_.reset();
    device_.reset();
    keys_.reset();
    return true;
}

}  // namespace

int play(const PlayRequest& request) {
    Session session(request);
    ending = session.run();
    // All is written by now. Who takes longer than this to let go is a MIDI or sound server that hangs.
    std::signal(SIGALRM, [](int) { ::_exit(ending); });
    ::alarm(10);
    if (session.held_up()) {
        std::fflush(nullptr);
        ::_exit(ending);
    }
    return ending;
}

}  // namespace legume
