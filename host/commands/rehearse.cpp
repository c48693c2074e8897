// One session without hands: device, runner, scenes and cues, watched minute by minute.
// SPDX-License-Identifier: MIT
#include "host/commands/rehearse.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>

#include "graph/abilities.h"
#include "host/audio/device.h"
#include "host/audio/user_settings.h"
#include "host/control/desk.h"
#include "host/control/transport_control.h"
#include "host/engine/admission.h"
#include "host/engine/runner.h"
#include "host/midi/midi.h"
#include "host/session/open.h"
#include "host/session/xrun_log.h"
#include "host/system/awake.h"
#include "host/system/command.h"
#include "host/system/every.h"
#include "host/system/real_time.h"
#include "host/system/stop.h"

namespace legume {
namespace {

constexpr double sound_headroom = 0.2;  // of the time there is, at the worst

void say(const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
}

std::string percent(double share) { return std::to_string(static_cast<int>(share * 100 + 0.5)) + " %"; }

class Rehearsal {
  public:
    explicit Rehearsal(const RehearseRequest& request) : request_(request) {}
    int run();

  private:
    void open(std::vector<Checked> patches);
    void before_playing(const Checked& checked);
    void play(std::size_t patch);
    void stay(double seconds);
    void end_minute();
    void add(Findings more) { findings_.insert(findings_.end(), more.begin(), more.end()); }

    const RehearseRequest& request_;
    const Say say_ = say;
    Findings findings_;
    std::vector<Minute> minutes_;
    Minute now_;
    std::uint64_t looks_ = 0, late_before_ = 0, gaps_before_ = 0;
    std::string place_;
    Awake awake_;
    XrunLog xrun_log_{say_};
    std::unique_ptr<Runner> runner_;
    std::unique_ptr<Desk> desk_;
    std::unique_ptr<TransportControl> transport_;
    std::unique_ptr<AudioDevice> device_;  // last: it plays the runner
};

void Rehearsal::before_playing(const Checked& checked) {
    static const auto ports = list_midi_ports(request_.verbose);
    add(missing_controllers(checked.patch, ports));
}

void Rehearsal::end_minute() {
    const auto late = runner_->late_blocks(), gaps = device_->xruns();
    now_.late = late - std::exchange(late_before_, late);
    now_.gaps = gaps - std::exchange(gaps_before_, gaps);
    now_.load = looks_ > 0 ? now_.load / static_cast<double>(looks_) : 0;
    say(line(now_) + "  " + place_);
    minutes_.push_back(now_);
    now_ = Minute{now_.number + 1, 0, 0, 0, 0, 0};
    looks_ = 0;
}

// Plays on for so long; what is heard then is in `place_`.
void Rehearsal::stay(double seconds) {
    Every look{50};
    const auto until = runner_->frames() + static_cast<std::uint64_t>(seconds * runner_->rate());
    while (runner_->frames() < until && !stop_asked) {
        runner_->tick();
        desk_->controls.tick();
        if (look.due()) {
            for (const auto& news : device_->news()) {
                say(news);
                if (news.find("; playing on without sound") != news.npos)
                    findings_.push_back({true, news + " Look at its cable and at the sound system's log."});
            }
            now_.load += runner_->load();
            now_.most = std::max(now_.most, runner_->load());
            ++looks_;
            now_.covering = std::max(now_.covering, static_cast<double>(runner_->covering()));
            const double at = static_cast<double>(runner_->frames()) / runner_->rate();
            if (at >= 60 * now_.number) end_minute();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void Rehearsal::play(std::size_t patch) {
    const auto scenes = runner_->patch().scenes;
    const double share = request_.minutes * 60 / static_cast<double>(request_.patches.size());
    const double each = share / static_cast<double>(scenes.size() + 1);
    const auto name = request_.patches[patch].filename().string();
    for (const auto& line : admission(runner_->schedule(), generate_threads())) say("  " + line);
    const auto& plan = runner_->schedule().plan();
    for (std::size_t i = 0; i < plan.nodes.size(); ++i)
        if (const auto* generator = as<GeneratesAhead>(*plan.nodes[i]))
            if (const auto pace = generator->real_time_factor(); !pace.short_of.empty())
                findings_.push_back(
                    {true, name + ": " + plan.ids[i] + ": " + pace.short_of + ". What helps: " + pace.help});
    place_ = name;
    say(name);
    stay(each);
    for (const auto& scene : scenes) {
        if (stop_asked) return;
        place_ = name + ", scene " + scene.name;
        say(place_);
        if (const auto wrong = desk_->scenes.recall(scene.name); !wrong.empty())
            findings_.push_back({true, name + ": " + wrong});
        stay(each);
    }
}

void Rehearsal::open(std::vector<Checked> patches) {
    int inputs = 0, outputs = 1;
    for (const auto& checked : patches) {
        inputs = std::max(inputs, device_inputs(checked));
        outputs = std::max(outputs, device_outputs(checked));
    }
    device_ = open_wished({request_.device, request_.rate, request_.buffer, request_.verbose}, inputs, outputs, say_);
    std::vector<std::string> messages;
    const auto remembered = load_user_settings(user_settings_path(), messages);
    add(rates(request_.rate > 0 ? request_.rate : remembered.rate, device_->rate()));
    if (device_->outputs() < outputs)
        add({{true, device_->name() + " has " + std::to_string(device_->outputs()) + " outputs, and the set plays on " +
                        std::to_string(outputs) + ": the others are not heard. Choose another card by --device"}});
    if (device_->inputs() < inputs)
        add({{true, device_->name() + " has " + std::to_string(device_->inputs()) + " inputs, and the set listens to " +
                        std::to_string(inputs) + ": the others are silent. Choose another card by --device"}});
    if (device_->name() == "null")
        add({{request_.device.empty(),
              "It was played on the null device: nothing was heard. Plug the sound card in, "
              "or start its sound server, and rehearse again"}});
    RunnerSetup setup;
    setup.rate = device_->rate();
    setup.inputs = device_->inputs();
    setup.outputs = std::min(std::max(device_->outputs(), 1), max_channels);
    setup.seed = choose_seed({}, patches.front().patch);
    setup.live = true;
    setup.tell = [](const std::string& id, const std::string& line) { say(id + ": " + line); };
    runner_ = std::make_unique<Runner>(setup);
    runner_->on_late = [this](const LateCallback& late) { xrun_log_.take(late); };
    std::error_code error;
    const auto room = std::filesystem::space(std::filesystem::current_path(error), error);
    if (!error) add(disk_room(room.available, setup.rate * setup.outputs * sizeof(float), request_.minutes));
    for (std::size_t i = 0; i < patches.size() && !stop_asked; ++i) {
        while (runner_->frames() > 0 && !runner_->settled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        const auto problems = runner_->edit(std::move(patches[i]));
        if (print_problems(problems)) throw CommandError(request_.patches[i].string() + " cannot be played");
        if (!desk_) {
            desk_ = std::make_unique<Desk>(*runner_, say_);
            transport_ = std::make_unique<TransportControl>(desk_->controls, desk_->commands, say_);
            runner_->start_pools();
            device_->start(*runner_);
        } else {
            desk_->controls.bind();
        }
        play(i);
    }
}

int Rehearsal::run() {
    std::vector<Checked> patches;
    bool faulty = false;
    for (const auto& file : request_.patches) {
        patches.push_back(open_patch(file));
        faulty = print_problems(patches.back().problems) || faulty;
    }
    if (faulty) return 1;
    add(permissions(may_take_real_time(audio_priority), may_lock_memory()));
    for (const auto& checked : patches) before_playing(checked);
    char text[80];
    std::snprintf(text, sizeof text, "Rehearsing for %.3g minutes. Ctrl-C stops and reports.", request_.minutes);
    say(text);
    open(std::move(patches));
    if (looks_ > 0) end_minute();
    runner_->fade_out();
    for (int i = 0; i < 100 && !runner_->silent(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    device_->stop();
    runner_->tick();
    add(analyse(minutes_, xrun_log_.summary()));
    bool breaks = false;
    say("");
    for (const bool first : {true, false})
        for (const auto& finding : findings_) {
            if (finding.breaks != first) continue;
            say((finding.breaks ? "WOULD BREAK THE SHOW: " : "Worth knowing: ") + finding.text + ".");
            breaks = breaks || finding.breaks;
        }
    if (!breaks) say("Nothing was found that would break the show.");
    return breaks ? 1 : 0;
}

}  // namespace

Findings permissions(bool real_time, bool memory) {
    Findings found;
    const std::string how =
        ". On Debian: sudo adduser $USER audio; then a file /etc/security/limits.d/audio.conf with the lines "
        "\"@audio - rtprio 95\" and \"@audio - memlock unlimited\"; then log in anew";
    if (!real_time)
        found.push_back({false, "legume may not take real-time priority, so other programs can make it late" + how});
    if (!memory)
        found.push_back({false, "legume may not lock its memory, so it can be late when memory is short" +
                                    (real_time ? how : ". The same file helps")});
    return found;
}

Findings missing_controllers(const Patch& patch, const std::vector<std::string>& ports) {
    Findings found;
    std::map<std::string, int> missing;
    bool any_port = false;
    for (const auto& binding : patch.bindings) {
        if (!binding.midi) continue;
        const auto& wanted = binding.midi->port;
        any_port = any_port || wanted.empty();
        if (!wanted.empty() && std::none_of(ports.begin(), ports.end(),
                                            [&](const std::string& port) { return port.find(wanted) != port.npos; }))
            ++missing[wanted];
    }
    std::string there;
    for (const auto& port : ports) there += (there.empty() ? "" : ", ") + port;
    there = there.empty() ? "there is no MIDI port at all" : "there are " + there;
    const auto name = std::filesystem::path(patch.file).filename().string();
    for (const auto& [port, bindings] : missing)
        found.push_back({true, name + ": the controller \"" + port + "\" is not there, and " +
                                   std::to_string(bindings) + (bindings == 1 ? " binding needs" : " bindings need") +
                                   " it; " + there + ". Plug it in, or change `port:` in the bindings"});
    if (any_port && ports.empty())
        found.push_back({false, name + " is played by MIDI, and no controller is plugged in"});
    return found;
}

Findings disk_room(std::uintmax_t bytes_free, double bytes_a_second, double minutes) {
    const double room = static_cast<double>(bytes_free) / bytes_a_second / 60;
    if (room >= 2 * minutes) return {};
    char text[200];
    std::snprintf(
        text, sizeof text,
        "The disk has room for %.0f minutes of recording, and the show takes %.3g. Delete something, or start "
        "legume in a folder on another disk",
        room, minutes);
    return {{room < minutes, text}};
}

Findings rates(double asked, double given) {
    if (asked <= 0 || asked == given) return {};
    char text[200];
    std::snprintf(text, sizeof text,
                  "The sound card runs at %.6g Hz where %.6g was asked for. Set its own rate, or leave --rate out",
                  given, asked);
    return {{false, text}};
}

std::string line(const Minute& minute) {
    char text[200];
    std::snprintf(text, sizeof text, "minute %2d: headroom %s, at the least %s; %llu late, %llu gaps, covering %s",
                  minute.number, percent(std::max(0.0, 1 - minute.load)).c_str(),
                  percent(std::max(0.0, 1 - minute.most)).c_str(), static_cast<unsigned long long>(minute.late),
                  static_cast<unsigned long long>(minute.gaps), percent(minute.covering).c_str());
    return text;
}

Findings analyse(const std::vector<Minute>& minutes, const std::string& causes) {
    Findings found;
    Minute all;
    for (const auto& minute : minutes) {
        all.most = std::max(all.most, minute.most);
        all.late += minute.late;
        all.gaps += minute.gaps;
        all.covering = std::max(all.covering, minute.covering);
    }
    if (all.late > 0)
        found.push_back({true, std::to_string(all.late) + " blocks were late" + causes +
                                   ". A larger --buffer helps; so does taking out, or making lighter, the node that is "
                                   "named; where it is the system, close other programs and see real-time priority"});
    else if (1 - all.most < sound_headroom)
        found.push_back({false, "At the worst only " + percent(std::max(0.0, 1 - all.most)) +
                                    " of the time was left. A larger --buffer, or a lighter patch, gives more"});
    if (all.gaps > 0)
        found.push_back({true, "The sound card was " + std::to_string(all.gaps) +
                                   " times without a block. A larger --buffer helps, and real-time priority"});
    if (all.covering > 0)
        found.push_back({true, "A network fell behind and covered up to " + percent(all.covering) +
                                   " with its own past. `precision: int8`, fewer voices or a smaller network help; "
                                   "`legume check --measure` says how far it is from enough"});
    return found;
}

int rehearse(const RehearseRequest& request) {
    heed_stop_signals();
    int code = 1;
    const int failed = attempt([&] { code = Rehearsal(request).run(); });
    return failed ? failed : code;
}

}  // namespace legume
