// What the host does when it is told to, whoever tells: OSC's /legume/NAME, a cue, a controller.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace legume {

using CommandArgument = std::variant<double, std::string>;
using CommandArguments = std::vector<CommandArgument>;

// Tells whoever asked, later, what was wrong with what takes its time. Control thread, at most once.
using Answer = std::function<void(const std::string& wrong)>;

struct Command {
    std::string name;      // "scene": /legume/scene
    std::string doc;       // one sentence for players, with its full stop
    bool network = false;  // whether another computer may ask for it too
    // Control thread. What is wrong, with its next step and without a full stop; empty when it was done.
    std::function<std::string(const CommandArguments&)> run;
    // Instead of `run`, where a file must be read first.
    std::function<std::string(const CommandArguments&, Answer)> begin = {};
};

class Commands {
  public:
    enum class From { here, network };
    void add(Command command) { all_.push_back(std::move(command)); }
    const std::vector<Command>& all() const { return all_; }
    std::string run(std::string_view name, const CommandArguments& arguments, From from = From::here,
                    Answer answer = {}) const;

  private:
    std::vector<Command> all_;
};

}  // namespace legume
