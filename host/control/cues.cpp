// Runs what is due, in the order of time.
// SPDX-License-Identifier: MIT
#include "host/control/cues.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "graph/math.h"

namespace legume {

Cues::Cues(Controls& controls, const Commands& commands, Say say)
    : controls_(controls), commands_(commands), say_(std::move(say)) {
    bind();
}

void Cues::bind() {
    auto& runner = controls_.runner();
    const auto& patch = runner.patch();
    if (std::exchange(change_, runner.changes()) != runner.changes()) frame_ = beat_ = -1;
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
    const auto& runner = controls_.runner();
    frame_ = math::round_even(seconds * runner.rate());
    began_ = runner.frames() - static_cast<std::uint64_t>(frame_);  // wraps, and so does what is counted from it
    beat_ = beat;
}

void Cues::tick() {
    auto& runner = controls_.runner();
    const auto arrival = runner.arrival();
    if (arrival.number != change_) {  // it comes in with the next block: what is due at its beginning is there then
        run_until(by_frame_, frame_, 0);
        return;
    }
    // The bar in which it came in is its first.
    const double bar = runner.patch().bar_beats.value_or(4);
    const double began = math::floor(arrival.beat / bar + 1e-6) * bar;
    const double beat = runner.beat() - began + 1e-6;  // a sum of blocks falls a hair short of a whole beat
    if (beat < beat_) beat_ = beat - 2e-6;             // the transport was set back: what comes is to come again
    run_until(by_beat_, beat_, beat);
    run_until(by_frame_, frame_, static_cast<double>(runner.frames() - arrival.frame));
}

void Cues::run_until(const std::vector<Due>& dues, double& reached, double now) {
    const double from = std::exchange(reached, now);
    if (dues.empty() || now <= from) return;
    const auto after = [](double at, const Due& due) { return at < due.at; };
    const auto first = std::upper_bound(dues.begin(), dues.end(), from, after);
    const auto last = std::upper_bound(dues.begin(), dues.end(), now, after);
    const std::vector<Due> now_due(first, last);  // a copy: a cue for another patch binds anew
    const auto patch = change_;
    for (const auto& due : now_due)
        if (change_ == patch) run(due.cue);  // what is left of a patch that is over is left
}

void Cues::run(std::size_t index) {
    const auto cue = controls_.runner().patch().cues[index];
    const auto source = "cue " + std::to_string(index + 1);
    std::optional<double> seconds;
    if (cue.over) seconds = controls_.seconds(*cue.over);
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
            wrong = commands_.run("load", {(std::filesystem::path(cue.place.file).parent_path() / cue.name).string()});
            break;
    }
    if (!wrong.empty()) say_(to_string(cue.place) + ": " + source + ": " + wrong);
}

}  // namespace legume
