// A take is a patch of one player: another take is an edit of it, and so fades in and out as edits do.
// SPDX-License-Identifier: MIT
#include "host/commands/models/listen.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "host/control/inbox.h"
#include "host/engine/runner.h"
#include "host/osc/osc.h"
#include "host/osc/socket.h"
#include "host/session/open.h"
#include "host/system/command.h"
#include "host/system/every.h"
#include "host/system/keys.h"
#include "host/system/stop.h"
#include "nodes/files/yaml.h"
#include "nodes/samplernn/takes/picks.h"
#include "nodes/samplernn/takes/take.h"

namespace legume {
namespace {

namespace fs = std::filesystem;
using namespace samplernn;

constexpr double pause_seconds = 0.3;  // between takes
constexpr int usual_port = 9770;

// Whoever is on the network may not end it.
constexpr std::pair<const char*, char> osc_commands[] = {{"/legume/listen/next", ' '},
                                                         {"/legume/listen/older", 'o'},
                                                         {"/legume/listen/star", 's'},
                                                         {"/legume/listen/drop", 'd'}};

std::string patch_of(const fs::path& take) {
    return "legume: 1\nnodes:\n  take: {type: player, file: " + quoted(fs::absolute(take).string()) +
           ", loop: false}\n  out: {type: output}\nwires:\n  - take -> out\n";
}

// Off, as a button sends it when it is let go.
bool is_release(const OscMessage& message) {
    if (message.args.empty()) return false;
    const auto& arg = message.args.back();
    if (const auto* f = std::get_if<float>(&arg)) return *f < 0.5f;
    if (const auto* i = std::get_if<std::int64_t>(&arg)) return *i == 0;
    if (const auto* b = std::get_if<bool>(&arg)) return !*b;
    return false;
}

class Listener {
  public:
    explicit Listener(const ListenRequest& request) : request_(request) {}
    void run();

  private:
    void act(char key) {
        switch (key) {
            case ' ': return next();
            case 'o': return older();
            case 's': return star();
            case 'd': return drop();
            case 'q': over_ = true;
        }
    }
    void next() {
        if (!step(+1)) say("that was the newest take; what comes is played");
    }
    void older() {
        if (!step(-1)) say("that was the oldest take");
    }
    void star();
    void drop();

    void say(const std::string& line) const {
        std::printf("%s%s\n", isatty(STDOUT_FILENO) ? "\r\033[K" : "", line.c_str());
        std::fflush(stdout);
    }
    void open();
    void open_osc();
    void edit(const std::string& patch);
    void take_osc(const OscPacket& packet);
    void look();
    bool step(int way);
    void go_on();
    void begin();
    Pick pick_of(const fs::path& take, bool star) const;
    std::string name_of(const fs::path& take) const { return "takes/" + take.filename().string(); }
    std::size_t place_of(const fs::path& take) const {
        return static_cast<std::size_t>(std::lower_bound(takes_.begin(), takes_.end(), take) - takes_.begin());
    }
    bool over() const {
        const bool long_enough =
            request_.seconds && static_cast<double>(runner_->frames()) >= *request_.seconds * runner_->rate();
        return over_ || stop_asked || long_enough || (request_.follow && getppid() != parent_);
    }

    const ListenRequest& request_;
    const pid_t parent_ = getppid();
    const Say say_ = [this](const std::string& line) { say(line); };
    Inbox inbox_;
    std::vector<fs::path> takes_;  // by name: by the run's age, then by voice
    Picks picks_;
    fs::path at_;      // that plays, or played last
    fs::path wanted_;  // that is to begin
    double ends_ = 0;  // frame
    bool playing_ = false, heard_ = false, over_ = false;
    std::unique_ptr<Runner> runner_;
    std::unique_ptr<AudioDevice> device_;
    std::unique_ptr<OscSocket> osc_;
    Keys keys_;
    Every look_{500}, device_poll_{500};
};

void Listener::open() {
    device_ = open_wished(request_.device, 0, 2, say_);
    RunnerSetup setup;
    setup.rate = device_->rate();
    setup.outputs = std::min(std::max(device_->outputs(), 1), max_channels);
    runner_ = std::make_unique<Runner>(setup);
    edit("legume: 1\nnodes:\n  out: {type: output}\n");  // silence
    if (request_.osc) open_osc();
    device_->start(*runner_);
    std::string hands;
    if (keys_.open()) hands += "; space: next, o: older, s: star, d: drop, q: quit";
    if (osc_) hands += "; OSC: /legume/listen/next, older, star, drop at port " + std::to_string(osc_->port());
    say("Listening to " + request_.run.string() + " on " + device_->name() + hands);
}

void Listener::open_osc() {
    const auto receive = [this](std::span<const std::uint8_t> bytes, const OscPeer& sender) {
        inbox_.post(OscPacket{{bytes.begin(), bytes.end()}, sender});
    };
    try {
        osc_ =
            std::make_unique<OscSocket>(OscSocket::Listen::loopback, request_.osc_port.value_or(usual_port), receive);
    } catch (const std::runtime_error& error) {
        if (request_.osc_port) throw;
        say(std::string(error.what()) + "; going on without OSC");
    }
}

void Listener::take_osc(const OscPacket& packet) {
    std::string error;
    for (const auto& message : parse_osc(packet.bytes, error)) {
        if (message.address == "/legume/ping") {
            osc_->send(compose_osc("/legume/pong", {std::string("legume " LEGUME_VERSION)}), packet.sender);
            continue;
        }
        bool known = false;
        for (const auto& [name, key] : osc_commands) {
            if (!osc_matches(message.address, name)) continue;
            known = true;
            if (!is_release(message)) act(key);
        }
        if (!known)
            error = "there is no " + message.address +
                    " here; there are /legume/listen/next, /legume/listen/older, /legume/listen/star, "
                    "/legume/listen/drop";
    }
    if (!error.empty()) osc_->send(compose_osc("/legume/error", {error}), packet.sender);
}

// What is new in the folder, and in picks.yaml, which the report or a hand may have written.
void Listener::look() {
    takes_ = find_takes(request_.run / "takes");
    picks_ = read_picks(request_.run);
}

// To the next one in that direction that is not dropped; false: there is none.
bool Listener::step(int way) {
    look();
    auto i = static_cast<std::ptrdiff_t>(place_of(at_));
    const bool gone = i == std::ssize(takes_) || takes_[static_cast<std::size_t>(i)] != at_;
    if (!at_.empty() && !(gone && way > 0)) i += way;
    for (; i >= 0 && i < std::ssize(takes_); i += way) {
        const auto& take = takes_[static_cast<std::size_t>(i)];
        const auto pick = picks_.find(name_of(take));
        if (pick != picks_.end() && !pick->second.star) continue;
        wanted_ = take;
        return true;
    }
    return false;
}

// After a take: the next one. Who follows a run that is faster than its takes last hears its newest age.
void Listener::go_on() {
    look();
    if (takes_.empty() || (!at_.empty() && takes_.back() <= at_)) return;
    const auto age = [](const fs::path& take) { return step_in_name(take).value_or(0); };
    if (request_.follow && !at_.empty() &&
        age(takes_.back()) > age(takes_[std::min(place_of(at_) + 1, takes_.size() - 1)])) {
        const auto newest = age(takes_.back());
        const auto first = std::find_if(takes_.begin(), takes_.end(), [&](const auto& t) { return age(t) == newest; });
        at_ = first == takes_.begin() ? fs::path() : *(first - 1);
    }
    step(+1);
}

void Listener::edit(const std::string& patch) {
    auto checked = open_patch_text(patch, at_.string());
    const auto problems = checked.problems.empty() ? runner_->edit(std::move(checked)) : checked.problems;
    if (!problems.empty()) throw SoundError("cannot be played: " + problems.front().message);
}

void Listener::begin() {
    at_ = wanted_;
    wanted_.clear();
    try {
        const auto header = read_sound_header(at_);
        edit(patch_of(at_));
        const double seconds = static_cast<double>(header.frames) / header.rate;
        ends_ = static_cast<double>(runner_->frames()) + (seconds + pause_seconds) * runner_->rate();
        playing_ = heard_ = true;
        const auto pick = picks_.find(name_of(at_));
        char length[32];
        std::snprintf(length, sizeof length, " (%.1f s)", seconds);
        say(std::to_string(place_of(at_) + 1) + " of " + std::to_string(takes_.size()) + ": " + name_of(at_) + length +
            (pick != picks_.end() && pick->second.star ? ", starred" : ""));
    } catch (const SoundError& error) {
        say(at_.string() + " " + error.what() + "; it is left out");
    }
}

Pick Listener::pick_of(const fs::path& take, bool star) const {
    const auto recipe = parse_recipe(read_sound_comment(take));
    if (!recipe) return {star, step_in_name(take).value_or(0), {}};
    return {star, recipe->step, recipe->seed};
}

void Listener::star() {
    if (!heard_) return;
    picks_ = read_picks(request_.run);
    const auto name = name_of(at_);
    const auto found = picks_.find(name);
    const bool starred = found != picks_.end() && found->second.star;
    if (starred)
        picks_.erase(found);
    else
        picks_[name] = pick_of(at_, true);
    write_picks(request_.run, picks_);
    say(name + (starred ? ": star taken back" : ": starred"));
}

void Listener::drop() {
    if (!heard_) return;
    picks_ = read_picks(request_.run);
    picks_[name_of(at_)] = pick_of(at_, false);
    write_picks(request_.run, picks_);
    say(name_of(at_) + ": dropped, and not played again");
    next();
}

void Listener::run() {
    std::error_code none;
    if (!fs::is_directory(request_.run, none))
        throw CommandError(request_.run.string() + ": there is no such folder; name the folder of a run");
    look();
    if (takes_.empty() && !request_.follow)
        throw CommandError((request_.run / "takes").string() + " holds no take (*.flac); `legume takes " +
                           request_.run.string() + "` makes some");
    if (request_.follow && !takes_.empty()) at_ = takes_.back();
    open();
    while (!over()) {
        for (const auto& mail : inbox_.take(std::chrono::milliseconds(10)))
            if (const auto* packet = std::get_if<OscPacket>(&mail)) attempt([&] { take_osc(*packet); });
        while (const auto key = keys_.take()) attempt([&] { act(*key); });
        runner_->tick();
        if (playing_ && static_cast<double>(runner_->frames()) >= ends_) playing_ = false;
        if (!playing_ && wanted_.empty() && look_.due()) attempt([&] { go_on(); });
        if (!wanted_.empty() && runner_->settled()) begin();
        if (device_poll_.due())
            for (const auto& line : device_->news()) say_(line);
    }
    runner_->fade_out();
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(2);  // a dead device never fades
    while (!runner_->silent() && std::chrono::steady_clock::now() < patience)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    device_->stop();
}

}  // namespace

int listen(const ListenRequest& request) {
    heed_stop_signals();
    return attempt([&] { Listener(request).run(); });
}

}  // namespace legume
