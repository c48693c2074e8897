// Scenes: recalled at once or over a time, stored, stepped through, and called by MIDI program changes.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/say.h"
#include "host/control/commands.h"
#include "host/control/controls.h"
#include "host/control/midi_event.h"

namespace legume {

// Control thread. What a scene does not name stays.
class Scenes final : public Follower {
  public:
    // Adds what the host does with scenes when it is told to.
    Scenes(Controls& controls, Commands& commands, Say say);
    void bind(bool another) override;
    // In so many seconds, else in the scene's own time, else in each param's. What is wrong, as a command says it.
    std::string recall(std::string_view name, std::optional<double> seconds = {});
    // What is set now: of the params that it names, or any scene; when none does, of all.
    std::string store(std::string_view name);
    const std::string& current() const { return current_; }       // the last that was recalled; empty: none
    void go_on(std::string name) { current_ = std::move(name); }  // it was recalled in another run
    void take(const MidiEvent& event);  // a program change recalls the scene that has its number

  private:
    std::string recall(const Scene& scene, std::optional<double> seconds);
    std::string by_argument(const CommandArguments& arguments);
    std::string step(int by, const CommandArguments& arguments);
    std::vector<Endpoint> stored_params(const std::string& name) const;

    const Say say_;
    std::vector<Scene> scenes_;
    std::string current_;  // the last that was recalled
};

}  // namespace legume
