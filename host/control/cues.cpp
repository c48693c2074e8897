// Runs what is due, in the order of time.
// SPDX-License-Identifier: MIT
#include "host/control/cues.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "graph/base/math.h"
#include "graph/transport.h"

namespace legume {
namespace {

constexpr double past = 0.1;  // seconds: what is so late was before the piece began further on

}  // namespace

Cues::Cues(Controls& controls, const Commands& commands, Say say, double from)
    : Follower(controls), commands_(commands), say_(std::move(say)) {
    bind(false);
    if (from <= 0) return;
    auto& runner = controls_.runner();
    skipped_ = math::round_even(from * runner.rate());
    const Target position{std::string(Transport::id) + "/position", &runner.transport().position};
    controls_.move(position, static_cast<float>(from * runner.patch().tempo.value_or(120) / 60), "from", 0);
}

void Cues::bind(bool another) {
    auto& runner = controls_.runner();
    const auto& patch = runner.patch();
    change_ = runner.changes();
    if (another) {
        frame_ = beat_ = -1;
        skipped_ = 0;
    }
    waiting_.clear();
    by_frame_.clear();
    by_beat_.clear();
    for (std::size_t i = 0; i < patch.cues.size(); ++i) {
        const auto& cue = patch.cues[i];
        if (cue.bar)
            by_beat_.push_back({cue.at * patch.bar_beats.value_or(4), i});
        else
            by_frame_.push_back({math::round_even(cue.at * runner.rate()), i});
    }
    const auto earlier = [](const Due& a, const Due& b) { return a.at < b.at; };
    std::stable_sort(by_frame_.begin(), by_frame_.end(), earlier);
    std::stable_sort(by_beat_.begin(), by_beat_.end(), earlier);
}

void Cues::go_on(double seconds, double beat) {
    skipped_ = frame_ = math::round_even(seconds * controls_.runner().rate());
    beat_ = beat;
}

void Cues::tick() {
    auto& runner = controls_.runner();
    const auto arrival = runner.arrival();
    if (arrival.number != change_) {  // it comes in with the next block: what is due at its beginning is there then
        run_until(by_frame_, frame_, 0, runner.rate());
        run_waiting();
        return;
    }
    // The bar in which it came in is its first.
    const double bar = runner.patch().bar_beats.value_or(4);
    const double began = math::floor(arrival.beat / bar + 1e-6) * bar;
    const double beat = runner.beat() - began + 1e-6;  // a sum of blocks falls a hair short of a whole beat
    if (beat < beat_) beat_ = beat - 2e-6;             // the transport was set back: what comes is to come again
    run_until(by_beat_, beat_, beat, static_cast<double>(runner.transport().tempo.own()) / 60);
    run_until(by_frame_, frame_, static_cast<double>(runner.frames() - arrival.frame) + skipped_, runner.rate());
    run_waiting();
}

void Cues::run_until(const std::vector<Due>& dues, double& reached, double now, double a_second) {
    const double from = std::exchange(reached, now);
    if (dues.empty() || now <= from) return;
    const auto after = [](double at, const Due& due) { return at < due.at; };
    const auto first = std::upper_bound(dues.begin(), dues.end(), from, after);
    const auto last = std::upper_bound(dues.begin(), dues.end(), now, after);
    for (auto due = first; due != last; ++due) {
        const double late = (now - due->at) / a_second;
        if (late < past || !outdone(*due, due + 1, last)) waiting_.push_back({due->cue, late < past ? 0 : late});
    }
}

// What was under way where the piece begins starts a block after what came before it, which else it would overtake.
void Cues::run_waiting() {
    const auto patch = change_;
    bool under_way = false;
    while (!waiting_.empty() && !under_way && change_ == patch) {  // what is left of a patch that is over is left
        const auto [cue, late] = waiting_.front();
        waiting_.pop_front();
        under_way = run(cue, late) && late > 0;
    }
}

// Of triggers that a node had before the piece began further on, its last decides: a player plays, or has stopped.
bool Cues::outdone(const Due& due, std::vector<Due>::const_iterator next, std::vector<Due>::const_iterator last) const {
    const auto& cues = controls_.runner().patch().cues;
    const auto& cue = cues[due.cue];
    return cue.kind == Cue::Kind::fire && std::any_of(next, last, [&](const Due& other) {
               return cues[other.cue].kind == Cue::Kind::fire && cues[other.cue].to.node == cue.to.node;
           });
}

bool Cues::run(std::size_t index, double late) {
    const auto& patch = controls_.runner().patch();
    const auto cue = patch.cues[index];
    const auto source = "cue " + std::to_string(index + 1);
    auto over = cue.over;
    if (cue.kind == Cue::Kind::scene && !over && late > 0)
        for (const auto& scene : patch.scenes)
            if (scene.name == cue.name) over = scene.over;
    std::optional<double> seconds;
    if (over) seconds = std::max(controls_.seconds(*over) - late, 0.0);
    const Answer tell = [this, place = cue.place, source](const std::string& what) {
        say_(to_string(place) + ": " + source + ": " + what);
    };
    std::string wrong;
    switch (cue.kind) {
        case Cue::Kind::set:
            controls_.runner().control().forget(source);
            controls_.set(cue.to, cue.value, source, seconds);
            break;
        case Cue::Kind::fire:
            if (const auto* target = controls_.find(cue.to); target && target->member->kind == Member::Kind::trigger)
                controls_.fire(*target, source);
            break;
        case Cue::Kind::scene: {
            CommandArguments arguments{cue.name};
            if (seconds) arguments.emplace_back(*seconds);
            wrong = commands_.run("scene", arguments);
            break;
        }
        case Cue::Kind::patch:
            wrong = commands_.run("load", {(std::filesystem::path(cue.place.file).parent_path() / cue.name).string()},
                                  Commands::From::here, tell);
            break;
    }
    if (!wrong.empty()) tell(wrong);
    return seconds.value_or(0) > 0;
}

}  // namespace legume
