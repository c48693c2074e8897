// All that can be moved, by name: the one door to the control queue, for MIDI, OSC, scenes, cues and the host itself.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/control/follower.h"
#include "host/engine/runner.h"

namespace legume {

// A param, trigger or note input of a node that plays.
struct Target {
    std::string name;  // "node/member", as in its OSC address
    Member* member = nullptr;
    Param* param() const {  // nullptr: it is none
        return member->kind == Member::Kind::param ? static_cast<Param*>(member) : nullptr;
    }
};

// "node/member" and back; the name of a node within another patch has slashes of its own.
std::string name_of(const Endpoint& end);
Endpoint end_of(const std::string& name);

// What is heard of a param now, after glides and wires, or what a meter shows; nothing of all else.
std::optional<float> reading(const Target& target);

// Control thread. A source names who moves: "osc /td/mix", "midi cc 1", "scene dark"; the newest change wins.
class Controls {
  public:
    explicit Controls(Runner& runner) : runner_(runner) { look_up(); }
    // After every edit and every other patch: looks everything up anew, and tells who follows. Targets that were given
    // out before are gone.
    void bind();
    void tick();                  // often: for all who follow
    std::string summary() const;  // of all who follow
    const std::vector<Target>& targets() const { return targets_; }
    const std::vector<Target>& meters() const { return meters_; }  // what can be read and not moved
    const Target* find(std::string_view name) const;               // nullptr: nothing of what plays has that name
    const Target* find(const Endpoint& end) const { return find(name_of(end)); }

    // A value in the param's unit, to which it glides in `seconds`; below zero: in its own time. True when it was a
    // change.
    bool move(const Target& target, float value, std::string_view source, float seconds = -1);
    // As scenes and cues say it: a value as it was written, and in how long; in the param's own time when that is not
    // said. Nothing when there is no such param or the text is no value of it; check() has said so.
    void set(const Endpoint& to, const Value& value, std::string_view source, std::optional<double> seconds);
    double seconds(const Span& span) const;  // at the tempo that is set
    // Of a trigger; with a grid at its next line.
    void fire(const Target& target, std::string_view source, const Grid& grid = {});
    void play(const Target& target, const NoteEvent& event, std::string_view source);  // of notes
    void silence(std::string_view source);  // lets go every note that is held, whoever plays it

    // Told of every change of a param and every trigger, after it is on its way; of a trigger the value is 1.
    using OnChange = std::function<void(const Target&, float value, std::string_view source)>;
    void on_change(OnChange listener) { listeners_.push_back(std::move(listener)); }

    // Who moved, fired or played it last.
    const std::string& source(const std::string& target) {
        const auto found = by_.find(target);
        return found != by_.end() ? found->second : runner_.control().mover(target);
    }
    const std::string& last() const { return last_; }  // the last that was taken, for the status line
    void say(std::string line) { last_ = std::move(line); }
    std::uint64_t taken() const { return taken_; }
    Runner& runner() { return runner_; }

  private:
    friend class Follower;
    void look_up();
    void tell(const Target& target, float value, std::string_view source);
    Runner& runner_;
    std::vector<Follower*> followers_;
    std::uint64_t change_ = 0;  // that brought the patch which they follow
    std::vector<Target> targets_, meters_;
    std::set<std::pair<std::string, int>> held_;  // target and key
    std::map<std::string, std::string> by_;       // of triggers and notes
    std::vector<OnChange> listeners_;
    std::string last_;
    std::uint64_t taken_ = 0;
};

}  // namespace legume
